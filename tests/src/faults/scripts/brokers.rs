//! Brokers that die, stand still, or answer slowly.

use std::time::Duration;

use harness::Broker;
use harness::Kind;

use crate::stage::Stage;
use harness::Operator;

/// Kills the node that leads a partition of `deliveries`, and starts it again later.
pub(crate) async fn leader_killed(stage: &mut Stage) {
    let partition = i32::try_from(stage.dice.below(4)).unwrap_or(0);
    let topic = stage.world.topics.deliveries.clone();
    let (node, _) = operator(stage).leader(&topic, partition).await.unwrap();
    kill(stage, node).await;
}

/// Kills the node that coordinates delivery's group, and starts it again later.
pub(crate) async fn coordinator_killed(stage: &mut Stage) {
    let kind = if stage.dice.coin() { Kind::Delivery } else { Kind::Fanout };
    let group = format!("{}{}", stage.world.prefix(), kind.name());
    let (node, _) = operator(stage).coordinator(&group).await.unwrap();
    kill(stage, node).await;
}

/// Kills all nodes at once, and starts them again a minute later. The waiting that counts begins when they are back.
pub(crate) async fn all_gone(stage: &mut Stage) {
    let (before, gone) = (stage.dice.between(500, 2_500), stage.span(60, 10));
    stage.pause(before).await;
    for node in 1..=3 {
        with_broker(stage, move |broker| broker.kill_node(node)).await;
    }
    stage.pause(gone).await;
    with_broker(stage, |broker| broker.start_all()).await;
    stage.watch();
    let after = stage.span(15, 10);
    stage.pause(after).await;
}

/// Stops the clock of one node by lot for some seconds: less than its session takes, then more.
pub(crate) async fn slow(stage: &mut Stage) {
    let (a_little, a_lot) = (stage.dice.between(2_000, 4_000), stage.dice.between(8_000, 12_000));
    let node = i32::try_from(1 + stage.dice.below(3)).unwrap_or(1);
    stage.watch();
    for while_ in if stage.short { vec![a_little] } else { vec![a_little, a_lot] } {
        with_broker(stage, move |broker| broker.signal_node(node, "STOP")).await;
        stage.pause(while_).await;
        with_broker(stage, move |broker| broker.signal_node(node, "CONT")).await;
        stage.pause(Duration::from_secs(5)).await;
    }
}

async fn kill(stage: &mut Stage, node: i32) {
    let (before, gone) = (stage.dice.between(500, 2_500), stage.dice.between(8_000, 15_000));
    stage.pause(before).await;
    stage.watch();
    with_broker(stage, move |broker| broker.kill_node(node)).await;
    stage.pause(gone).await;
    with_broker(stage, move |broker| broker.start_node(node)).await;
    stage.pause(Duration::from_secs(5)).await;
}

fn operator(stage: &Stage) -> Operator {
    Operator::new(&stage.world.kafka.bootstrap_servers)
}

/// Runs a script of the cluster's while the load goes on.
async fn with_broker(stage: &Stage, act: impl FnOnce(&Broker) + Send + 'static) {
    let broker = stage.broker.clone().unwrap();
    tokio::task::spawn_blocking(move || act(&broker)).await.unwrap();
}

//! Commits that are refused, that are another's, or that an operator made.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::Kind;

use crate::stage::Stage;
use harness::Proxy;
use harness::{Operator, Position};

/// Brokers refuse every commit for a while; processes are killed meanwhile.
pub(crate) async fn refused(stage: &mut Stage) {
    let proxy = Proxy::start(&stage.world.kafka.bootstrap_servers).await;
    // Processes that are started from now on reach Kafka through it.
    stage.world.set("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", proxy.address());
    for kind in [Kind::Fanout, Kind::Delivery, Kind::Retry] {
        stage.replace_oldest(kind).await;
    }
    stage.watch();
    proxy.refuse_commits(true);
    let refused = stage.dice.between(4_000, 8_000);
    stage.pause(refused).await;
    let counted = stage.metric(Kind::Delivery, "postbode_commits_refused_total").await;
    stage.expect(counted > 0.0, "commits were refused, and the metric did not rise");
    stage.expect(proxy.refused() > 0, "no commit was refused: the run shows nothing");
    let kind = if stage.dice.coin() { Kind::Delivery } else { Kind::Fanout };
    stage.kill_one(kind).await;
    stage.add(kind).await;
    stage.pause(Duration::from_secs(3)).await;
    proxy.refuse_commits(false);
    stage.pause(Duration::from_secs(4)).await;
    stage.keep(proxy);
}

/// Each answer of the brokers' takes a while longer, more and more.
pub(crate) async fn slow_answers(stage: &mut Stage) {
    let proxy = Proxy::start(&stage.world.kafka.bootstrap_servers).await;
    stage.world.set("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", proxy.address());
    for kind in [Kind::Ingest, Kind::Fanout, Kind::Delivery, Kind::Retry] {
        stage.replace_oldest(kind).await;
    }
    stage.watch();
    for delay in [50, 200, 700, 0] {
        proxy.delay(Duration::from_millis(delay));
        let while_ = stage.dice.between(2_000, if stage.short { 3_000 } else { 6_000 });
        stage.pause(while_).await;
    }
    stage.keep(proxy);
}

/// While nobody is there, an operator's tool commits with metadata that is not ours, or not of this place.
pub(crate) async fn foreign_metadata(stage: &mut Stage) {
    stage.watch();
    for _ in 0..if stage.short { 1 } else { 3 } {
        let before = stage.dice.between(500, 2_000);
        stage.pause(before).await;
        let mut victim = stage.take_by_lot(Kind::Delivery);
        victim.signal("KILL");
        victim.ended().await;
        let (operator, group, topic) = place(stage);
        let mut positions = until_alone(&operator, &group, &topic).await;
        let all: Vec<String> = positions.values().map(|(_, metadata)| metadata.clone()).collect();
        for (_, metadata) in positions.values_mut() {
            *metadata = match stage.dice.below(4) {
                0 => "pb2.".to_owned(),
                1 => "consumer lag 12, copied by a mirror".to_owned(),
                2 => "pb2.AAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                _ => all[stage.dice.below(all.len())].clone(),
            };
        }
        // Another partition's metadata in this one's place, and each one's at an earlier offset.
        let partitions: Vec<i32> = positions.keys().copied().collect();
        for (partition, next) in partitions.iter().zip(partitions.iter().cycle().skip(1)) {
            if stage.dice.coin()
                && let Some(other) = positions.get(next).map(|(_, text)| text.clone())
            {
                positions.entry(*partition).and_modify(|(_, metadata)| *metadata = other);
            }
            positions.entry(*partition).and_modify(|(offset, _)| *offset = (*offset - 5).max(0));
        }
        operator.commit(&group, &topic, &positions).await.unwrap();
        stage.add(Kind::Delivery).await;
    }
    stage.pause(Duration::from_secs(3)).await;
}

/// While nobody is there, an operator sets the offsets back: what was done is done again, nothing is left out.
pub(crate) async fn reset(stage: &mut Stage) {
    stage.pause(Duration::from_secs(3)).await;
    stage.watch();
    let kind = if stage.dice.coin() { Kind::Delivery } else { Kind::Fanout };
    let leaving = stage.take_by_lot(kind);
    leaving.stop().await;
    let operator = Operator::new(&stage.world.kafka.bootstrap_servers);
    let group = format!("{}{}", stage.world.prefix(), kind.name());
    let topics = &stage.world.topics;
    let topic = if kind == Kind::Delivery { &topics.deliveries } else { &topics.events }.clone();
    let mut positions = until_alone(&operator, &group, &topic).await;
    let back = 20 + i64::try_from(stage.dice.below(200)).unwrap_or(0);
    positions.values_mut().for_each(|position| *position = ((position.0 - back).max(0), String::new()));
    operator.commit(&group, &topic, &positions).await.unwrap();
    stage.add(kind).await;
    stage.pause(Duration::from_secs(5)).await;
}

fn place(stage: &Stage) -> (Operator, String, String) {
    let operator = Operator::new(&stage.world.kafka.bootstrap_servers);
    (operator, format!("{}delivery", stage.world.prefix()), stage.world.topics.deliveries.to_string())
}

/// Where the group stands, once its last member's session is over: the same is committed again until that is allowed.
async fn until_alone(operator: &Operator, group: &str, topic: &str) -> BTreeMap<i32, Position> {
    harness::eventually(Duration::from_secs(20), "the group is empty", || async {
        let positions = operator.committed(group, topic, 4).await?;
        operator.commit(group, topic, &positions).await.map(|()| positions)
    })
    .await
}

//! Receivers that fail in every way, and then are well again, or never.

use harness::Kind;
use serde_json::json;

use crate::ledger::Role;
use crate::stage::{Stage, quickly, recorded};
use harness::{Gate, Manner};

const MANNERS: [Manner; 6] =
    [Manner::Refuse, Manner::Reset, Manner::Hang, Manner::Drip, Manner::Trickle, Manner::Garbage];

/// Each manner in turn, in an order by lot, with open times between.
pub(crate) async fn ill_then_well(stage: &mut Stage) {
    let gate = ill(stage).await;
    stage.watch();
    let mut manners = MANNERS.to_vec();
    while !manners.is_empty() {
        let manner = manners.remove(stage.dice.below(manners.len()));
        gate.set(manner);
        let (ill, well) = (stage.dice.between(2_000, 3_500), stage.dice.between(300, 2_000));
        stage.pause(ill).await;
        gate.set(Manner::Open);
        stage.pause(well).await;
    }
    stage.keep(gate);
}

/// One manner by lot, for as long as the schedule lasts: what was tried then dies with its reason. Then it is well.
pub(crate) async fn ill_for_long(stage: &mut Stage) {
    let gate = ill(stage).await;
    stage.watch();
    let manner = MANNERS[stage.dice.below(MANNERS.len())];
    gate.set(manner);
    let ill = stage.span(30, 15);
    stage.pause(ill).await;
    let died = stage.metric(Kind::Delivery, "postbode_delivery_dead_letters_total").await;
    // Where each attempt takes its two seconds, few are made, and the schedule is not spent.
    let prompt = matches!(manner, Manner::Refuse | Manner::Reset | Manner::Garbage);
    stage.expect(died > 0.0 || !prompt, format!("{manner:?} for {ill:?}, and nothing died of it"));
    gate.set(Manner::Open);
    stage.remarks.push(format!("{manner:?}: {died} deliveries had died when it ended"));
    stage.pause(std::time::Duration::from_secs(3)).await;
    stage.keep(gate);
}

/// A webhook of account 2 behind a gate. Its attempts take two seconds at most.
async fn ill(stage: &Stage) -> Gate {
    let receiver = recorded(&stage.ledger, Box::new(|_, _| quickly(204))).await;
    let gate = Gate::before(receiver.address).await;
    let extra = json!({"limits": {"timeout": "2s"}});
    let hook = stage.world.create_hook("account-2", &gate.url("/hook"), &["click"], extra).await;
    stage.world.verify(&hook, &receiver).await;
    stage.ledger.keep(&hook, Role::Ill);
    stage.world.registry_seen().await;
    gate
}

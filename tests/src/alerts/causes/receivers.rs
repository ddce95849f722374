//! Receivers that refuse or are slow, and secrets that cannot be opened.

use std::time::Duration;

use harness::Kind;
use wire::{Headers, OutRecord};

use super::{Cause, at_once, nothing};
use crate::stage::Stage;

/// What makes deliveries fail.
pub(super) fn failing() -> Vec<Cause> {
    vec![
        Cause {
            alerts: &["PostbodeNewDeadLetterReason"],
            may: &[],
            what: "a producer writes to Kafka what is no event",
            prepare: nothing,
            act: |stage| Box::pin(malformed(stage)),
            mend: nothing,
        },
        Cause {
            alerts: &["PostbodeDeliveryBurnFast", "PostbodeDeliveryBurnSlow", "PostbodeDeadLetterRate"],
            may: &["PostbodeNewDeadLetterReason", "PostbodeFirstAttemptSlow", "PostbodeRetriesLate"],
            what: "receivers with most of the traffic refuse everything",
            prepare: nothing,
            act: |stage| at_once(stage, |it| refuse(it, 12)),
            mend: |stage| at_once(stage, |it| well(it)),
        },
        Cause {
            alerts: &["PostbodeSecretsSealed"],
            may: &["PostbodeDeliveryBurnSlow"],
            what: "delivery gets a keyring without the key that sealed the secrets",
            prepare: nothing,
            act: |stage| at_once(stage, |it| seal(it, "k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")),
            mend: |stage| at_once(stage, |it| unseal(it)),
        },
        Cause {
            alerts: &["PostbodeConfigRefused"],
            may: &[],
            what: "somebody writes nonsense into delivery's file of keys",
            prepare: nothing,
            act: |stage| at_once(stage, |it| seal(it, "nonsense")),
            mend: |stage| at_once(stage, |it| unseal(it)),
        },
    ]
}

/// What makes them late.
pub(super) fn late() -> Vec<Cause> {
    vec![
        Cause {
            alerts: &["PostbodeFirstAttemptSlow"],
            may: &["PostbodeFrontierAge", "PostbodeBacklogDue"],
            what: "receivers take seven seconds to answer",
            prepare: nothing,
            act: |stage| at_once(stage, |it| slow(it)),
            mend: |stage| at_once(stage, |it| well(it)),
        },
        Cause {
            alerts: &["PostbodeRetriesLate"],
            may: &["PostbodeFrontierAge", "PostbodeRebalances"],
            what: "Kafka takes three seconds for each answer to retry",
            prepare: nothing,
            act: |stage| at_once(stage, |it| delay(it, Duration::from_secs(3))),
            mend: |stage| at_once(stage, |it| delay(it, Duration::ZERO)),
        },
    ]
}

async fn malformed(stage: &mut Stage) {
    let (topic, sink) = (stage.world.topics.events.clone(), stage.world.sink());
    for _ in 0..3 {
        let value = Some("no event".into());
        let record = OutRecord { topic: topic.clone(), key: None, value, headers: Headers::new() };
        sink.send(&record).await.unwrap();
    }
}

/// Has the receivers that can be made ill refuse so many events per second, each as often as the schedule says.
pub(super) fn refuse(stage: &Stage, per_second: usize) {
    stage.ill.status(500);
    stage.load.ill(per_second);
}

/// They are well again, and get nothing.
pub(super) fn well(stage: &Stage) {
    stage.load.ill(0);
    stage.ill.status(0);
    stage.ill.delay(Duration::ZERO);
}

fn slow(stage: &Stage) {
    stage.ill.delay(Duration::from_secs(7));
    stage.load.ill(4);
}

fn delay(stage: &Stage, delay: Duration) {
    stage.kafka_of(Kind::Retry).delay(delay);
}

fn seal(stage: &Stage, keys: &str) {
    stage.world.change_secret(Kind::Delivery, "seal.keys", keys);
}

fn unseal(stage: &Stage) {
    let keys = stage.world.environment_of(Kind::Delivery)["POSTBODE__SEAL__KEYS"].clone();
    seal(stage, &keys);
}

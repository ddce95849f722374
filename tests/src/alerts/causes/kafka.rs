//! A Kafka that does not answer, or refuses.

use std::sync::Arc;

use futures::future::join_all;
use harness::Kind;
use wire::{Headers, OutRecord, names};

use super::receivers::{refuse, well};
use super::{Cause, at_once, nothing};
use crate::load::{ACCOUNT, WELL, some};
use crate::stage::Stage;

/// Records of one partition: more than nine tenths of what fan-out reads ahead.
const BURST: usize = 4_200;

pub(super) fn all() -> Vec<Cause> {
    vec![
        Cause {
            alerts: &["PostbodeCommitsRefused"],
            may: &[],
            what: "Kafka refuses delivery's commits",
            prepare: nothing,
            act: |stage| at_once(stage, |it| commits(it, true)),
            mend: |stage| at_once(stage, |it| commits(it, false)),
        },
        Cause {
            alerts: &["PostbodeDeadLetterWritesFail"],
            may: &[
                "PostbodeDeliveryBurnSlow",
                "PostbodeDeadLetterRate",
                "PostbodeNewDeadLetterReason",
                "PostbodeFrontierAge",
            ],
            what: "Kafka refuses what is to be buried",
            prepare: nothing,
            act: |stage| at_once(stage, |it| burials(it, true)),
            mend: |stage| at_once(stage, |it| burials(it, false)),
        },
        Cause {
            alerts: &[
                "PostbodeWritesRepeated",
                "PostbodeFrontierAge",
                "PostbodeWindowFull",
                "PostbodeBacklogDue",
            ],
            may: &[
                "PostbodeFirstAttemptSlow",
                "PostbodeRetriesLate",
                "PostbodeRebalances",
                "PostbodeHistoryBehind",
            ],
            what: "Kafka refuses what fan-out writes, and there is much to route",
            prepare: nothing,
            act: |stage| Box::pin(deliveries(stage)),
            mend: |stage| at_once(stage, |it| take_writes(it, Kind::Fanout)),
        },
        Cause {
            alerts: &["PostbodeRegistryStale"],
            may: &["PostbodeFrontierAge", "PostbodeBacklogDue", "PostbodeRebalances"],
            what: "Kafka does not answer fan-out",
            prepare: nothing,
            act: |stage| at_once(stage, |it| hold(it, Kind::Fanout, true)),
            mend: |stage| at_once(stage, |it| hold(it, Kind::Fanout, false)),
        },
        Cause {
            alerts: &["PostbodeKafkaRefuses"],
            may: &[],
            what: "fan-out loses the right to read events, on a Kafka that wants rights",
            prepare: |stage| Box::pin(stage.secure()),
            act: |stage| Box::pin(right(stage, false)),
            mend: |stage| Box::pin(right(stage, true)),
        },
    ]
}

fn commits(stage: &Stage, refuse: bool) {
    stage.kafka_of(Kind::Delivery).refuse_commits(refuse);
}

fn burials(stage: &Stage, refused: bool) {
    if refused {
        stage.kafka_of(Kind::Delivery).refuse_writes(&[&stage.world.topics.dead_deliveries]);
        refuse(stage, 2);
    } else {
        take_writes(stage, Kind::Delivery);
        well(stage);
    }
}

async fn deliveries(stage: &mut Stage) {
    stage.kafka_of(Kind::Fanout).refuse_writes(&[&stage.world.topics.deliveries]);
    let (topic, sink) = (Arc::clone(&stage.world.topics.events), stage.world.sink());
    let sent = join_all((0..BURST).map(|_| sink.send(&event(&topic)))).await;
    assert!(sent.iter().all(Result::is_ok), "the burst is written");
}

/// An event as a producer writes it, all of them with one key.
fn event(topic: &Arc<str>) -> OutRecord {
    let event = some(WELL, 1).remove(0);
    let mut headers = Headers::new();
    headers.push(names::CONTENT_TYPE, "application/json");
    headers.push(names::CE_SPECVERSION, "1.0");
    headers.push(names::CE_ID, event["id"].as_str().unwrap_or_default().to_owned());
    headers.push(names::CE_SOURCE, "/alerts");
    headers.push(names::CE_TYPE, WELL);
    headers.push(names::CE_ACCOUNT, ACCOUNT);
    let value = Some(event["data"].to_string().into());
    OutRecord { topic: Arc::clone(topic), key: Some("one".into()), value, headers }
}

/// Refuses no write of a service any more.
pub(super) fn take_writes(stage: &Stage, kind: Kind) {
    stage.kafka_of(kind).refuse_writes(&[]);
}

/// Keeps all answers, or lets them go.
pub(super) fn hold(stage: &Stage, kind: Kind, hold: bool) {
    stage.kafka_of(kind).hold(hold);
}

async fn right(stage: &mut Stage, give: bool) {
    let secured = stage.secured.as_ref().unwrap();
    let right = format!("fanout topic {} literal Read\n", secured.world.topics.events);
    let broker = secured.broker.clone();
    let change = move || if give { broker.grant(&right) } else { broker.revoke(&right) };
    tokio::task::spawn_blocking(change).await.unwrap();
}

//! Dead letters laid down by hand, on Kafka alone: no service runs.

use bytes::Bytes;
use domain::{DeathReason, Offset, Partition, Timestamp};
use harness::{World, WorldOptions};
use wire::dead_letter::{self, Death};
use wire::{Headers, OutRecord, Record, names};

/// An installation without services.
pub(super) async fn kafka_alone(story: &str) -> World {
    World::with(story, WorldOptions { services: Some(Vec::new()), ..WorldOptions::default() }).await
}

/// A dead letter's particulars.
#[derive(Clone, Copy)]
pub(super) struct Particulars {
    pub(super) webhook: &'static str,
    pub(super) account: &'static str,
    pub(super) kind: &'static str,
    pub(super) reason: DeathReason,
    pub(super) status: Option<u16>,
}

pub(super) const USUAL: Particulars = Particulars {
    webhook: "wh_1",
    account: "acme",
    kind: "click",
    reason: DeathReason::Exhausted,
    status: Some(500),
};

/// The dead letter of delivery `dlv_<n>`.
pub(super) fn letter(world: &World, n: usize, particulars: Particulars) -> OutRecord {
    let headers: Headers = [
        (names::CE_SPECVERSION, "1.0".to_owned()),
        (names::CE_ID, format!("event-{n}")),
        (names::CE_SOURCE, "/story".to_owned()),
        (names::CE_TYPE, particulars.kind.to_owned()),
        (names::CE_ACCOUNT, particulars.account.to_owned()),
        (names::WEBHOOK, particulars.webhook.to_owned()),
        (names::DELIVERY, format!("dlv_{n}")),
        (names::ATTEMPT, "4".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value.into()))
    .collect();
    let source = Record {
        topic: world.topics.deliveries.clone(),
        partition: Partition(0),
        offset: Offset(n as i64),
        timestamp: Timestamp::from_millis(1),
        key: Some(particulars.webhook.into()),
        value: Some(Bytes::from(format!("{{\"n\":{n}}}"))),
        headers: headers.clone(),
    };
    let death = Death {
        reason: particulars.reason,
        message: "every attempt failed".to_owned(),
        attempts: 4,
        last_status: particulars.status,
        last_error: None,
    };
    dead_letter::bury(&source, headers, &world.topics.dead_deliveries, "story", &death)
}

/// Lays down so many, of webhooks in turn, so that they spread over the partitions.
pub(super) async fn lay_down(world: &World, count: usize) {
    let webhooks = ["wh_1", "wh_2", "wh_3", "wh_4", "wh_5"];
    let sink = world.sink();
    let letters = (0..count).map(|n| {
        let particulars = Particulars { webhook: webhooks[n % webhooks.len()], ..USUAL };
        sink.send(&letter(world, n, particulars))
    });
    for written in futures::future::join_all(letters).await {
        written.unwrap();
    }
}

//! Topics as they lie on the broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use stream::{KafkaSettings, Scan, ScanError, ScanOptions};
use wire::topics::Topics;
use wire::{Record, names};

/// Everything in a topic now.
pub(crate) async fn read(kafka: &KafkaSettings, topic: &Arc<str>) -> Vec<Record> {
    read_if_there(kafka, topic).await.unwrap_or_else(|| panic!("there is no {topic}"))
}

/// Everything in a topic now, if there is one.
pub(crate) async fn read_if_there(kafka: &KafkaSettings, topic: &Arc<str>) -> Option<Vec<Record>> {
    let mut scan = Scan::start(kafka, ScanOptions::all(Arc::clone(topic), 4 * 1024 * 1024)).unwrap();
    let mut records = Vec::new();
    while let Some(record) = scan.next().await {
        if let Err(ScanError::NoTopic(_)) = record {
            return None;
        }
        records.push(record.unwrap());
    }
    Some(records)
}

/// For each delivery, whether its newest record lies in a tier: then it waits.
pub(crate) async fn waiting(kafka: &KafkaSettings, topics: &Topics) -> BTreeMap<String, bool> {
    let mut newest: BTreeMap<String, (domain::Timestamp, bool)> = BTreeMap::new();
    let tiers = topics.retries().map(|(_, topic)| (topic, true));
    for (topic, in_tier) in std::iter::once((&topics.deliveries, false)).chain(tiers) {
        for record in read(kafka, topic).await {
            let Some(id) = record.headers.text(names::DELIVERY) else { continue };
            let entry = newest.entry(id.to_owned()).or_insert((record.timestamp, in_tier));
            if record.timestamp >= entry.0 {
                *entry = (record.timestamp, in_tier);
            }
        }
    }
    newest.into_iter().map(|(id, (_, in_tier))| (id, in_tier)).collect()
}

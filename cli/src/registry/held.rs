//! What the registry's topic holds: each key's newest record.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use domain::Offset;
use stream::{Scan, ScanOptions};

use crate::context::Context;

/// Its largest record is far smaller.
const MAX_BYTES: usize = 1024 * 1024;

/// Each key's newest record, whatever its kind and version.
#[derive(Debug, Default)]
pub(crate) struct Held(HashMap<Bytes, (Offset, Bytes)>);

impl Held {
    /// Reads the topic to where it ends now.
    pub(crate) async fn read(context: &Context) -> anyhow::Result<Self> {
        let topic = Arc::clone(&context.topics()?.webhooks);
        let mut scan =
            Scan::start(&context.kafka, ScanOptions::all(topic, MAX_BYTES)).context("section kafka")?;
        let mut held = Self::default();
        while let Some(record) = scan.next().await {
            let record = record?;
            held.put(record.offset, record.key, record.value);
        }
        Ok(held)
    }

    fn put(&mut self, offset: Offset, key: Option<Bytes>, value: Option<Bytes>) {
        // Compaction allows no record without a key.
        let Some(key) = key else { return };
        match value {
            Some(value) => drop(self.0.insert(key, (offset, value))),
            None => drop(self.0.remove(&key)),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has a record of that key.
    pub(crate) fn has(&self, key: &Bytes) -> bool {
        self.0.contains_key(key)
    }

    /// Keys and values, in the order in which they were written.
    pub(crate) fn in_order(self) -> Vec<(Bytes, Bytes)> {
        let mut records: Vec<_> = self.0.into_iter().collect();
        records.sort_by_key(|(_, (offset, _))| *offset);
        records.into_iter().map(|(key, (_, value))| (key, value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_each_key_is_held_in_order_and_what_was_deleted_is_not() {
        let mut held = Held::default();
        let records = [("a", Some("1")), ("b", Some("1")), ("c", Some("1")), ("a", Some("2")), ("b", None)];
        for (offset, (key, value)) in (0..).zip(records) {
            held.put(Offset(offset), Some(key.into()), value.map(Bytes::from));
        }
        assert!(held.has(&"a".into()) && !held.has(&"b".into()) && held.len() == 2);
        let expected = [("c", "1"), ("a", "2")].map(|(key, value)| (Bytes::from(key), Bytes::from(value)));
        assert_eq!(held.in_order(), expected);
    }
}

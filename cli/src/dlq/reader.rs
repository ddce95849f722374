//! Reads dead letters from plain Kafka.

use std::collections::BTreeMap;

use anyhow::Context as _;
use domain::Partition;
use stream::{Scan, ScanOptions, Span};
use wire::Record;
use wire::topics::Topics;

use super::decided::Decided;
use super::filter::Filter;
use super::letter::Letter;
use super::topic::LetterTopic;
use crate::context::Context;

/// A letter and the record that it was read from.
pub(crate) struct Found {
    pub(crate) letter: Letter,
    pub(crate) record: Record,
}

/// The letters of one topic that a filter means, in order per partition.
pub(crate) struct Letters<'a> {
    scan: Scan,
    topic: LetterTopic,
    filter: &'a Filter,
}

impl<'a> Letters<'a> {
    /// Begins to read these offsets, or all. It ends where the topic ends now.
    pub(crate) fn of(
        topic: LetterTopic,
        filter: &'a Filter,
        spans: Option<BTreeMap<Partition, Span>>,
        context: &Context,
        topics: &Topics,
    ) -> anyhow::Result<Self> {
        let all = ScanOptions::all(topic.dead(topics).clone(), topics.delivery_record_bytes());
        let options = ScanOptions { spans, since: filter.since, ..all };
        let scan = Scan::start(&context.kafka, options).context("section kafka")?;
        Ok(Self { scan, topic, filter })
    }

    /// The next one, with what is known by then of what became of it; none at the end. Safe to drop while waiting.
    pub(crate) async fn next(&mut self, decided: &mut Decided) -> anyhow::Result<Option<Found>> {
        while let Some(record) = self.scan.next().await {
            let record = record?;
            decided.refresh()?;
            let letter = Letter::read(self.topic, &record, decided.of(&record));
            if self.filter.matches(&letter) {
                return Ok(Some(Found { letter, record }));
            }
        }
        Ok(None)
    }
}

//! Reads dead letters, and what became of them, from plain Kafka.

use anyhow::Context as _;
use stream::{Scan, ScanOptions};
use wire::Record;
use wire::disposition::Disposition;
use wire::topics::Topics;

use super::filter::{Filter, LetterTopic};
use super::letter::{Dispositions, Letter};
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
    dispositions: &'a Dispositions,
}

impl<'a> Letters<'a> {
    /// Begins to read. It ends where the topic ends now.
    pub(crate) fn of(
        topic: LetterTopic,
        filter: &'a Filter,
        dispositions: &'a Dispositions,
        context: &Context,
        topics: &Topics,
    ) -> anyhow::Result<Self> {
        let all = ScanOptions::all(topic.dead(topics).clone(), topics.delivery_record_bytes());
        let options = ScanOptions { spans: filter.spans(), since: filter.since, ..all };
        let scan = Scan::start(&context.kafka, options).context("section kafka")?;
        Ok(Self { scan, topic, filter, dispositions })
    }

    /// The next one; none at the end.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Found>> {
        while let Some(record) = self.scan.next().await {
            let record = record?;
            let letter = Letter::read(self.topic, &record, self.dispositions);
            if self.filter.matches(&letter) {
                return Ok(Some(Found { letter, record }));
            }
        }
        Ok(None)
    }
}

/// Everything that was decided so far. What cannot be read is passed over: it may be a later version's.
pub(crate) async fn dispositions(context: &Context, topics: &Topics) -> anyhow::Result<Dispositions> {
    let options = ScanOptions::all(topics.dispositions.clone(), 1024 * 1024);
    let mut scan = Scan::start(&context.kafka, options).context("section kafka")?;
    let mut dispositions = Dispositions::new();
    while let Some(record) = scan.next().await {
        match Disposition::read(&record?) {
            Ok((place, Some(disposition))) => {
                dispositions.insert(place, disposition);
            }
            Ok((place, None)) => {
                dispositions.remove(&place);
            }
            Err(error) => tracing::warn!(%error, "a disposition cannot be read"),
        }
    }
    Ok(dispositions)
}

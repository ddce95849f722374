//! How far a backfill is: what was counted, and what is left to be read. They belong together, so that what is read again
//! is counted once. Pure.

use std::collections::BTreeMap;

use domain::{EventType, Offset, Partition, Timestamp};
use history::jobs::Job;
use serde::{Deserialize, Serialize};
use stream::Span;
use wire::Record;
use wire::api::BackfillProgress;

use crate::jobs::Report;

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progress {
    /// What was counted.
    pub(super) counts: BackfillProgress,
    /// What is left of each partition; none until it is known what there is.
    left: Option<BTreeMap<Partition, Span>>,
}

/// Offsets of a partition that are left, both ends included.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Left {
    partition: i32,
    from: i64,
    to: i64,
}

impl Progress {
    /// As the last report on a job has it; the beginning, where there is none.
    pub(super) fn of(job: &Job) -> Self {
        let Some(report) = Report::of(job) else { return Self::default() };
        let (counts, left) = (
            serde_json::from_value(report.shown),
            serde_json::from_value::<Option<Vec<Left>>>(report.resume),
        );
        let (Ok(counts), Ok(left)) = (counts, left) else { return Self::default() };
        let span = |left: Left| {
            let span = Span { from: Offset(left.from), to: Some(Offset(left.to)) };
            (Partition(left.partition), span)
        };
        Self { counts, left: left.map(|left| left.into_iter().map(span).collect()) }
    }

    /// For the job's record.
    pub(super) fn report(&self) -> Report {
        let left = self.left.as_ref().map(|left| {
            let left = left.iter().map(|(partition, span)| {
                let to = span.to.unwrap_or(span.from);
                Left { partition: partition.0, from: span.from.0, to: to.0 }
            });
            left.collect::<Vec<_>>()
        });
        let json = |value: Result<_, serde_json::Error>| value.unwrap_or_default();
        Report { shown: json(serde_json::to_value(&self.counts)), resume: json(serde_json::to_value(left)) }
    }

    /// Whether it is known what there is to read.
    pub(super) fn is_located(&self) -> bool {
        self.left.is_some()
    }

    /// This is what there is to read.
    pub(super) fn locate(&mut self, spans: BTreeMap<Partition, Span>) {
        let length = |span: &Span| span.to.map_or(0, |to| u64::try_from(to.0 + 1 - span.from.0).unwrap_or(0));
        self.counts.total = spans.values().map(length).sum();
        self.left = Some(spans);
    }

    /// What is left to be read.
    pub(super) fn left(&self) -> BTreeMap<Partition, Span> {
        self.left.clone().unwrap_or_default()
    }

    /// A record was read.
    pub(super) fn read(&mut self, record: &Record) {
        self.counts.read += 1;
        let Some(left) = &mut self.left else { return };
        if let Some(span) = left.get_mut(&record.partition) {
            span.from = Offset(record.offset.0 + 1);
            if span.to.is_some_and(|to| span.from > to) {
                left.remove(&record.partition);
            }
        }
    }

    /// An event that the webhook wants was read.
    pub(super) fn matched(&mut self, kind: &EventType, at: Timestamp) {
        let counts = &mut self.counts;
        counts.matched += 1;
        *counts.by_type.entry(kind.to_string()).or_default() += 1;
        counts.first = Some(counts.first.map_or(at, |first| first.min(at)));
        counts.last = Some(counts.last.map_or(at, |last| last.max(at)));
    }

    /// Nothing is left: places that no reader is shown count as read.
    pub(super) fn all_read(&mut self) {
        self.left = Some(BTreeMap::new());
        self.counts.read = self.counts.total;
    }
}

//! Places in a topic by time: what was written when, and since when anything is held.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Offset, Partition, Timestamp};

use crate::places::Places;
use crate::{KafkaSettings, Scan, ScanError, ScanOptions, Span};

/// Finds places in a topic by its records' timestamps. Cheap to clone; connects anew for each question.
#[derive(Clone, Debug)]
pub struct Times {
    settings: KafkaSettings,
    topic: Arc<str>,
    max_record_bytes: usize,
}

/// A log may begin with what no reader is shown, such as marks of transactions: so many offsets are looked at.
const LEADING: i64 = 100;

impl Times {
    /// Of a topic; its largest record has so many bytes, headers included.
    pub fn new(settings: &KafkaSettings, topic: Arc<str>, max_record_bytes: usize) -> Self {
        Self { settings: settings.clone(), topic, max_record_bytes }
    }

    /// Each partition's offsets from its first record of `since` or later to the one before its first of `until` or later,
    /// as far as it reaches now. A partition in which there is nothing is left out.
    ///
    /// Timestamps need not rise with offsets: nothing of `since` or later lies before such a span, but records that are
    /// older may lie in it, and younger than `until` behind it.
    ///
    /// # Errors
    /// When the topic is not there or Kafka does not answer.
    pub async fn spans(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<Partition, Span>, ScanError> {
        self.ask(move |places| {
            let partitions = places.partitions()?;
            let starts = places.at_time(partitions.iter().copied(), since)?;
            let ends = places.at_time(partitions.iter().copied(), until)?;
            let mut spans = BTreeMap::new();
            for partition in partitions {
                let (_, high) = places.bounds(partition)?;
                let place = |found: &BTreeMap<_, Option<i64>>| {
                    found.get(&partition).copied().flatten().unwrap_or(high)
                };
                let (from, end) = (place(&starts), place(&ends).min(high));
                if from < end {
                    spans.insert(partition, Span { from: Offset(from), to: Some(Offset(end - 1)) });
                }
            }
            Ok(spans)
        })
        .await
    }

    /// Since when the topic holds everything: the youngest of those records that stand first in a partition which begins
    /// with something else no more. None if nothing was ever deleted.
    ///
    /// # Errors
    /// When the topic is not there or Kafka does not answer.
    pub async fn held_since(&self) -> Result<Option<Timestamp>, ScanError> {
        let beginnings = self
            .ask(|places| {
                let mut beginnings = BTreeMap::new();
                for partition in places.partitions()? {
                    let (low, high) = places.bounds(partition)?;
                    if low > 0 && low < high {
                        let span = Span { from: Offset(low), to: Some(Offset(low + LEADING)) };
                        beginnings.insert(partition, span);
                    }
                }
                Ok(beginnings)
            })
            .await?;
        if beginnings.is_empty() {
            return Ok(None);
        }
        let options = ScanOptions::all(Arc::clone(&self.topic), self.max_record_bytes);
        let options = ScanOptions { spans: Some(beginnings), ..options };
        let mut scan = Scan::start(&self.settings, options).map_err(|error| self.failed(&error))?;
        let mut first = BTreeMap::new();
        while let Some(record) = scan.next().await {
            let record = record?;
            first.entry(record.partition).or_insert(record.timestamp);
        }
        Ok(first.into_values().max())
    }

    /// The client waits for its answers, on a thread that may.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Places) -> Result<T, ScanError> + Send + 'static,
    ) -> Result<T, ScanError> {
        let times = self.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let topic = Arc::clone(&times.topic);
            let places = Places::new(&times.settings, topic, times.max_record_bytes, || false);
            question(&places.map_err(|error| times.failed(&error))?)
        });
        asked.await.unwrap_or_else(|error| Err(self.failed(&error)))
    }

    fn failed(&self, error: &impl ToString) -> ScanError {
        ScanError::Failed {
            topic: Arc::clone(&self.topic),
            servers: self.settings.bootstrap_servers.as_str().into(),
            why: error.to_string(),
        }
    }
}

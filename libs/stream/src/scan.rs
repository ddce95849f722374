//! Reading a topic once, from here to there, as nobody's group: for tools and counts.
//!
//! Nothing is committed, so a scan disturbs no one. It ends where the topic ended when it was begun, or goes on for ever
//! if it is told to follow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Partition, Timestamp};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::mpsc;
use wire::Record;

use crate::KafkaSettings;
use crate::places::Places;
use crate::source::convert;

/// What a scan reads.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The topic's full name.
    pub topic: Arc<str>,
    /// Only these partitions, and of each only these offsets; none means all.
    pub spans: Option<BTreeMap<Partition, Span>>,
    /// Records from this time on; where both are given, the later one counts.
    pub since: Option<Timestamp>,
    /// Go on at the end, and wait for what comes.
    pub follow: bool,
    /// The largest record to expect, headers included.
    pub max_record_bytes: usize,
}

impl ScanOptions {
    /// All there is now.
    pub fn all(topic: Arc<str>, max_record_bytes: usize) -> Self {
        Self { topic, spans: None, since: None, follow: false, max_record_bytes }
    }
}

/// Offsets from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: Offset,
    /// The last; none means the end.
    pub to: Option<Offset>,
}

/// Why a scan could not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The topic is not there.
    #[error("there is no topic {0}: is the prefix right? postbode topics create makes what is missing")]
    NoTopic(Arc<str>),
    /// The topic has fewer partitions.
    #[error("topic {topic} has no partition {partition}")]
    NoPartition {
        /// The topic.
        topic: Arc<str>,
        /// The missing one.
        partition: Partition,
    },
    /// Kafka did not answer, or refused.
    #[error("cannot read {topic} from Kafka at {servers}: {why}")]
    Failed {
        /// The topic.
        topic: Arc<str>,
        /// Where Kafka was looked for.
        servers: Arc<str>,
        /// In the client's words.
        why: String,
    },
}

/// Records of a topic, in order per partition. Dropping it ends the reading.
pub struct Scan {
    records: mpsc::Receiver<Result<Record, ScanError>>,
}

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(100);
/// Records read ahead.
const AHEAD: usize = 1000;

impl Scan {
    /// Begins to read, on a thread of its own.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn start(settings: &KafkaSettings, options: ScanOptions) -> KafkaResult<Self> {
        let (tell, records) = mpsc::channel(AHEAD);
        let reader = tell.clone();
        let given_up = move || reader.is_closed();
        let topic = Arc::clone(&options.topic);
        let places = Places::new(settings, topic, options.max_record_bytes, given_up)?;
        std::thread::spawn(move || {
            let reader = Reader { places, options, tell: tell.clone() };
            if let Err(error) = reader.run() {
                let _ = tell.blocking_send(Err(error));
            }
        });
        Ok(Self { records })
    }

    /// Each partition's first offset and the one after its last, for readers of what is committed: the same bounds that a
    /// scan keeps to.
    ///
    /// # Errors
    /// When the topic is not there, or Kafka does not answer.
    pub async fn bounds(
        settings: &KafkaSettings,
        topic: Arc<str>,
    ) -> Result<BTreeMap<Partition, (Offset, Offset)>, ScanError> {
        let failed = |why: String| ScanError::Failed {
            topic: Arc::clone(&topic),
            servers: settings.bootstrap_servers.as_str().into(),
            why,
        };
        let places = Places::new(settings, Arc::clone(&topic), 1, || false);
        let places = places.map_err(|error| failed(error.to_string()))?;
        let asked = tokio::task::spawn_blocking(move || {
            let bounds = places.partitions()?.into_iter().map(|partition| {
                let (low, high) = places.bounds(partition)?;
                Ok((partition, (Offset(low), Offset(high))))
            });
            bounds.collect()
        });
        let asked = asked.await;
        asked.map_err(|error| failed(error.to_string()))?
    }

    /// The next record; none at the end.
    ///
    /// # Errors
    /// When the topic can't be read; nothing follows.
    pub async fn next(&mut self) -> Option<Result<Record, ScanError>> {
        self.records.recv().await
    }

    /// The next record that was read already; none if that takes waiting.
    ///
    /// # Errors
    /// When the topic can't be read; nothing follows.
    pub fn try_next(&mut self) -> Result<Option<Record>, ScanError> {
        self.records.try_recv().ok().transpose()
    }
}

struct Reader {
    places: Places,
    options: ScanOptions,
    tell: mpsc::Sender<Result<Record, ScanError>>,
}

impl Reader {
    fn run(self) -> Result<(), ScanError> {
        let spans = self.spans()?;
        let mut ends = self.assign(spans)?;
        while (self.options.follow || !ends.is_empty()) && !self.tell.is_closed() {
            match self.places.client().poll(POLL) {
                None => {}
                Some(Ok(message)) => self.hand_over(&message, &mut ends),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    ends.remove(&Partition(partition));
                }
                Some(Err(error)) => self.note(&error)?,
            }
        }
        Ok(())
    }

    fn hand_over(&self, message: &BorrowedMessage<'_>, ends: &mut BTreeMap<Partition, Offset>) {
        let (partition, offset) = (Partition(message.partition()), Offset(message.offset()));
        let end = ends.get(&partition).copied();
        if self.options.follow || end.is_some_and(|end| offset <= end) {
            // The loop sees whether anybody still reads.
            let _ = self.tell.blocking_send(Ok(convert::record(&self.options.topic, message)));
        }
        if end.is_some_and(|end| offset >= end) {
            ends.remove(&partition);
        }
    }

    /// What to read of each partition.
    fn spans(&self) -> Result<BTreeMap<Partition, Span>, ScanError> {
        let there = self.places.partitions()?;
        let Some(wanted) = self.options.spans.clone() else {
            let all = Span { from: Offset(0), to: None };
            return Ok(there.into_iter().map(|partition| (partition, all)).collect());
        };
        match wanted.keys().find(|partition| !there.contains(partition)) {
            Some(&partition) => {
                Err(ScanError::NoPartition { topic: Arc::clone(&self.options.topic), partition })
            }
            None => Ok(wanted),
        }
    }

    /// Begins to read each partition at the right place, and says where each ends. A partition in which there is
    /// nothing to read is left out.
    fn assign(&self, spans: BTreeMap<Partition, Span>) -> Result<BTreeMap<Partition, Offset>, ScanError> {
        let failed = |error: &KafkaError| self.places.failed(error);
        let later = match self.options.since {
            Some(since) => self.places.at_time(spans.keys().copied(), since)?,
            None => BTreeMap::new(),
        };
        let mut assignment = TopicPartitionList::new();
        let mut ends = BTreeMap::new();
        for (partition, span) in spans {
            let (low, high) = self.places.bounds(partition)?;
            let from =
                span.from.0.max(low).max(later.get(&partition).map_or(0, |offset| offset.unwrap_or(high)));
            let end = span.to.map_or(high - 1, |to| to.0.min(high - 1));
            if from <= end || self.options.follow {
                let begin = KafkaOffset::Offset(from.min(high));
                assignment
                    .add_partition_offset(&self.options.topic, partition.0, begin)
                    .map_err(|error| failed(&error))?;
                ends.insert(partition, Offset(end));
            }
        }
        self.places.client().assign(&assignment).map_err(|error| failed(&error))?;
        Ok(ends)
    }

    /// Passing troubles are the client's to mend; only what is beyond mending ends the scan.
    fn note(&self, error: &KafkaError) -> Result<(), ScanError> {
        if let KafkaError::MessageConsumptionFatal(_) = error {
            return Err(self.places.failed(error));
        }
        tracing::warn!(kafka.topic = &*self.options.topic, kafka.error = %error, "reading met an error");
        Ok(())
    }
}

//! Reading a topic once, from here to there, as nobody's group: for tools and counts.
//!
//! Nothing is committed, so a scan disturbs no one. It ends where the topic ended when it was begun, or goes on for ever
//! if it is told to follow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Partition, Timestamp};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::Record;

use crate::KafkaSettings;
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

/// How long Kafka may take to say what there is, …
const PATIENCE: Duration = Duration::from_secs(15);
/// … and how long to wait for one answer.
const ONE_TRY: Duration = Duration::from_secs(5);
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
        let reader = Reader::new(settings, options, tell.clone())?;
        std::thread::spawn(move || {
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
        let (tell, _unread) = mpsc::channel(1);
        let failed = |why: String| ScanError::Failed {
            topic: Arc::clone(&topic),
            servers: settings.bootstrap_servers.as_str().into(),
            why,
        };
        let options = ScanOptions::all(Arc::clone(&topic), 1);
        let reader = Reader::new(settings, options, tell).map_err(|error| failed(error.to_string()))?;
        let asked = tokio::task::spawn_blocking(move || reader.bounds()).await;
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
    servers: Arc<str>,
    client: BaseConsumer<Quiet>,
    options: ScanOptions,
    tell: mpsc::Sender<Result<Record, ScanError>>,
}

impl Reader {
    fn new(
        settings: &KafkaSettings,
        options: ScanOptions,
        tell: mpsc::Sender<Result<Record, ScanError>>,
    ) -> KafkaResult<Self> {
        let size = options.max_record_bytes.to_string();
        let config = settings.configured(
            &[("queued.max.messages.kbytes", "16384"), ("fetch.message.max.bytes", &size)],
            &[
                ("group.id", "postbode-scan"), // the client wants one, and never uses it
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("enable.partition.eof", "true"),
                ("isolation.level", "read_committed"),
                ("auto.offset.reset", "earliest"),
                ("allow.auto.create.topics", "false"),
            ],
        );
        let client: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
        Ok(Self { servers: settings.bootstrap_servers.as_str().into(), client, options, tell })
    }

    fn bounds(&self) -> Result<BTreeMap<Partition, (Offset, Offset)>, ScanError> {
        let partitions = self.spans()?.into_keys();
        let bounds = partitions.map(|partition| {
            let topic = &self.options.topic;
            let ask = || self.client.fetch_watermarks(topic, partition.0, ONE_TRY);
            let (low, high) = self.patiently(ask)?;
            Ok((partition, (Offset(low), Offset(high))))
        });
        bounds.collect()
    }

    fn run(self) -> Result<(), ScanError> {
        let spans = self.spans()?;
        let mut ends = self.assign(spans)?;
        while (self.options.follow || !ends.is_empty()) && !self.tell.is_closed() {
            match self.client.poll(POLL) {
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
        let topic = &self.options.topic;
        let metadata =
            self.client.fetch_metadata(Some(topic), PATIENCE).map_err(|error| self.failed(&error))?;
        let described = metadata.topics().iter().find(|described| described.name() == &**topic);
        let there: Vec<_> =
            described.iter().flat_map(|topic| topic.partitions()).map(|p| Partition(p.id())).collect();
        if there.is_empty() {
            return Err(ScanError::NoTopic(Arc::clone(topic)));
        }
        let Some(wanted) = self.options.spans.clone() else {
            let all = Span { from: Offset(0), to: None };
            return Ok(there.into_iter().map(|partition| (partition, all)).collect());
        };
        match wanted.keys().find(|partition| !there.contains(partition)) {
            Some(&partition) => Err(ScanError::NoPartition { topic: Arc::clone(topic), partition }),
            None => Ok(wanted),
        }
    }

    /// Begins to read each partition at the right place, and says where each ends. A partition in which there is
    /// nothing to read is left out.
    fn assign(&self, spans: BTreeMap<Partition, Span>) -> Result<BTreeMap<Partition, Offset>, ScanError> {
        let topic = &self.options.topic;
        let later = self.later_starts(&spans)?;
        let mut assignment = TopicPartitionList::new();
        let mut ends = BTreeMap::new();
        for (partition, span) in spans {
            let (low, high) = self.patiently(|| self.client.fetch_watermarks(topic, partition.0, ONE_TRY))?;
            let from =
                span.from.0.max(low).max(later.get(&partition).map_or(0, |offset| offset.unwrap_or(high)));
            let end = span.to.map_or(high - 1, |to| to.0.min(high - 1));
            if from <= end || self.options.follow {
                let begin = KafkaOffset::Offset(from.min(high));
                assignment
                    .add_partition_offset(topic, partition.0, begin)
                    .map_err(|error| self.failed(&error))?;
                ends.insert(partition, Offset(end));
            }
        }
        self.client.assign(&assignment).map_err(|error| self.failed(&error))?;
        Ok(ends)
    }

    /// The first offset at or after the time that is asked for; none where there is nothing that late.
    fn later_starts(
        &self,
        spans: &BTreeMap<Partition, Span>,
    ) -> Result<BTreeMap<Partition, Option<i64>>, ScanError> {
        let Some(since) = self.options.since else { return Ok(BTreeMap::new()) };
        let mut asked = TopicPartitionList::new();
        for partition in spans.keys() {
            let time = KafkaOffset::Offset(since.as_millis());
            asked
                .add_partition_offset(&self.options.topic, partition.0, time)
                .map_err(|error| self.failed(&error))?;
        }
        let found = self.patiently(|| self.client.offsets_for_times(asked.clone(), ONE_TRY))?;
        let start = |offset| if let KafkaOffset::Offset(offset) = offset { Some(offset) } else { None };
        Ok(found.elements().iter().map(|at| (Partition(at.partition()), start(at.offset()))).collect())
    }

    /// Passing troubles are the client's to mend; only what is beyond mending ends the scan.
    fn note(&self, error: &KafkaError) -> Result<(), ScanError> {
        if let KafkaError::MessageConsumptionFatal(_) = error {
            return Err(self.failed(error));
        }
        tracing::warn!(kafka.topic = &*self.options.topic, kafka.error = %error, "reading met an error");
        Ok(())
    }

    /// Asks until there is an answer: leaders move, and new topics take a moment.
    fn patiently<T>(&self, ask: impl Fn() -> KafkaResult<T>) -> Result<T, ScanError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match ask() {
                Ok(answer) => return Ok(answer),
                Err(error) if Instant::now() >= until || self.tell.is_closed() => {
                    return Err(self.failed(&error));
                }
                Err(_) => std::thread::sleep(POLL),
            }
        }
    }

    fn failed(&self, error: &KafkaError) -> ScanError {
        ScanError::Failed {
            topic: Arc::clone(&self.options.topic),
            servers: Arc::clone(&self.servers),
            why: error.to_string(),
        }
    }
}

struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        crate::log::client("scan", level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(kafka.error = %error, kafka.reason = reason, "a scan met an error");
    }
}

impl ConsumerContext for Quiet {}

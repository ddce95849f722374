//! Where a topic's records stand: its partitions, their bounds, and places by time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Partition, Timestamp};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::time::Instant;

use crate::{KafkaSettings, ScanError};

/// Asks Kafka about a topic, and waits for the answers: not for tasks.
pub(crate) struct Places {
    client: BaseConsumer<Quiet>,
    topic: Arc<str>,
    servers: Arc<str>,
    given_up: Box<dyn Fn() -> bool + Send>,
}

/// How long Kafka may take to say what there is, …
const PATIENCE: Duration = Duration::from_secs(15);
/// … and how long to wait for one answer.
const ONE_TRY: Duration = Duration::from_secs(5);
/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(100);

impl Places {
    /// Connects in the background. `given_up` says whether nobody wants the answers any more.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub(crate) fn new(
        settings: &KafkaSettings,
        topic: Arc<str>,
        max_record_bytes: usize,
        given_up: impl Fn() -> bool + Send + 'static,
    ) -> KafkaResult<Self> {
        let size = max_record_bytes.to_string();
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
        let client = config.create_with_context(Quiet)?;
        let servers = Arc::from(settings.bootstrap_servers.as_str());
        Ok(Self { client, topic, servers, given_up: Box::new(given_up) })
    }

    /// What reads.
    pub(crate) fn client(&self) -> &BaseConsumer<impl ConsumerContext> {
        &self.client
    }

    /// The topic's partitions.
    pub(crate) fn partitions(&self) -> Result<Vec<Partition>, ScanError> {
        let topic = &self.topic;
        let metadata =
            self.client.fetch_metadata(Some(topic), PATIENCE).map_err(|error| self.failed(&error))?;
        let described = metadata.topics().iter().find(|described| described.name() == &**topic);
        let there: Vec<_> =
            described.iter().flat_map(|topic| topic.partitions()).map(|p| Partition(p.id())).collect();
        if there.is_empty() { Err(ScanError::NoTopic(Arc::clone(topic))) } else { Ok(there) }
    }

    /// A partition's first offset, and the one after its last.
    pub(crate) fn bounds(&self, partition: Partition) -> Result<(i64, i64), ScanError> {
        self.patiently(|| self.client.fetch_watermarks(&self.topic, partition.0, ONE_TRY))
    }

    /// The offset of each partition's first record of that time or later; none where there is no such record.
    pub(crate) fn at_time(
        &self,
        partitions: impl Iterator<Item = Partition>,
        time: Timestamp,
    ) -> Result<BTreeMap<Partition, Option<i64>>, ScanError> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            // Below zero Kafka means other things: -1 is the end.
            let time = KafkaOffset::Offset(time.as_millis().max(0));
            asked
                .add_partition_offset(&self.topic, partition.0, time)
                .map_err(|error| self.failed(&error))?;
        }
        let found = self.patiently(|| self.client.offsets_for_times(asked.clone(), ONE_TRY))?;
        let place = |offset| if let KafkaOffset::Offset(offset) = offset { Some(offset) } else { None };
        Ok(found.elements().iter().map(|at| (Partition(at.partition()), place(at.offset()))).collect())
    }

    /// An error of the client's, for whoever asked.
    pub(crate) fn failed(&self, error: &KafkaError) -> ScanError {
        ScanError::Failed {
            topic: Arc::clone(&self.topic),
            servers: Arc::clone(&self.servers),
            why: error.to_string(),
        }
    }

    /// Asks until there is an answer: leaders move, and new topics take a moment.
    fn patiently<T>(&self, ask: impl Fn() -> KafkaResult<T>) -> Result<T, ScanError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match ask() {
                Ok(answer) => return Ok(answer),
                Err(error) if Instant::now() >= until || (self.given_up)() => {
                    return Err(self.failed(&error));
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// Logs, and no more.
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        crate::log::client("scan", level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(kafka.error = %error, kafka.reason = reason, "a scan met an error");
    }
}

impl ConsumerContext for Quiet {}

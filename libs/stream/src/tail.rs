//! One partition, read from its beginning to its end and on, by nobody's group: what tables and the journal stand on.
//!
//! The hard part is to know that the end was reached. The last offsets of a log are often markers of transactions,
//! which no reader is shown, so counting records is not enough; and the client's own "end of partition" tells no offset
//! and may have waited in its queue while new records arrived. Hence [`Tail::seek_here`]: a seek makes whatever is
//! queued void, so the end that is announced after it was seen after it.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};

use crate::KafkaSettings;
use crate::client::Client;

/// A reader of partition 0 of a topic.
pub(crate) struct Tail {
    consumer: Arc<BaseConsumer<Client>>,
    topic: Arc<str>,
    next: Option<i64>,
}

/// What a look at the log brought.
pub(crate) enum Seen {
    Record,
    End,
    Nothing,
    /// The log is not the one that was read before, or the client is beyond repair.
    Lost(String),
}

/// Asks where the log ends.
#[derive(Clone)]
pub(crate) struct Asker {
    consumer: Arc<BaseConsumer<Client>>,
    topic: Arc<str>,
}

/// Where the log begins and ends for readers of what is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: i64,
    pub(crate) end: i64,
}

impl Tail {
    /// Begins to read in the background. `fetch_wait` is how long the broker may hold a fetch at the end of the log: as
    /// long as it does, it answers no question of ours.
    pub(crate) fn open(
        settings: &KafkaSettings,
        topic: &Arc<str>,
        role: &'static str,
        fetch_wait: Duration,
    ) -> KafkaResult<Self> {
        let fetch_wait = fetch_wait.as_millis().to_string();
        // The client insists on a group's name, and never joins it: partitions are assigned by hand.
        let group = format!("{topic}.{role}");
        let config = settings.configured(
            &[
                ("fetch.wait.max.ms", &fetch_wait),
                ("fetch.error.backoff.ms", "100"),
                ("fetch.queue.backoff.ms", "10"),
                ("queued.max.messages.kbytes", "16384"),
                ("check.crcs", "true"),
            ],
            &[
                ("group.id", &group),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("enable.partition.eof", "true"),
                ("auto.offset.reset", "error"),
                ("isolation.level", "read_committed"),
                ("allow.auto.create.topics", "false"),
            ],
        );
        let consumer: BaseConsumer<Client> = config.create_with_context(Client(role))?;
        let mut partition = TopicPartitionList::new();
        partition.add_partition_offset(topic, 0, rdkafka::Offset::Beginning)?;
        consumer.assign(&partition)?;
        Ok(Self { consumer: Arc::new(consumer), topic: Arc::clone(topic), next: None })
    }

    pub(crate) fn asker(&self) -> Asker {
        Asker { consumer: Arc::clone(&self.consumer), topic: Arc::clone(&self.topic) }
    }

    /// The offset after the last one that was read; none before the first record.
    pub(crate) fn next(&self) -> Option<i64> {
        self.next
    }

    /// Notes that nothing that is shown to readers is left before this offset.
    pub(crate) fn reached(&mut self, end: i64) {
        self.next = Some(self.next.map_or(end, |next| next.max(end)));
    }

    /// Looks for the next record, and hands it over. Hidden ones before the end leave `next` behind it.
    pub(crate) fn poll(&mut self, wait: Duration, record: impl FnOnce(&BorrowedMessage<'_>)) -> Seen {
        match self.consumer.poll(wait) {
            None => Seen::Nothing,
            Some(Ok(message)) => {
                self.next = Some(message.offset() + 1);
                record(&message);
                Seen::Record
            }
            Some(Err(error)) => judge(&error),
        }
    }

    /// Reads on from where we are, and voids whatever the client has queued.
    pub(crate) fn seek_here(&self) -> KafkaResult<()> {
        let here = self.next.map_or(rdkafka::Offset::Beginning, rdkafka::Offset::Offset);
        self.consumer.seek(&self.topic, 0, here, SEEK_PATIENCE)
    }
}

impl Asker {
    /// Asks the partition's leader; waits at most this long.
    pub(crate) fn bounds(&self, wait: Duration) -> KafkaResult<Bounds> {
        let (low, end) = self.consumer.fetch_watermarks(&self.topic, 0, wait)?;
        crate::access::answered();
        Ok(Bounds { low, end })
    }
}

/// A seek only waits for the client's own thread.
const SEEK_PATIENCE: Duration = Duration::from_secs(1);

fn judge(error: &KafkaError) -> Seen {
    if matches!(error, KafkaError::PartitionEOF(_)) {
        return Seen::End;
    }
    crate::access::note(error, &error.to_string());
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::AutoOffsetReset
            | RDKafkaErrorCode::OffsetOutOfRange
            | RDKafkaErrorCode::LogTruncation
            | RDKafkaErrorCode::Fatal,
        ) => Seen::Lost(error.to_string()),
        // Anything else passes, or shows in that questions stay unanswered.
        Some(_) | None => Seen::Nothing,
    }
}

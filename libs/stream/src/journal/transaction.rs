//! The fenced producer, and one transaction of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Offset;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use tokio::time::Instant;
use wire::registry::WriteId;

use super::JournalOptions;
use crate::KafkaSettings;

/// The header that names a record's write: a deletion has no value to do so.
pub(super) const WRITE_HEADER: &str = "postbode-write";

/// A producer under the shared transactional id. Whoever opened one later has fenced it.
pub(super) struct Fenced {
    producer: BaseProducer<Placed>,
    topic: Arc<str>,
}

/// Where the records of one write ended up: the last one's offset.
#[derive(Clone, Default)]
pub(super) struct Place(Arc<AtomicI64>);

impl Place {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(-1)))
    }

    pub(super) fn offset(&self) -> Option<Offset> {
        Some(self.0.load(Ordering::Acquire)).filter(|offset| *offset >= 0).map(Offset)
    }
}

/// How a transaction ended that did not commit.
#[derive(Debug)]
pub(super) enum Broken {
    /// Nothing of it was written, and the producer can go on.
    Aborted(KafkaError),
    /// The producer is of no use any more; the transaction may have been committed.
    Over(KafkaError),
}

impl Fenced {
    /// Connects in the background; fences nobody yet.
    pub(super) fn new(settings: &KafkaSettings, options: &JournalOptions) -> KafkaResult<Self> {
        let config = settings.configured(
            &[("linger.ms", "0")],
            // The times go together, or no client can be made: what suits other clients does not count here.
            &[
                ("transaction.timeout.ms", "10000"),
                ("socket.timeout.ms", "10000"),
                ("delivery.timeout.ms", "8000"),
                ("transactional.id", &options.transactional_id),
                ("enable.idempotence", "true"),
                ("acks", "all"),
                ("partitioner", "murmur2_random"),
            ],
        );
        Ok(Self { producer: config.create_with_context(Placed)?, topic: Arc::clone(&options.topic) })
    }

    /// Fences every producer before, and ends what it left open. May be called again after a time-out.
    pub(super) fn fence(&self, patience: Duration) -> KafkaResult<()> {
        self.producer.init_transactions(patience)
    }

    pub(super) fn begin(&self) -> KafkaResult<()> {
        self.producer.begin_transaction()
    }

    /// Adds a change to the open transaction.
    pub(super) fn send(
        &self,
        key: &[u8],
        value: Option<&[u8]>,
        write: &WriteId,
        place: &Place,
    ) -> KafkaResult<()> {
        let header = Header { key: WRITE_HEADER, value: Some(write.as_str()) };
        let record = BaseRecord::<[u8], [u8], _>::with_opaque_to(&self.topic, Box::new(place.clone()))
            .partition(0)
            .key(key)
            .headers(OwnedHeaders::new_with_capacity(1).insert(header));
        let record = match value {
            Some(value) => record.payload(value),
            None => record,
        };
        self.producer.send(record).map_err(|(error, _)| error)
    }

    /// Commits, asking again until the deadline where that may help.
    pub(super) fn commit(&self, deadline: Instant) -> Result<(), Broken> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.producer.commit_transaction(left.clamp(LEAST, MOST)) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !left.is_zero() => {}
                Err(error) => return Err(self.give_up(error)),
            }
        }
    }

    /// Ends the open transaction without its changes, if that can be known.
    pub(super) fn give_up(&self, error: KafkaError) -> Broken {
        let abortable = if let KafkaError::Transaction(error) = &error {
            error.txn_requires_abort() && !error.is_fatal()
        } else {
            // Refused or timed out before a commit was asked for.
            matches!(error, KafkaError::Flush(_) | KafkaError::MessageProduction(_))
        };
        if abortable && self.producer.abort_transaction(MOST).is_ok() {
            return Broken::Aborted(error);
        }
        Broken::Over(error)
    }
}

/// One call waits at least and at most this long.
const LEAST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(2);

/// Notes where records ended up.
struct Placed;

impl ClientContext for Placed {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let level = if is_fencing(message) { RDKafkaLogLevel::Debug } else { level };
        crate::log::client(ROLE, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if is_fencing(reason) {
            tracing::debug!(kafka.reason = reason, "another console writes to the registry");
        } else {
            crate::client::report(ROLE, &error, reason);
        }
    }
}

/// The client calls that fatal; here it is the order of the day. All that it tells is a text.
fn is_fencing(text: &str) -> bool {
    text.contains("fenced by a newer instance") || text.contains("old epoch")
}

const ROLE: &str = "journal";

impl ProducerContext for Placed {
    type DeliveryOpaque = Box<Place>;

    fn delivery(&self, result: &DeliveryResult<'_>, place: Self::DeliveryOpaque) {
        if let Ok(message) = result {
            place.0.fetch_max(message.offset(), Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_suit_other_clients_do_not_keep_the_registrys_writer_from_being_made() {
        let times = [
            ("socket.timeout.ms", "30000"),
            ("delivery.timeout.ms", "120000"),
            ("transaction.timeout.ms", "1000"),
        ];
        let properties = times.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let settings = KafkaSettings { properties, ..KafkaSettings::default() };
        assert!(Fenced::new(&settings, &JournalOptions::new("postbode.", "webhooks".into())).is_ok());
    }
}

//! Writing records: every one is acknowledged by all in-sync replicas, or its writer is told why not.

use std::future::Future;
use std::time::Duration;

use domain::{Offset, Partition};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;
use wire::{Headers, OutRecord};

use crate::{KafkaSettings, access};

/// A producer: idempotent, `acks=all`, keys to partitions as Java clients do it. Cheap to clone.
#[derive(Clone)]
pub struct Sink {
    producer: ThreadedProducer<Reports>,
}

/// How a sink trades waiting for throughput and patience.
#[derive(Clone, Copy, Debug)]
pub struct SinkOptions {
    /// How long a record may wait for company.
    pub linger: Duration,
    /// After this long without an acknowledgement a record counts as not written.
    pub patience: Duration,
    /// The largest record, headers included.
    pub max_record_bytes: usize,
    /// How batches are compressed. A topic that asks for another codec has its broker compress each one again.
    pub codec: Codec,
}

/// A codec of Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Cheap.
    Lz4,
    /// Small.
    Zstd,
}

impl SinkOptions {
    /// Short waits, a minute of patience.
    pub fn new(max_record_bytes: usize) -> Self {
        Self {
            linger: Duration::from_millis(2),
            patience: Duration::from_secs(60),
            max_record_bytes,
            codec: Codec::Lz4,
        }
    }

    /// For records that nobody waits for: full batches, since a request costs a broker more than the records in it.
    pub fn unhurried(max_record_bytes: usize) -> Self {
        Self { linger: Duration::from_millis(100), codec: Codec::Zstd, ..Self::new(max_record_bytes) }
    }
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Where a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
}

/// Why a record was not written, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The local queue is full: wait and try again.
    #[error("the producer's queue is full")]
    QueueFull,
    /// The record is larger than the client or the broker allows: trying again does not help.
    #[error("the record is too large")]
    TooLarge,
    /// No acknowledgement, for a reason that may pass. The record may have been written all the same.
    #[error("not acknowledged: {0}")]
    Unavailable(String),
    /// The producer is beyond repair: the process must end.
    #[error("the producer failed for good: {0}")]
    Fatal(String),
}

impl Sink {
    /// Connects in the background.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn new(settings: &KafkaSettings, options: SinkOptions) -> Result<Self, KafkaError> {
        let mut config = settings.client_config();
        let defaults = [
            // The broker measures batches by the same limit as records.
            (
                "batch.size",
                options.max_record_bytes.saturating_sub(RECORD_OVERHEAD).clamp(1, 1_000_000).to_string(),
            ),
            ("linger.ms", options.linger.as_millis().to_string()),
            ("delivery.timeout.ms", options.patience.as_millis().to_string()),
            ("message.max.bytes", (options.max_record_bytes + RECORD_OVERHEAD).to_string()),
            ("queue.buffering.max.kbytes", "131072".to_owned()),
            ("compression.type", options.codec.name().to_owned()),
        ];
        for (name, value) in defaults {
            if config.get(name).is_none() {
                config.set(name, value);
            }
        }
        // Not for configuration to change: what is promised rests on them.
        config.set("acks", "all");
        config.set("enable.idempotence", "true");
        config.set("partitioner", "murmur2_random");
        Ok(Self { producer: config.create_with_context(Reports)? })
    }

    /// Queues a record; `done` is called exactly once, on another thread or at once, and must be quick.
    pub fn send_then(
        &self,
        record: &OutRecord,
        done: impl FnOnce(Result<Written, SendError>) + Send + Sync + 'static,
    ) {
        let mut message = BaseRecord::with_opaque_to(&record.topic, Box::new(Report(Box::new(done))))
            .headers(owned(&record.headers));
        if let Some(key) = &record.key {
            message = message.key(&key[..]);
        }
        if let Some(value) = &record.value {
            message = message.payload(&value[..]);
        }
        if let Err((error, message)) = self.producer.send(message) {
            (message.delivery_opaque.0)(Err(explain(&error)));
        }
    }

    /// Queues a record and resolves with its acknowledgement.
    pub fn send(&self, record: &OutRecord) -> impl Future<Output = Result<Written, SendError>> + use<> {
        let (tell, told) = oneshot::channel();
        self.send_then(record, move |result| {
            let _ = tell.send(result);
        });
        async {
            told.await.unwrap_or_else(|_| Err(SendError::Unavailable("the producer was closed".to_owned())))
        }
    }

    /// Waits until everything queued is acknowledged or given up.
    ///
    /// # Errors
    /// When that takes longer than the limit.
    pub async fn flush(&self, limit: Duration) -> Result<(), SendError> {
        let producer = self.producer.clone();
        let flushed = tokio::task::spawn_blocking(move || producer.flush(limit)).await;
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(explain(&error)),
            Err(_) => Err(SendError::Unavailable("flushing was interrupted".to_owned())),
        }
    }

    /// How many records wait for their acknowledgement.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Why the producer is beyond repair, if it is.
    pub fn fatal(&self) -> Option<String> {
        self.producer.client().fatal_error().map(|(_, why)| why)
    }
}

/// What Kafka's record format adds around key, value and headers, generously.
const RECORD_OVERHEAD: usize = 1024;

fn owned(headers: &Headers) -> OwnedHeaders {
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(&value[..]) })
    })
}

fn explain(error: &KafkaError) -> SendError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => SendError::QueueFull,
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
            SendError::TooLarge
        }
        Some(RDKafkaErrorCode::Fatal) => SendError::Fatal(error.to_string()),
        Some(_) | None => SendError::Unavailable(error.to_string()),
    }
}

struct Report(Box<dyn FnOnce(Result<Written, SendError>) + Send + Sync>);

#[derive(Clone)]
struct Reports;

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        crate::log::client("producer", level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        crate::client::report("producer", &error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Report>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Self::DeliveryOpaque) {
        (report.0)(match result {
            Ok(message) => {
                Ok(Written { partition: Partition(message.partition()), offset: Offset(message.offset()) })
            }
            Err((error, message)) => {
                access::note(error, message.topic());
                Err(explain(error))
            }
        });
    }
}

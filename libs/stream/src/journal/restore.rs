//! Records put into the registry as they are: those of a backup, about which no console decides anew.

use std::time::Duration;

use bytes::Bytes;
use rdkafka::error::KafkaError;
use tokio::time::Instant;
use wire::registry::WriteId;

use super::JournalOptions;
use super::transaction::{Broken, Fenced, Place};
use crate::KafkaSettings;

/// The registry, taken from the consoles: one that writes meanwhile takes it back, and the restore fails.
pub struct Restore {
    producer: Fenced,
}

/// Why a registry was not restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Nothing was written.
    #[error("the registry cannot be written now: {0}")]
    Unavailable(String),
    /// A part was written.
    #[error("the registry has the first {written} records, and got no more: {why}")]
    BrokenOff {
        /// How many it has at least.
        written: usize,
        /// In the client's words. A console that writes meanwhile is one reason.
        why: String,
    },
}

/// Records in one transaction.
const TOGETHER: usize = 500;
/// How long each transaction may take, and the fencing before them.
const PATIENCE: Duration = Duration::from_secs(10);

impl Restore {
    /// Fences every writer. Whoever looks at the registry after that sees all that they wrote.
    ///
    /// # Errors
    /// When Kafka is away, or refuses.
    pub async fn begin(settings: &KafkaSettings, options: &JournalOptions) -> Result<Self, RestoreError> {
        let producer = Fenced::new(settings, options).map_err(|error| unavailable(&error))?;
        let fenced = move || producer.fence(PATIENCE).map(|()| producer);
        let fenced = tokio::task::spawn_blocking(fenced).await;
        let fenced = fenced.map_err(|error| unavailable(&error))?;
        Ok(Self { producer: fenced.map_err(|error| unavailable(&error))? })
    }

    /// Writes keys and values in their order, and says how many.
    ///
    /// # Errors
    /// When Kafka goes away, or somebody else writes meanwhile.
    pub async fn write(self, records: Vec<(Bytes, Bytes)>) -> Result<usize, RestoreError> {
        let written = tokio::task::spawn_blocking(move || self.write_now(&records)).await;
        written.map_err(|error| unavailable(&error))?
    }

    fn write_now(&self, records: &[(Bytes, Bytes)]) -> Result<usize, RestoreError> {
        let mut written = 0;
        for chunk in records.chunks(TOGETHER) {
            self.transaction(chunk)
                .map_err(|error| RestoreError::BrokenOff { written, why: error.to_string() })?;
            written += chunk.len();
        }
        Ok(written)
    }

    fn transaction(&self, records: &[(Bytes, Bytes)]) -> Result<(), KafkaError> {
        let write = WriteId::new(uuid::Uuid::now_v7().to_string());
        self.producer.begin()?;
        let sent = records
            .iter()
            .try_for_each(|(key, value)| self.producer.send(key, Some(&value[..]), &write, &Place::new()));
        let ended = match sent {
            Ok(()) => self.producer.commit(Instant::now() + PATIENCE),
            Err(error) => Err(self.producer.give_up(error)),
        };
        ended.map_err(|broken| match broken {
            Broken::Aborted(error) | Broken::Over(error) => error,
        })
    }
}

fn unavailable(error: &impl ToString) -> RestoreError {
    RestoreError::Unavailable(error.to_string())
}

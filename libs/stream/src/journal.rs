//! The registry's only way in: changes of all consoles, one after the other, without a lock or a leader.
//!
//! Kafka serialises the writers: they share one transactional id, so whoever opens a producer under it fences the one
//! before. A writer asks for the end of the log *after* that, reads to there, decides, and commits; if its commit goes
//! through, nobody wrote in between. All requests that wait go into one transaction. A fenced writer starts over, and
//! finds by write ids what it had committed without hearing so.

mod request;
mod restore;
mod transaction;
mod worker;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use domain::{Change, Offset, Registry};
use rdkafka::error::KafkaError;
use tokio::sync::{oneshot, watch};

use crate::KafkaSettings;
use request::{Asked, Request};
pub use restore::{Restore, RestoreError};

/// Where and how a journal writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// The registry's topic.
    pub topic: Arc<str>,
    /// What all writers of that topic share.
    pub transactional_id: String,
    /// How long a request may wait.
    pub patience: Duration,
}

impl JournalOptions {
    /// The journal of an installation: `prefix` is what its topics' names begin with.
    pub fn new(prefix: &str, topic: Arc<str>) -> Self {
        Self { topic, transactional_id: format!("{prefix}registry"), patience: Duration::from_secs(10) }
    }
}

/// Writes to the registry. Cheap to clone; the thread behind it ends with the last clone.
#[derive(Clone, Debug)]
pub struct Journal {
    requests: mpsc::Sender<Box<dyn Request>>,
    alive: watch::Receiver<()>,
    patience: Duration,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where the last of the changes stands: a view that has passed it knows them. None if there was nothing to change.
    pub offset: Option<Offset>,
    /// The changes as decided.
    pub changes: Vec<Change>,
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError<E> {
    /// The decision, on the registry as it was at its turn, was not to.
    #[error("{0}")]
    Rejected(E),
    /// A record is larger than the registry takes; nothing was written.
    #[error("the change takes {0} bytes; the registry takes {max} per record", max = MAX_RECORD_BYTES)]
    TooLarge(usize),
    /// Kafka is away; nothing was written. Try again later.
    #[error("the registry cannot be written now: {0}")]
    Unavailable(String),
    /// Kafka went away during the commit: whether it went through will show. Look before trying again.
    #[error("whether the registry was written is not known yet: {0}")]
    Unknown(String),
}

/// The largest value: far under the least `max.message.bytes` that the registry's topic may have.
pub(crate) const MAX_RECORD_BYTES: usize = 240 * 1024;

impl Journal {
    /// Starts the writer's thread; Kafka is talked to at once, the producer made at the first write.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn start(settings: &KafkaSettings, options: JournalOptions) -> Result<Self, KafkaError> {
        let patience = options.patience;
        let (tell, alive) = watch::channel(());
        let (requests, waiting) = mpsc::channel();
        worker::start(settings.clone(), options, waiting, tell)?;
        Ok(Self { requests, alive, patience })
    }

    /// Decides on the registry as it is when nobody else can write to it, and writes what was decided.
    ///
    /// `decide` runs on the writer's thread, and again if another writer came between: it must be quick, and the same
    /// for the same registry. An answer comes within the patience and a few seconds.
    ///
    /// # Errors
    /// When the decision was an error, or Kafka is away; see [`WriteError`].
    pub async fn write<E, F>(&self, decide: F) -> Result<Recorded, WriteError<E>>
    where
        E: Send + 'static,
        F: FnMut(&Registry) -> Result<Vec<Change>, E> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let deadline = tokio::time::Instant::now() + self.patience;
        let stopped = || WriteError::Unavailable("the writer has stopped".to_owned());
        self.requests.send(Box::new(Asked::new(decide, deadline, tell))).map_err(|_| stopped())?;
        told.await.unwrap_or_else(|_| Err(WriteError::Unknown("the writer has stopped".to_owned())))
    }

    /// Resolves only when the writer's thread is gone: a reason for its process to end.
    pub async fn stopped(&self) {
        let mut alive = self.alive.clone();
        while alive.changed().await.is_ok() {}
    }
}

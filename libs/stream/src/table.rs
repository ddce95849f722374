//! A compacted topic as a view in memory that knows whether it is fresh.
//!
//! A thread of its own follows partition 0 from the beginning. Another one asks the partition's leader, twice a second,
//! where the log ends for readers of what is committed. Once the view has read that far, it was provably complete at the time
//! *of the question*, and counts as fresh for two seconds from then. A view that is cut off from the broker so goes
//! stale by itself, whatever it believes.

mod follow;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Offset;
use rdkafka::error::KafkaError;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::KafkaSettings;
pub(crate) use follow::Follow;

/// How a table keeps itself fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// How often it asks where the log ends. Twice a second by default: one answer may be slow, or lost, unnoticed.
    pub ask_every: Duration,
    /// How long a proof of freshness counts, from the question on.
    pub fresh_for: Duration,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { ask_every: Duration::from_millis(500), fresh_for: Duration::from_secs(2) }
    }
}

/// How far a table is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableState {
    /// The offset that comes next.
    pub next: i64,
    /// Whether it has been read to the end once.
    pub ready: bool,
    /// Until when it counts as fresh.
    pub fresh_until: Option<Instant>,
    /// Why it will never be fresh again.
    pub failure: Option<Arc<str>>,
}

impl TableState {
    /// Whether everything that was committed two seconds ago is known.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.failure.is_none() && self.fresh_until.is_some_and(|until| now < until)
    }

    fn has_passed(&self, offset: Offset) -> bool {
        offset.0 < self.next
    }
}

/// The table cannot go on: its topic was deleted, recreated or cut short, or the client is beyond repair. Start anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the table of {topic} cannot go on: {why}")]
pub struct TableError {
    topic: Arc<str>,
    why: Arc<str>,
}

/// Follows a compacted topic for as long as it is held.
#[derive(Debug)]
pub struct Table {
    topic: Arc<str>,
    state: watch::Receiver<TableState>,
    stop: Arc<AtomicBool>,
    started: Instant,
    fresh_for: Duration,
}

impl Table {
    /// Follows a topic from its beginning. `apply` gets every record's offset, key and value, in order, on the table's
    /// own thread; no value is a deletion.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn start(
        settings: &KafkaSettings,
        topic: Arc<str>,
        options: TableOptions,
        apply: impl FnMut(Offset, Option<&[u8]>, Option<&[u8]>) + Send + 'static,
    ) -> Result<Self, KafkaError> {
        Self::follow(settings, topic, options, follow::Each(apply))
    }

    pub(crate) fn follow(
        settings: &KafkaSettings,
        topic: Arc<str>,
        options: TableOptions,
        follower: impl Follow,
    ) -> Result<Self, KafkaError> {
        let (tell, state) = watch::channel(TableState::default());
        let stop = Arc::new(AtomicBool::new(false));
        follow::start(settings, &topic, options, follower, tell, Arc::clone(&stop))?;
        Ok(Self { topic, state, stop, started: Instant::now(), fresh_for: options.fresh_for })
    }

    /// Resolves once the topic was read to its end.
    ///
    /// # Errors
    /// When the table cannot go on.
    pub async fn ready(&self) -> Result<(), TableError> {
        self.until(|state| state.ready).await
    }

    /// Resolves when the table is fresh: at once if it is.
    ///
    /// # Errors
    /// When the table cannot go on.
    pub async fn fresh(&self) -> Result<(), TableError> {
        self.until(|state| state.is_fresh(Instant::now())).await
    }

    /// Resolves when the record at this offset is worked in.
    ///
    /// # Errors
    /// When the table cannot go on.
    pub async fn passed(&self, offset: Offset) -> Result<(), TableError> {
        self.until(|state| state.has_passed(offset)).await
    }

    /// Resolves only when the table cannot go on: a reason for its process to end.
    pub fn failed(&self) -> impl Future<Output = TableError> + Send + use<> {
        let (topic, mut state) = (Arc::clone(&self.topic), self.state.clone());
        async move {
            let failed =
                state.wait_for(|state| state.failure.is_some()).await.map(|state| error(&topic, &state));
            match failed {
                Ok(error) => error,
                // Its thread ended because the table was dropped.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// Whether everything that was committed two seconds ago is known.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.state.borrow().is_fresh(now)
    }

    /// Until when the table counts as fresh; none before it was for the first time.
    pub fn fresh_until(&self) -> Option<Instant> {
        self.state.borrow().fresh_until
    }

    /// How old what the table knows may be at most: since the last proof that it was complete, or since its start.
    pub fn age(&self) -> Duration {
        let since = self.fresh_until().and_then(|until| until.checked_sub(self.fresh_for));
        since.unwrap_or(self.started).elapsed()
    }

    /// The offset that comes next.
    pub fn position(&self) -> Offset {
        Offset(self.state.borrow().next)
    }

    /// Wakes whenever records were worked in, freshness came back, or the table failed; not at each proof.
    pub fn changed(&self) -> watch::Receiver<TableState> {
        self.state.clone()
    }

    async fn until(&self, reached: impl Fn(&TableState) -> bool) -> Result<(), TableError> {
        let mut state = self.state.clone();
        let seen = state.wait_for(|state| state.failure.is_some() || reached(state)).await;
        match seen {
            Ok(state) if state.failure.is_none() => Ok(()),
            Ok(state) => Err(error(&self.topic, &state)),
            Err(_) => Err(TableError { topic: Arc::clone(&self.topic), why: "its thread ended".into() }),
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn error(topic: &Arc<str>, state: &TableState) -> TableError {
    TableError { topic: Arc::clone(topic), why: state.failure.clone().unwrap_or_else(|| "it stopped".into()) }
}

//! The history: read from its topics into the database, looked after, and told about.
//!
//! Best effort, and apart from everything else: a database that is away stops the reading, never the API.

mod book;
mod indexer;
mod read;
mod telemetry;

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use domain::{AccountId, Clock as _, Registry, Timestamp};
use history::History;
use history::positions::Position;
use history::retention::Keep;
use process::{Check, Lifecycle, SystemClock};
use stream::{Admin, KafkaSettings, RegistryView, Source, SourceOptions};
use tokio::time::{Instant, sleep};
use wire::topics::Topics;

use indexer::Indexer;
use read::Reader;
pub(crate) use telemetry::Telemetry;

/// How long to wait before a database that is away is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often is looked what is to be forgotten, …
const TRIM: Duration = Duration::from_secs(60);
/// … and how far the reading is behind.
const LOOK: Duration = Duration::from_secs(5);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Everything that keeps a history.
pub(crate) struct Keeper {
    pub(crate) history: History,
    pub(crate) keep: Keep,
    /// Some accounts want less kept.
    pub(crate) registry: RegistryView,
    pub(crate) kafka: KafkaSettings,
    pub(crate) topics: Topics,
    /// What the consumer group's name begins with.
    pub(crate) prefix: String,
    pub(crate) admin: Arc<Admin>,
    pub(crate) clock: SystemClock,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) telemetry: Telemetry,
    /// Passes once the database is up to date. One that goes away later does not make this console unfit for the rest.
    pub(crate) ready: Check,
}

/// The topics that are read.
pub(crate) fn topics(topics: &Topics) -> [Arc<str>; 5] {
    [&topics.attempts, &topics.dead_deliveries, &topics.dead_events, &topics.dispositions, &topics.audit]
        .map(Arc::clone)
}

/// The accounts that say for how long they want to be remembered.
fn wanting_less(registry: &Registry) -> Vec<(AccountId, NonZeroU16)> {
    registry.accounts().filter_map(|account| Some((account.id.clone(), account.keep.days?))).collect()
}

impl Keeper {
    /// Keeps the history until the soft stop, then commits and leaves the group.
    ///
    /// # Errors
    /// When Kafka's client fails for good.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Some(identity) = self.lifecycle.until_stop(self.prepared()).await else { return Ok(()) };
        self.ready.pass();
        // A database that was lost and made anew is another one, and its group begins at the topics' beginning.
        let group = format!("{}console.{identity}", self.prefix);
        let size = self.topics.delivery_record_bytes();
        let options = SourceOptions::new(group, topics(&self.topics).to_vec(), size);
        let source = Source::start(&self.kafka, &options)?;
        self.telemetry.watch(source.monitor());
        let (reader, clock) = (Reader::new(self.topics.clone()), Arc::new(self.clock));
        let indexer = Indexer::new(source, self.history.clone(), reader, clock, self.telemetry.clone());
        let (soft_stop, hard_stop) = (self.lifecycle.soft_stop(), self.lifecycle.hard_stop());
        let (indexed, _, _) = tokio::join!(
            indexer.run(soft_stop, hard_stop),
            self.lifecycle.until_stop(self.trim()),
            self.lifecycle.until_stop(self.look()),
        );
        indexed
    }

    /// Resolves when the database is up to date, with its name.
    async fn prepared(&self) -> String {
        loop {
            let prepared = async {
                self.history.prepare().await?;
                self.history.identity().await
            };
            match prepared.await {
                Ok(identity) => return identity,
                Err(error) => {
                    self.ready.fail(format!("the database is not ready: {error}"));
                    self.telemetry.failed(&error);
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// Forgets what is not to be kept any more, for ever.
    async fn trim(&self) {
        loop {
            let begun = Instant::now();
            match self.trimmed(self.clock.now()).await {
                Ok(gone) => self.telemetry.trimmed(gone, begun.elapsed()),
                Err(error) => self.telemetry.failed(&error),
            }
            sleep(TRIM).await;
        }
    }

    async fn trimmed(&self, now: Timestamp) -> Result<u64, history::Error> {
        let mut gone = self.history.trim(now, self.keep).await?;
        for (account, days) in self.registry.read(wanting_less) {
            gone += self.history.trim_account(account.as_str(), now - u32::from(days.get()) * DAY).await?;
        }
        Ok(gone)
    }

    /// Looks how far the database is behind the topics, for ever. Several consoles on one database say the same.
    async fn look(&self) {
        loop {
            match self.lag().await {
                Ok((records, lag)) => self.telemetry.lag(records, lag),
                Err(error) => tracing::debug!(%error, "how far the history is behind cannot be told"),
            }
            sleep(LOOK).await;
        }
    }

    /// Records that are not in the database yet, and how old the newest is that is, where there are any.
    async fn lag(&self) -> anyhow::Result<(i64, Duration)> {
        let positions = self.history.positions().await?;
        let (mut records, mut lag) = (0, Duration::ZERO);
        for topic in topics(&self.topics) {
            for (partition, (begin, end)) in self.admin.bounds(&topic).await? {
                let position = positions.get(&(Arc::clone(&topic), partition));
                let next = position.map_or(begin, |position| position.next.max(begin));
                let left = (end.0 - next.0).max(0);
                if let (1.., Some(Position { newest, .. })) = (left, position) {
                    lag = lag.max(self.clock.now().since(*newest));
                }
                records += left;
            }
        }
        Ok((records, lag))
    }
}

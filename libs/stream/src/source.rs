//! Reading records as a member of a consumer group, without ever losing hold of the group.
//!
//! One thread polls, always, whatever the reader does; another one commits. A rebalance callback only records
//! what happened: the thread then looks up where an assigned partition was left and assigns it from there, and hands a
//! revoked one back when the reader has let go of it, or when its time is up. (Waiting inside the callback would wait
//! for the thread that it blocks.)
//!
//! Every assignment of a partition is a [`Claim`] with an [`Epoch`] of its own: what is left over from an earlier claim
//! on the same partition cannot be taken for the present one's.

mod claimed;
mod committer;
mod context;
pub(crate) mod convert;
mod identity;
mod monitor;
mod reach;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use domain::{Epoch, Frontier, Offset, Partition};
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use tokio::sync::{mpsc, oneshot};
use wire::Record;

use crate::KafkaSettings;
pub use monitor::Monitor;
use thread::Poller;

/// What a source reads, and how.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// The consumer group.
    pub group: String,
    /// Full topic names.
    pub topics: Vec<Arc<str>>,
    /// The largest record to expect, headers included.
    pub max_record_bytes: usize,
    /// How long a reader may take to let go of a revoked partition.
    pub drain: Duration,
}

impl SourceOptions {
    /// A member of a group, with two seconds to let go.
    pub fn new(group: impl Into<String>, topics: Vec<Arc<str>>, max_record_bytes: usize) -> Self {
        Self { group: group.into(), topics, max_record_bytes, drain: Duration::from_secs(2) }
    }
}

/// One assignment of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Names this assignment.
    pub epoch: Epoch,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: Partition,
}

/// What a reader hears.
#[derive(Debug)]
pub enum SourceEvent {
    /// A partition is ours.
    Assigned {
        /// Which.
        claim: Claim,
        /// Where it was left; none if nobody ever committed.
        committed: Option<Offset>,
        /// What is done beyond that.
        completed: Vec<Offset>,
    },
    /// Records, in order per partition.
    Records(Vec<(Epoch, Record)>),
    /// The group wants these back: finish what runs, commit, then call [`Source::release`].
    Revoking(Vec<Epoch>),
    /// These are gone already; a commit would be refused.
    Lost(Vec<Epoch>),
    /// A commit was answered.
    Committed(Result<(), String>),
    /// The client is beyond repair: the process must end.
    Failed(String),
}

/// A member of a consumer group.
pub struct Source {
    events: mpsc::Receiver<SourceEvent>,
    orders: std::sync::mpsc::Sender<Order>,
    closed: oneshot::Receiver<()>,
    monitor: Monitor,
}

/// What the thread is told to do.
enum Order {
    Commit(Vec<Frontier>),
    Pause(Vec<Epoch>),
    Resume(Vec<Epoch>),
    Release(Vec<Epoch>),
    Close,
}

impl Source {
    /// Joins the group in the background.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn start(settings: &KafkaSettings, options: &SourceOptions) -> Result<Self, KafkaError> {
        let (tell_event, events) = mpsc::channel(64);
        let (orders, obey) = std::sync::mpsc::channel();
        let (tell_closed, closed) = oneshot::channel();
        let monitor = Monitor::new();
        let poller =
            Poller::new(&client_config(settings, options), options, tell_event, obey, monitor.clone())?;
        std::thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || {
                poller.run();
                let _ = tell_closed.send(());
            })
            .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { events, orders, closed, monitor })
    }

    /// The next event. Safe to drop while waiting.
    pub async fn next(&mut self) -> SourceEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => SourceEvent::Failed("the polling thread ended".to_owned()),
        }
    }

    /// Commits; the answer arrives as [`SourceEvent::Committed`]. Claims that are no longer ours are left out.
    pub fn commit(&self, frontiers: Vec<Frontier>) {
        self.order(Order::Commit(frontiers));
    }

    /// Reads no further from these for now. Drops what was fetched ahead, so do it rarely.
    pub fn pause(&self, epochs: Vec<Epoch>) {
        self.order(Order::Pause(epochs));
    }

    /// Reads on.
    pub fn resume(&self, epochs: Vec<Epoch>) {
        self.order(Order::Resume(epochs));
    }

    /// Lets go of revoked partitions.
    pub fn release(&self, epochs: Vec<Epoch>) {
        self.order(Order::Release(epochs));
    }

    /// What to watch the source by.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Leaves the group. Says whether that took no longer than the limit; if it did, the thread is left behind and the
    /// process should end.
    pub async fn close(self, limit: Duration) -> bool {
        let Self { events, orders, closed, .. } = self;
        let _ = orders.send(Order::Close);
        drop(events);
        tokio::time::timeout(limit, closed).await.is_ok()
    }

    fn order(&self, order: Order) {
        // The thread only ends after a close or a failure that `next` reports.
        let _ = self.orders.send(order);
    }
}

fn client_config(settings: &KafkaSettings, options: &SourceOptions) -> ClientConfig {
    let mut config = settings.client_config();
    let mut defaults = vec![
        // What is fetched ahead is bounded for the whole client.
        ("queued.min.messages", "10000".to_owned()),
        ("queued.max.messages.kbytes", "16384".to_owned()),
        // The default of 1 s would let a drained queue starve.
        ("fetch.queue.backoff.ms", "10".to_owned()),
        ("fetch.message.max.bytes", (options.max_record_bytes + 64 * 1024).to_string()),
    ];
    // With the newer group protocol (KIP-848, opt-in) the broker decides these.
    if config.get("group.protocol") != Some("consumer") {
        defaults.push(("partition.assignment.strategy", "cooperative-sticky".to_owned()));
        defaults.push(("session.timeout.ms", "6000".to_owned()));
        // A revoked partition's gap falls from 3 s to 1 s.
        defaults.push(("heartbeat.interval.ms", "500".to_owned()));
    }
    for (name, value) in defaults {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    // Not for configuration to change: what is read is committed, and what is done is for the tracker alone to say.
    config.set("isolation.level", "read_committed");
    // Never a silent jump: see `reach`.
    config.set("auto.offset.reset", "error");
    config.set("group.id", &options.group);
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("allow.auto.create.topics", "false");
    config
}

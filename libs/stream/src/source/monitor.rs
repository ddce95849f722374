//! A source as it is seen from outside: by probes and by metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tokio::time::Instant;

use crate::telemetry::Teller;

/// Watches a source from outside. Registered as a collector it is the source's metrics.
#[derive(Clone, Debug)]
pub struct Monitor {
    started: Instant,
    last_poll: Arc<AtomicU64>,
    claims: tokio::sync::watch::Sender<Option<usize>>,
    gone: Arc<AtomicU64>,
    anew: Arc<AtomicU64>,
    commits_refused: Arc<AtomicU64>,
    rebalances: Arc<Mutex<Rebalances>>,
    shared_at: Arc<OnceLock<Instant>>,
}

/// How long a member that got nothing may still expect its share.
const SECOND_ROUND: Duration = Duration::from_secs(3);

impl Monitor {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            last_poll: Arc::default(),
            claims: tokio::sync::watch::Sender::new(None),
            gone: Arc::default(),
            anew: Arc::default(),
            commits_refused: Arc::default(),
            rebalances: Arc::default(),
            shared_at: Arc::default(),
        }
    }

    /// How long ago the client was polled. Growing means that the process hangs, whatever Kafka does.
    pub fn poll_age(&self) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(self.last_poll.load(Ordering::Relaxed)))
    }

    /// How many partitions are ours; none before the group has given us our share, be it nothing.
    pub fn claims(&self) -> Option<usize> {
        *self.claims.borrow()
    }

    /// A readiness probe: red until the group has given us our share for the first time.
    ///
    /// # Errors
    /// Says what is waited for.
    pub fn joined(&self) -> Result<(), String> {
        let waiting = || Err("waiting for the consumer group".to_owned());
        match self.claims() {
            None => waiting(),
            // A cooperative group gives a newcomer nothing at first, and its share a round later. Whoever goes by this
            // ends the next old member; that must not come before its partitions have somewhere to go.
            Some(0) if self.shared_at.get().is_none_or(|at| at.elapsed() < SECOND_ROUND) => waiting(),
            Some(_) => Ok(()),
        }
    }

    /// A liveness probe: red when nothing was polled for half a minute, whatever Kafka does.
    ///
    /// # Errors
    /// Says how long ago the last poll was.
    pub fn alive(&self) -> Result<(), String> {
        let age = self.poll_age();
        if age < Duration::from_secs(30) {
            Ok(())
        } else {
            Err(format!("the last poll was {} s ago", age.as_secs()))
        }
    }

    /// How many records were gone before they were read: loss, which nothing can mend.
    pub fn records_gone(&self) -> u64 {
        self.gone.load(Ordering::Relaxed)
    }

    /// How many partitions were found made anew under the same name, with fewer records than had been read, or more.
    pub fn logs_made_anew(&self) -> u64 {
        self.anew.load(Ordering::Relaxed)
    }

    pub(super) fn shared(&self, claims: usize) {
        self.shared_at.get_or_init(Instant::now);
        self.claims.send_replace(Some(claims));
    }

    pub(super) fn gone(&self, records: i64) {
        self.gone.fetch_add(u64::try_from(records).unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn made_anew(&self) {
        self.anew.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn commit_refused(&self) {
        self.commits_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether partitions are on their way to us or from us.
    pub(super) fn rebalancing(&self, under_way: bool) {
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).note(Instant::now(), under_way);
    }

    pub(super) fn polled(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_poll.store(millis, Ordering::Relaxed);
    }
}

/// How often partitions came or went, and how long that took.
#[derive(Debug, Default)]
struct Rebalances {
    count: u64,
    since: Option<Instant>,
    took: Duration,
}

impl Rebalances {
    fn note(&mut self, now: Instant, under_way: bool) {
        match (self.since, under_way) {
            (None, true) => {
                self.count += 1;
                self.since = Some(now);
            }
            (Some(since), false) => {
                self.took = now.duration_since(since);
                self.since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// The last one's length; of one that is under way, how long it has been so far.
    fn length(&self, now: Instant) -> Duration {
        self.since.map_or(self.took, |since| now.duration_since(since))
    }
}

impl Collector for Monitor {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut tell = Teller(encoder);
        let (count, length) = {
            let rebalances = self.rebalances.lock().unwrap_or_else(PoisonError::into_inner);
            (rebalances.count, rebalances.length(Instant::now()))
        };
        tell.number("partitions", "Partitions that are this process's.", self.claims().unwrap_or(0))?;
        tell.seconds("poll_age", "Since the consumer was polled last.", self.poll_age())?;
        tell.total("rebalances", "Times that partitions came to this process or were taken from it.", count)?;
        let help = "How long the last rebalance took, from its first word to the last partition handed over.";
        tell.seconds("rebalance", help, length)?;
        let refused = self.commits_refused.load(Ordering::Relaxed);
        tell.total("commits_refused", "Commits that were refused or not answered.", refused)?;
        let help =
            "Records that were gone before they were read: retention was over, or somebody deleted them.";
        tell.total("records_gone", help, self.records_gone())?;
        let help =
            "Partitions that were found made anew under the same name; they are read from their beginning.";
        tell.total("logs_made_anew", help, self.logs_made_anew())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebalance_lasts_from_its_first_word_until_nothing_is_on_its_way() {
        let (begin, mut rebalances) = (Instant::now(), Rebalances::default());
        let at = |seconds| begin + Duration::from_secs(seconds);
        rebalances.note(at(0), false);
        assert_eq!((rebalances.count, rebalances.length(at(9))), (0, Duration::ZERO));
        rebalances.note(at(10), true);
        rebalances.note(at(11), true);
        assert_eq!((rebalances.count, rebalances.length(at(12))), (1, Duration::from_secs(2)), "it goes on");
        rebalances.note(at(13), false);
        rebalances.note(at(20), false);
        assert_eq!((rebalances.count, rebalances.length(at(30))), (1, Duration::from_secs(3)));
    }
}

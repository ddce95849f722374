//! What the history tells of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use history::{Error, Written};
use process::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use stream::Monitor;
use wire::Record;

use super::read::Unreadable;

/// The history's metrics, and the log lines that go with them. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    metrics: Metrics,
    records: Counter,
    rows: Counter,
    unreadable: Counter,
    deleted: Counter,
    failures: Counter,
    seconds: Histogram,
    lag_records: Gauge,
    lag_seconds: Gauge<f64, AtomicU64>,
    /// When a line about an unreadable record was logged last, in milliseconds since the epoch.
    told: Arc<AtomicI64>,
    /// Whether the database failed last.
    away: Arc<AtomicBool>,
}

/// Upper bounds in seconds: a transaction of two thousand records takes a tenth.
const BOUNDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// How often is said that records cannot be read.
const QUIET: Duration = Duration::from_secs(60);

impl Telemetry {
    /// Registers the metrics.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let it = Self {
            metrics: metrics.clone(),
            records: Counter::default(),
            rows: Counter::default(),
            unreadable: Counter::default(),
            deleted: Counter::default(),
            failures: Counter::default(),
            seconds: Histogram::new(BOUNDS),
            lag_records: Gauge::default(),
            lag_seconds: Gauge::default(),
            told: Arc::default(),
            away: Arc::default(),
        };
        for (name, help, counter) in [
            ("history_records", "Records that were new to the history's database", &it.records),
            ("history_rows", "Rows written to the history's database", &it.rows),
            ("history_unreadable", "Records of the history's topics that say nothing", &it.unreadable),
            ("history_deleted", "Rows deleted from the history: too old, or too many", &it.deleted),
            ("history_failures", "Times that the history's database did not do what was asked", &it.failures),
        ] {
            metrics.register(name, help, counter.clone());
        }
        let help = "From the beginning of a transaction of the history to its end";
        metrics.register_with_unit("history_transaction", help, Unit::Seconds, it.seconds.clone());
        let help = "Records of the history's topics that are not in its database yet";
        metrics.register("history_lag_records", help, it.lag_records.clone());
        let help = "How old the newest record in the history's database is, where there are newer ones";
        metrics.register_with_unit("history_lag", help, Unit::Seconds, it.lag_seconds.clone());
        it
    }

    /// What the source tells of itself.
    pub(super) fn watch(&self, source: Monitor) {
        self.metrics.register_collector(source);
    }

    /// A transaction ended well.
    pub(super) fn written(&self, read: usize, written: Written, took: Duration) {
        self.records.inc_by(written.records as u64);
        self.rows.inc_by(written.rows as u64);
        self.seconds.observe(took.as_secs_f64());
        self.is_there();
        tracing::debug!(
            history.read = read,
            history.records = written.records,
            "records were written to the history"
        );
    }

    /// The database did not do what was asked. Said once until it does.
    pub(super) fn failed(&self, error: &Error) {
        self.failures.inc();
        let before = self.away.swap(true, Ordering::Relaxed);
        if !before {
            tracing::error!(%error, "the history's database does not do what is asked, trying again");
        }
    }

    /// A record says nothing. Said at most once a minute.
    pub(super) fn unreadable(&self, now: Timestamp, record: &Record, why: &Unreadable) {
        self.unreadable.inc();

        if now.since(Timestamp::from_millis(self.told.load(Ordering::Relaxed))) >= QUIET {
            self.told.store(now.as_millis(), Ordering::Relaxed);
            tracing::warn!(
                kafka.topic = &*record.topic,
                kafka.partition = record.partition.0,
                kafka.offset = record.offset.0,
                error = %why,
                "a record cannot be read into the history and is left out; others like it are only counted"
            );
        }
    }

    fn is_there(&self) {
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the history's database is there again");
        }
    }

    /// What is too old was looked for, and deleted.
    pub(super) fn trimmed(&self, gone: u64, took: Duration) {
        self.is_there();
        self.deleted.inc_by(gone);
        if gone > 0 {
            tracing::info!(history.deleted = gone, took_ms = took.as_millis(), "the history was trimmed");
        }
    }

    /// How far the database is behind.
    pub(super) fn lag(&self, records: i64, lag: Duration) {
        self.lag_records.set(records);
        self.lag_seconds.set(lag.as_secs_f64());
    }
}

//! Everything that this service can tell.

use std::time::Duration;

use domain::{DeathReason, Deferral, Outcome, Timestamp};
use outbound::Outbound;
use process::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Unit;
use wire::text;

use crate::held::Held;

/// The service's metrics. Clones share them.
#[derive(Clone)]
pub(crate) struct Telemetry {
    attempts: Family<OutcomeLabel, Counter>,
    /// Its exemplars are traces: an attempt that took long leads to all else that befell its event.
    duration: HistogramWithExemplars<TraceLabel>,
    latency: Histogram,
    delivered: Counter,
    event_latency: Histogram,
    retried: Counter,
    deferred: Family<ReasonLabel, Counter>,
    dead: Family<ReasonLabel, Counter>,
    unrecorded: Counter,
    held: Gauge,
    held_bytes: Gauge,
    open: Gauge,
    breakers_open: Gauge,
    baseless: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TraceLabel {
    trace_id: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            duration: HistogramWithExemplars::new(exponential_buckets(0.001, 2.0, 15)),
            latency: Histogram::new(exponential_buckets(0.002, 2.0, 16)),
            delivered: Counter::default(),
            // Up to the days that retries may take.
            event_latency: Histogram::new(exponential_buckets(0.05, 3.0, 15)),
            retried: Counter::default(),
            deferred: Family::default(),
            dead: Family::default(),
            unrecorded: Counter::default(),
            held: Gauge::default(),
            held_bytes: Gauge::default(),
            open: Gauge::default(),
            breakers_open: Gauge::default(),
            baseless: Gauge::default(),
        }
    }
}

impl Telemetry {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let t = Self::default();
        t.begin_at_zero();
        t.register_attempts(metrics);
        t.register_holdings(metrics);
        t
    }

    /// How connections to receivers are used.
    pub(crate) fn watch(metrics: &Metrics, outbound: &Outbound) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (opened, reused) = (outbound.clone(), outbound.clone());
        let help = "Connections opened to receivers since the start.";
        let read = move || number(opened.connections().opened);
        metrics.register_reading("outbound_connections_opened", help, read);
        let help = "Attempts that went over an open connection, since the start.";
        let read = move || number(reused.connections().reused);
        metrics.register_reading("outbound_connections_reused", help, read);
    }

    /// The first of its kind is to be seen as a change.
    fn begin_at_zero(&self) {
        for outcome in Outcome::CLASSES {
            drop(self.attempts.get_or_create(&OutcomeLabel { outcome }));
        }
        for why in Deferral::ALL {
            drop(self.deferred.get_or_create(&ReasonLabel { reason: why.name() }));
        }
        for reason in DeathReason::ALL {
            drop(self.dead.get_or_create(&ReasonLabel { reason: reason.name() }));
        }
    }

    fn register_attempts(&self, metrics: &Metrics) {
        let t = self;
        metrics.register("delivery_attempts", "Attempts, by what came of them", t.attempts.clone());
        metrics.register_with_unit(
            "delivery_attempt",
            "How long an attempt took",
            Unit::Seconds,
            t.duration.clone(),
        );
        let help = "From the record's writing to its first attempt's end";
        metrics.register_with_unit("delivery_first_attempt_latency", help, Unit::Seconds, t.latency.clone());
        metrics.register("delivery_delivered", "Deliveries that an endpoint has taken", t.delivered.clone());
        let help = "From an event's own time to when an endpoint has taken it, but for backfills and replays";
        let latency = t.event_latency.clone();
        metrics.register_with_unit("delivery_event_latency", help, Unit::Seconds, latency);
        metrics.register(
            "delivery_retried",
            "Deliveries moved to a tier after a failed attempt",
            t.retried.clone(),
        );
        metrics.register(
            "delivery_deferred",
            "Deliveries moved to a tier without an attempt, by reason",
            t.deferred.clone(),
        );
        metrics.register(
            "delivery_dead_letters",
            "Deliveries that failed for good, by reason",
            t.dead.clone(),
        );
        metrics.register(
            "delivery_attempts_unrecorded",
            "Attempts missing in the history",
            t.unrecorded.clone(),
        );
    }

    fn register_holdings(&self, metrics: &Metrics) {
        let t = self;
        metrics.register("delivery_held", "Records read and not done", t.held.clone());
        metrics.register_with_unit(
            "delivery_held",
            "Records read and not done",
            Unit::Bytes,
            t.held_bytes.clone(),
        );
        metrics.register("delivery_open", "POSTs running", t.open.clone());
        let help = "Webhooks whose endpoint is left alone for failing, or for having asked for it";
        metrics.register("delivery_breakers_open", help, t.breakers_open.clone());
        let help = "Deliveries that named a registry record which does not exist, since the start";
        metrics.register("delivery_baseless", help, t.baseless.clone());
    }

    /// An attempt ended; `trace` is that of its event, where traces are exported.
    pub(crate) fn attempted(&self, outcome: &'static str, took: Duration, trace: Option<&str>) {
        self.attempts.get_or_create(&OutcomeLabel { outcome }).inc();
        let exemplar = trace.map(|id| TraceLabel { trace_id: id.to_owned() });
        self.duration.observe(took.as_secs_f64(), exemplar, None);
    }

    pub(crate) fn first_attempt(&self, since_written: Duration) {
        self.latency.observe(since_written.as_secs_f64());
    }

    /// An endpoint has taken it. What was asked for anew, or for the first time after long, tells nothing of our speed.
    pub(crate) fn delivered(&self, now: Timestamp, held: &Held) {
        self.delivered.inc();
        let Ok(delivery) = &held.delivery else { return };
        let asked_for = delivery.backfill.is_some() || delivery.progress.replays > 0;
        let happened = delivery.time.as_deref().and_then(text::parse_rfc3339);
        if let Some(happened) = happened.filter(|_| !asked_for) {
            self.event_latency.observe(now.since(happened).as_secs_f64());
        }
    }

    pub(crate) fn retried(&self) {
        self.retried.inc();
    }

    pub(crate) fn deferred(&self, why: Deferral) {
        self.deferred.get_or_create(&ReasonLabel { reason: why.name() }).inc();
    }

    pub(crate) fn died(&self, reason: DeathReason) {
        self.dead.get_or_create(&ReasonLabel { reason: reason.name() }).inc();
    }

    pub(crate) fn attempt_not_recorded(&self) {
        self.unrecorded.inc();
    }

    pub(crate) fn breakers(&self, open: usize, baseless: u64) {
        self.breakers_open.set(i64::try_from(open).unwrap_or(i64::MAX));
        let before = self.baseless.set(i64::try_from(baseless).unwrap_or(i64::MAX));
        if u64::try_from(before).is_ok_and(|before| before < baseless) {
            tracing::warn!(
                baseless,
                "deliveries name records that the registry does not hold: was its topic made anew or mirrored?"
            );
        }
    }

    pub(crate) fn holding(&self, records: usize, bytes: usize, open: usize) {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.held.set(number(records));
        self.held_bytes.set(number(bytes));
        self.open.set(number(open));
    }
}

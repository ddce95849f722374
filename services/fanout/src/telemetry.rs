//! Everything that this service can tell.

use std::time::Duration;

use domain::DeathReason;
use process::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Unit;

/// The service's metrics. Clones share them.
#[derive(Clone)]
pub(crate) struct Telemetry {
    events: Counter,
    unmatched: Counter,
    narrowed: Counter,
    filter_failures: Counter,
    deliveries: Counter,
    rejected: Family<ReasonLabel, Counter>,
    holds: Counter,
    delay: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            events: Counter::default(),
            unmatched: Counter::default(),
            narrowed: Counter::default(),
            filter_failures: Counter::default(),
            deliveries: Counter::default(),
            rejected: Family::default(),
            holds: Counter::default(),
            delay: Histogram::new(exponential_buckets(0.001, 2.0, 18)),
        }
    }
}

impl Telemetry {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let telemetry = Self::default();
        let t = &telemetry;
        // From zero, so that the first of its kind is seen as a change.
        for reason in [DeathReason::Malformed, DeathReason::TooLarge] {
            drop(t.rejected.get_or_create(&ReasonLabel { reason: reason.name() }));
        }
        metrics.register("fanout_events", "Events that were understood", t.events.clone());
        metrics.register("fanout_events_unmatched", "Events that no webhook wanted", t.unmatched.clone());
        let help = "Webhooks that wanted an event's type and whose conditions it did not meet";
        metrics.register("fanout_narrowed", help, t.narrowed.clone());
        let help = "Filters that failed for an event, which counts as no match";
        metrics.register("fanout_filter_failures", help, t.filter_failures.clone());
        metrics.register("fanout_deliveries", "Delivery records made", t.deliveries.clone());
        metrics.register(
            "fanout_dead_letters",
            "Events that were not understood, by reason",
            t.rejected.clone(),
        );
        metrics.register("fanout_holds", "Times routing waited for a fresh registry", t.holds.clone());
        let help = "From an event's writing to its routing";
        metrics.register_with_unit("fanout_delay", help, Unit::Seconds, t.delay.clone());
        telemetry
    }

    pub(crate) fn routed(&self, deliveries: usize, since_written: Duration) {
        self.events.inc();
        self.deliveries.inc_by(deliveries as u64);
        if deliveries == 0 {
            self.unmatched.inc();
        }
        self.delay.observe(since_written.as_secs_f64());
    }

    /// Webhooks that do not get an event though they want its type, failures among them.
    pub(crate) fn narrowed(&self, webhooks: usize) {
        self.narrowed.inc_by(webhooks as u64);
    }

    pub(crate) fn filter_failed(&self) {
        self.filter_failures.inc();
    }

    pub(crate) fn rejected(&self, reason: DeathReason) {
        self.rejected.get_or_create(&ReasonLabel { reason: reason.name() }).inc();
    }

    pub(crate) fn held(&self) {
        self.holds.inc();
    }
}

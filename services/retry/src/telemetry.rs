//! Everything that this service can tell.

use std::time::Duration;

use process::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Unit;
use wire::topics::Topics;

/// The service's metrics. Clones share them.
#[derive(Clone)]
pub(crate) struct Telemetry {
    released: Family<Tier, Counter>,
    lateness: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tier {
    topic: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { released: Family::default(), lateness: Histogram::new(exponential_buckets(0.005, 2.0, 16)) }
    }
}

impl Telemetry {
    pub(crate) fn register(metrics: &Metrics, topics: &Topics) -> Self {
        let telemetry = Self::default();
        for (_, topic) in topics.retries() {
            drop(telemetry.released.get_or_create(&Tier { topic: topic.to_string() }));
        }
        metrics.register(
            "retry_released",
            "Records put back on deliveries, by tier",
            telemetry.released.clone(),
        );
        metrics.register_with_unit(
            "retry_lateness",
            "How long after it was due a record was put back",
            Unit::Seconds,
            telemetry.lateness.clone(),
        );
        telemetry
    }

    pub(crate) fn released(&self, topic: &str, late: Duration) {
        self.released.get_or_create(&Tier { topic: topic.to_owned() }).inc();
        self.lateness.observe(late.as_secs_f64());
    }
}

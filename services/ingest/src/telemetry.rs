//! Every metric of this service, and the log lines that go with them.

use std::fmt;
use std::time::Duration;

use process::Metrics;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::refusal::Refusal;

/// The service's metrics.
#[derive(Clone, Debug)]
pub struct Telemetry {
    requests: Family<Status, Counter>,
    accepted: Counter,
    refused: Family<Reason, Counter>,
    received: Counter,
    produce: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Upper bounds in seconds: an acknowledgement takes milliseconds, or Kafka is in trouble.
const BOUNDS: [f64; 11] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Telemetry {
    /// Registers the metrics.
    pub fn new(metrics: &Metrics) -> Self {
        let telemetry = Self {
            requests: Family::default(),
            accepted: Counter::default(),
            refused: Family::default(),
            received: Counter::default(),
            produce: Histogram::new(BOUNDS),
        };
        // From zero, so that the first of its kind is seen as a change.
        for status in ["2xx", "4xx", "5xx"] {
            drop(telemetry.requests.get_or_create(&Status { status }));
        }
        for reason in Refusal::CODES {
            drop(telemetry.refused.get_or_create(&Reason { reason }));
        }
        metrics.register(
            "ingest_requests",
            "Requests answered, by class of status",
            telemetry.requests.clone(),
        );
        metrics.register("ingest_events", "Events answered 202", telemetry.accepted.clone());
        metrics.register(
            "ingest_refused",
            "Requests refused, by the problem's code",
            telemetry.refused.clone(),
        );
        let received = telemetry.received.clone();
        metrics.register_with_unit("ingest_received", "Bodies read, decompressed", Unit::Bytes, received);
        let produce = telemetry.produce.clone();
        metrics.register_with_unit(
            "ingest_produce",
            "From the first record to the last ack",
            Unit::Seconds,
            produce,
        );
        telemetry
    }

    /// Shows how many bytes of bodies are held, whenever somebody asks.
    pub fn show_held(metrics: &Metrics, held: impl Fn() -> usize + Send + Sync + 'static) {
        metrics.register_collector(HeldBytes(Box::new(held)));
    }

    /// A body was read.
    pub fn body_read(&self, bytes: usize) {
        self.received.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Kafka answered for every record of a request.
    pub fn produced(&self, took: Duration) {
        self.produce.observe(took.as_secs_f64());
    }

    /// A request was answered 202.
    pub fn accepted(&self, events: usize) {
        self.accepted.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
        self.requests.get_or_create(&Status { status: "2xx" }).inc();
    }

    /// A request was refused.
    pub fn refused(&self, refusal: &Refusal, status: u16) {
        let reason = refusal.code();
        let class = if status >= 500 { "5xx" } else { "4xx" };
        self.requests.get_or_create(&Status { status: class }).inc();
        self.refused.get_or_create(&Reason { reason }).inc();
        match refusal {
            Refusal::Unavailable(why) => {
                tracing::warn!(refusal.reason = reason, error = why, "events were not taken")
            }
            Refusal::Busy | Refusal::Starting => {
                tracing::warn!(refusal.reason = reason, "events were not taken")
            }
            Refusal::Unauthenticated(_)
            | Refusal::Forbidden(_)
            | Refusal::TooLarge(_)
            | Refusal::UnsupportedType(_)
            | Refusal::UnsupportedEncoding(_)
            | Refusal::SlowBody
            | Refusal::Invalid(_) => tracing::debug!(refusal.reason = reason, "a request was refused"),
        }
    }
}

struct HeldBytes(Box<dyn Fn() -> usize + Send + Sync>);

impl fmt::Debug for HeldBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldBytes").field(&(self.0)()).finish()
    }
}

impl Collector for HeldBytes {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let held = ConstGauge::new(u64::try_from((self.0)()).unwrap_or(u64::MAX));
        let help = "Bodies in memory, decompressed.";
        held.encode(encoder.encode_descriptor("ingest_held", help, Some(&Unit::Bytes), held.metric_type())?)
    }
}

//! What is measured, in which order, and how much of it.

use std::time::Duration;

/// One measurement: it has a room of its own and a time that it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Ceilings,
    Raw,
    Delivery,
    Fanout,
    Ingest,
    Import,
    EndToEnd,
    EndToEndBatch,
    FanoutFive,
    Scaling,
    Batched,
    Latency,
    Isolation,
    Route,
    Filter,
    Idle,
    Deferral,
}

impl Measure {
    /// All, in their order.
    pub(super) const ALL: [Self; 17] = [
        Self::Ceilings,
        Self::Raw,
        Self::Delivery,
        Self::Fanout,
        Self::Ingest,
        Self::Import,
        Self::EndToEnd,
        Self::EndToEndBatch,
        Self::FanoutFive,
        Self::Scaling,
        Self::Batched,
        Self::Latency,
        Self::Isolation,
        Self::Route,
        Self::Filter,
        Self::Idle,
        Self::Deferral,
    ];

    /// What `--only` calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ceilings => "ceilings",
            Self::Raw => "raw",
            Self::Delivery => "delivery",
            Self::Fanout => "fanout",
            Self::Ingest => "ingest",
            Self::Import => "import",
            Self::EndToEnd => "end_to_end",
            Self::EndToEndBatch => "end_to_end_batch100",
            Self::FanoutFive => "fanout5",
            Self::Scaling => "scaling",
            Self::Batched => "batched",
            Self::Latency => "latency",
            Self::Isolation => "isolation",
            Self::Route => "route",
            Self::Filter => "filter",
            Self::Idle => "idle",
            Self::Deferral => "deferral",
        }
    }

    /// The figures that it owes: those that it does not bring are null, and there is a reason.
    pub(super) const fn figures(self) -> &'static [&'static str] {
        match self {
            Self::Ceilings => &["ceilings.receiver_per_s", "ceilings.generator_per_s"],
            Self::Raw => &["raw_post_per_s"],
            Self::Delivery => &["delivery_per_s", "cpu_us_per_delivery"],
            Self::Fanout => &["fanout_per_s.x1", "fanout_per_s.x10"],
            Self::Ingest => &["ingest_per_s"],
            Self::Import => &["import_lines_per_s", "import_rss_mb.whole", "import_rss_mb.growth"],
            Self::EndToEnd => &["end_to_end_per_s"],
            Self::EndToEndBatch => &["end_to_end_batch100_per_s"],
            Self::FanoutFive => &["fanout5_deliveries_per_s"],
            Self::Scaling => &["scaling"],
            Self::Batched => &["batched_events_per_s"],
            Self::Latency => &["latency_ms.at_200.p50", "latency_ms.at_1000.p50", "latency_ms.at_1000.p99"],
            Self::Isolation => &["isolation.clean.healthy_p99", "isolation.hanging.ratio"],
            Self::Route => &["route_ns.at_100", "route_ns.at_10000", "route_ns.at_100000", "route_ns.growth"],
            Self::Filter => &[
                "filter_ns.at_1",
                "filter_ns.at_100",
                "filter_ns.at_10000",
                "filter_ns.each",
                "filter_ns.equal_10000",
            ],
            Self::Idle => &["idle_webhook_bytes"],
            Self::Deferral => &["deferral_kafka_bytes_per_s", "rss_mb.waiting.delivery"],
        }
    }

    /// Whether Kafka takes part.
    pub(super) const fn needs_kafka(self) -> bool {
        !matches!(self, Self::Ceilings | Self::Raw | Self::Route | Self::Filter)
    }

    /// Whether once a run is enough: it takes minutes, or does not vary.
    pub(super) const fn is_once(self) -> bool {
        matches!(self, Self::Deferral | Self::Idle)
    }

    /// How long it may take, its room not counted.
    pub(super) const fn bound(self) -> Duration {
        match self {
            Self::Deferral => Duration::from_secs(360),
            Self::Scaling | Self::Isolation | Self::Latency => Duration::from_secs(150),
            Self::Ceilings | Self::Raw | Self::Delivery | Self::Fanout | Self::Ingest | Self::Import => SHORT,
            Self::EndToEnd | Self::EndToEndBatch | Self::FanoutFive | Self::Batched => SHORT,
            Self::Route | Self::Filter | Self::Idle => SHORT,
        }
    }
}

/// Enough for a load, and for what it leaves behind to arrive.
const SHORT: Duration = Duration::from_secs(90);

/// How much of everything.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    /// How long a flat-out load lasts.
    pub(super) load: Duration,
    /// Deliveries to be drained.
    pub(super) deliveries: u64,
    /// Events to be fanned out, with one match each, and with ten.
    pub(super) events: u64,
    pub(super) events_by_ten: u64,
    /// Lines of a log.
    pub(super) import: u64,
    /// How long scaling is looked at.
    pub(super) scaling: Duration,
    /// Deliveries to be sent in batches.
    pub(super) batched: u64,
    /// How long latencies are measured, and how long before that nothing is.
    pub(super) latency: Duration,
    pub(super) warm_up: Duration,
    /// Webhooks that have nothing to do.
    pub(super) idle: usize,
    /// Records behind an endpoint that fails, and how long they are looked at.
    pub(super) waiting: u64,
    pub(super) waiting_for: Duration,
}

impl Sizes {
    /// For figures that one can go by.
    pub(super) const DEFAULT: Self = Self {
        load: Duration::from_secs(8),
        deliveries: 120_000,
        events: 200_000,
        events_by_ten: 30_000,
        import: 1_000_000,
        scaling: Duration::from_secs(8),
        batched: 300_000,
        latency: Duration::from_secs(12),
        warm_up: Duration::from_secs(3),
        idle: 20_000,
        waiting: 1_000_000,
        waiting_for: Duration::from_secs(60),
    };

    /// To see that everything works.
    pub(super) const QUICK: Self = Self {
        load: Duration::from_secs(1),
        deliveries: 5_000,
        events: 10_000,
        events_by_ten: 1_000,
        import: 20_000,
        scaling: Duration::from_secs(2),
        batched: 10_000,
        latency: Duration::from_secs(2),
        warm_up: Duration::from_secs(1),
        idle: 2_000,
        waiting: 20_000,
        waiting_for: Duration::from_secs(4),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_described() {
        let page = include_str!("../../../docs/benchmarks.md");
        for name in Measure::ALL.iter().flat_map(|measure| measure.figures()) {
            let first = name.split('.').next().unwrap_or_default();
            assert!(page.contains(&format!("`{first}")), "{name}");
        }
    }

    #[test]
    fn every_measurement_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Measure::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Measure::ALL.len());
    }
}

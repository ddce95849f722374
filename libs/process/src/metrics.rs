//! The metrics of one process, in OpenMetrics text.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Metric, Registry, Unit};

/// What `/metrics` answers with.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A registry whose names all begin with `postbode_`. Clones share it; callers keep a clone of each metric's handle.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// No metrics yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Registry::with_prefix("postbode"))))
    }

    /// Adds a metric. `name` is without `postbode_` and without the suffix that its type brings (`_total` of a counter);
    /// `help` is without a full stop at its end.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.with(|registry| registry.register(name, help, metric));
    }

    /// Adds a metric with a unit, which becomes the end of its name (`_seconds`, `_bytes`).
    pub fn register_with_unit(&self, name: &str, help: &str, unit: Unit, metric: impl Metric) {
        self.with(|registry| registry.register_with_unit(name, help, unit, metric));
    }

    /// Adds something that is asked for its metrics at each scrape.
    pub fn register_collector(&self, collector: impl Collector) {
        self.with(|registry| registry.register_collector(Box::new(collector)));
    }

    /// Adds a number that is asked for at each scrape: something that is kept elsewhere already.
    pub fn register_reading(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        self.register_collector(Reading { name, help, read: Box::new(read) });
    }

    /// All metrics as OpenMetrics text.
    ///
    /// # Errors
    /// When a metric's own encoder fails.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        self.with(|registry| prometheus_client::encoding::text::encode(&mut text, registry))?;
        Ok(text)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Registry) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A gauge that is read when it is asked for.
struct Reading {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reading({})", self.name)
    }
}

impl Collector for Reading {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gauge = ConstGauge::new((self.read)());
        let metric = encoder.encode_descriptor(self.name, self.help, None, gauge.metric_type())?;
        gauge.encode(metric)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;

    use super::*;

    #[test]
    fn a_reading_is_taken_at_each_scrape() {
        let (metrics, number) = (Metrics::new(), Arc::new(Mutex::new(1)));
        let read = Arc::clone(&number);
        metrics.register_reading("depth", "How deep", move || *read.lock().unwrap());
        assert!(metrics.encode().unwrap().contains("\npostbode_depth 1\n"));
        *number.lock().unwrap() = 7;
        assert!(metrics.encode().unwrap().contains("\npostbode_depth 7\n"));
    }

    #[test]
    fn names_carry_prefix_unit_and_suffix() {
        let metrics = Metrics::new();
        let seen = Counter::<u64>::default();
        metrics.register("events", "Events seen", seen.clone());
        let held = Gauge::<i64>::default();
        metrics.register_with_unit("held", "Bytes held", Unit::Bytes, held.clone());
        seen.inc();
        held.set(7);
        let text = metrics.encode().unwrap();
        assert!(text.contains("postbode_events_total 1\n"), "{text}");
        assert!(
            text.contains("# UNIT postbode_held_bytes bytes\n") && text.contains("postbode_held_bytes 7\n"),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"));
    }
}

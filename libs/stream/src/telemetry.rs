//! How the parts of this crate tell `/metrics` of themselves: each is a collector, asked at each scrape.

use std::fmt::{Debug, Formatter, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Tells numbers, by names without `postbode_`, unit and `_total`.
pub(crate) struct Teller<'a>(pub(crate) DescriptorEncoder<'a>);

impl Teller<'_> {
    pub(crate) fn number(&mut self, name: &str, help: &str, number: usize) -> Result {
        self.one(name, help, None, &ConstGauge::new(u64::try_from(number).unwrap_or(u64::MAX)))
    }

    pub(crate) fn seconds(&mut self, name: &str, help: &str, length: Duration) -> Result {
        self.one(name, help, Some(&Unit::Seconds), &ConstGauge::new(length.as_secs_f64()))
    }

    /// From 0 to 1.
    pub(crate) fn ratio(&mut self, name: &str, help: &str, ratio: f64) -> Result {
        self.one(name, help, Some(&Unit::Other("ratio".to_owned())), &ConstGauge::new(ratio))
    }

    pub(crate) fn total(&mut self, name: &str, help: &str, total: u64) -> Result {
        self.one(name, help, None, &ConstCounter::new(total))
    }

    /// One number for each topic.
    pub(crate) fn totals<'t>(
        &mut self,
        name: &str,
        help: &str,
        by_topic: impl Iterator<Item = (&'t str, u64)>,
    ) -> Result {
        let kind = ConstCounter::new(0_u64).metric_type();
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (topic, total) in by_topic {
            ConstCounter::new(total).encode(family.encode_family(&[("topic", topic)])?)?;
        }
        Ok(())
    }

    fn one(&mut self, name: &str, help: &str, unit: Option<&Unit>, metric: &impl EncodeMetric) -> Result {
        metric.encode(self.0.encode_descriptor(name, help, unit, metric.metric_type())?)
    }
}

/// How far a reader is ahead of what is done.
#[derive(Clone)]
pub struct ReadAhead {
    state: Arc<Mutex<Ahead>>,
    clock: Arc<dyn Clock>,
}

/// What there is to say of what was read and is not done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ahead {
    /// Since when the oldest record could have been done that was read and is not done; none where all is done.
    pub oldest: Option<Timestamp>,
    /// How full the fullest partition's window is, from 0 to 1.
    pub fill: f64,
    /// Records that could be begun now.
    pub due: usize,
}

impl ReadAhead {
    /// Nothing is read yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Arc::default(), clock }
    }

    /// How it is now.
    pub fn tell(&self, ahead: Ahead) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
    }
}

impl Debug for ReadAhead {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("ReadAhead").field(&self.state).finish()
    }
}

impl Collector for ReadAhead {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result {
        let Ahead { oldest, fill, due } = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let age = oldest.map_or(Duration::ZERO, |oldest| self.clock.now().since(oldest));
        let mut tell = Teller(encoder);
        let help = "How long the oldest record that was read and is not done could have been done: since it was \
                    written; in a tier, since it was due.";
        tell.seconds("frontier_age", help, age)?;
        let help = "How much of its window for reading ahead the fullest partition has used. One with a full \
                    window is read no further.";
        tell.ratio("window_fill", help, fill)?;
        let help = "Records read that could be begun now and are not: what they wait for is this process or \
                    Kafka. What is not read yet is not among them.";
        tell.number("due", help, due)
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0)
        }
    }

    fn told(collector: impl Collector) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(collector));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn the_oldest_records_age_grows_by_itself() {
        let ahead = ReadAhead::new(Arc::new(At(95_000)));
        assert!(told(ahead.clone()).contains("frontier_age_seconds 0.0\n"), "nothing is read");
        ahead.tell(Ahead { oldest: Some(Timestamp::from_millis(5_500)), fill: 0.25, due: 7 });
        let text = told(ahead);
        for line in ["frontier_age_seconds 89.5\n", "window_fill_ratio 0.25\n", "\ndue 7\n"] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}

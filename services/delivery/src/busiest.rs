//! Metrics by webhook, for operators who ask for them: of the few webhooks that are called most, so that the series do not
//! grow with the customers.

use std::collections::HashMap;
use std::fmt::{Debug, Formatter, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{AccountId, Clock, Outcome, Timestamp, Webhook, WebhookId};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Unit;

/// What an attempt weighs is halved in this time: who was busy an hour ago makes room for who is busy now.
const HALF_LIFE: Duration = Duration::from_secs(10 * 60);

/// Who was called so little, or so long ago, is forgotten: a single attempt after two hours.
const FORGOTTEN: f64 = 1.0 / 4096.0;

/// The webhooks that this process calls, and which of them it calls most. Clones share them.
#[derive(Clone)]
pub(crate) struct Busiest {
    most: usize,
    clock: Arc<dyn Clock>,
    webhooks: Arc<Mutex<HashMap<WebhookId, Calls>>>,
}

/// What one webhook was called.
struct Calls {
    account: AccountId,
    /// By [`Outcome::CLASSES`].
    attempts: [u64; Outcome::CLASSES.len()],
    took: Duration,
    /// Its attempts, old ones for less, as it was at `since`.
    weight: f64,
    since: Timestamp,
}

impl Calls {
    fn weight_at(&self, now: Timestamp) -> f64 {
        self.weight * (-(now.since(self.since).as_secs_f64() / HALF_LIFE.as_secs_f64())).exp2()
    }
}

impl Busiest {
    /// Tells of so many webhooks; 0 keeps nothing and tells nothing.
    pub(crate) fn new(most: usize, clock: Arc<dyn Clock>) -> Self {
        Self { most, clock, webhooks: Arc::default() }
    }

    /// An attempt for a webhook ended.
    pub(crate) fn attempted(&self, webhook: &Webhook, outcome: &'static str, took: Duration) {
        if self.most == 0 {
            return;
        }
        let now = self.clock.now();
        let mut webhooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = webhooks.entry(webhook.id.clone()).or_insert_with(|| Calls {
            account: webhook.account.clone(),
            attempts: [0; Outcome::CLASSES.len()],
            took: Duration::ZERO,
            weight: 0.0,
            since: now,
        });
        calls.weight = calls.weight_at(now) + 1.0;
        calls.since = now;
        calls.took += took;
        if let Some(class) = Outcome::CLASSES.iter().position(|class| *class == outcome) {
            calls.attempts[class] += 1;
        }
    }
}

impl Debug for Busiest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Busiest").field("most", &self.most).finish_non_exhaustive()
    }
}

impl Collector for Busiest {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result {
        if self.most == 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let mut webhooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        webhooks.retain(|_, calls| calls.weight_at(now) > FORGOTTEN);
        let weighed = webhooks.iter().map(|(id, calls)| (calls.weight_at(now), id, calls));
        let mut busiest: Vec<(f64, &WebhookId, &Calls)> = weighed.collect();
        busiest.sort_by(|(a, id, _), (b, other, _)| b.total_cmp(a).then_with(|| id.cmp(other)));
        busiest.truncate(self.most);

        let kind = ConstCounter::new(0_u64).metric_type();
        let help =
            "Attempts of the webhooks that are called most (delivery.webhook_metrics), by what came of them.";
        let mut family = encoder.encode_descriptor("delivery_webhook_attempts", help, None, kind)?;
        for (_, id, calls) in &busiest {
            let (webhook, account) = (id.to_string(), calls.account.to_string());
            let made = Outcome::CLASSES.iter().zip(calls.attempts).filter(|(_, attempts)| *attempts > 0);
            for (outcome, attempts) in made {
                let labels = [("webhook", &*webhook), ("account", &*account), ("outcome", outcome)];
                ConstCounter::new(attempts).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "How long the attempts of the webhooks that are called most took, together.";
        let unit = Some(&Unit::Seconds);
        let mut family = encoder.encode_descriptor("delivery_webhook_attempt_time", help, unit, kind)?;
        for (_, id, calls) in &busiest {
            let labels = [("webhook", id.to_string()), ("account", calls.account.to_string())];
            ConstCounter::new(calls.took.as_secs_f64()).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    impl Hands {
        fn turn(&self, by: Duration) {
            self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
        }
    }

    fn busiest(most: usize) -> (Busiest, Arc<Hands>, process::Metrics) {
        let (clock, metrics) = (Arc::new(Hands::default()), process::Metrics::new());
        let busiest = Busiest::new(most, Arc::clone(&clock) as Arc<dyn Clock>);
        metrics.register_collector(busiest.clone());
        (busiest, clock, metrics)
    }

    fn call(busiest: &Busiest, webhook: &str, times: usize) {
        let webhook = domain::fixtures::webhook(webhook, "acme", &[]);
        for _ in 0..times {
            busiest.attempted(&webhook, "success", Duration::from_millis(250));
        }
    }

    fn told(metrics: &process::Metrics) -> Vec<String> {
        let text = metrics.encode().unwrap();
        let ours = |line: &&str| line.starts_with("postbode_delivery_webhook_");
        text.lines().filter(ours).map(|line| line["postbode_delivery_webhook_".len()..].to_owned()).collect()
    }

    #[test]
    fn nobody_is_named_unless_somebody_asked_for_it() {
        let (busiest, _, metrics) = busiest(0);
        call(&busiest, "wh_1", 3);
        assert!(!metrics.encode().unwrap().contains("webhook"));
        assert!(busiest.webhooks.lock().unwrap().is_empty());
    }

    #[test]
    fn the_ones_that_are_called_most_are_told_of_by_outcome_and_time() {
        let (busiest, _, metrics) = busiest(2);
        call(&busiest, "wh_1", 1);
        call(&busiest, "wh_2", 3);
        call(&busiest, "wh_3", 2);
        let failing = domain::fixtures::webhook("wh_3", "acme", &[]);
        busiest.attempted(&failing, "server-error", Duration::from_secs(1));
        assert_eq!(
            told(&metrics),
            [
                "attempts_total{webhook=\"wh_2\",account=\"acme\",outcome=\"success\"} 3",
                "attempts_total{webhook=\"wh_3\",account=\"acme\",outcome=\"success\"} 2",
                "attempts_total{webhook=\"wh_3\",account=\"acme\",outcome=\"server-error\"} 1",
                "attempt_time_seconds_total{webhook=\"wh_2\",account=\"acme\"} 0.75",
                "attempt_time_seconds_total{webhook=\"wh_3\",account=\"acme\"} 1.5",
            ]
        );
    }

    #[test]
    fn who_was_busy_once_makes_room_and_has_not_lost_its_count_when_it_comes_back() {
        let (busiest, clock, metrics) = busiest(1);
        let first = |webhook: &str, attempts: usize| {
            let line = format!(
                "attempts_total{{webhook=\"{webhook}\",account=\"acme\",outcome=\"success\"}} {attempts}"
            );
            assert_eq!(told(&metrics)[0], line);
        };
        call(&busiest, "wh_1", 100);
        clock.turn(3 * HALF_LIFE);
        call(&busiest, "wh_2", 20);
        first("wh_2", 20);
        call(&busiest, "wh_1", 10);
        first("wh_1", 110);
    }

    #[test]
    fn who_is_not_called_any_more_is_forgotten() {
        let (busiest, clock, metrics) = busiest(5);
        call(&busiest, "wh_1", 1);
        clock.turn(11 * HALF_LIFE);
        assert_eq!(told(&metrics).len(), 2);
        clock.turn(2 * HALF_LIFE);
        assert_eq!(told(&metrics).len(), 0);
        assert!(busiest.webhooks.lock().unwrap().is_empty());
    }
}

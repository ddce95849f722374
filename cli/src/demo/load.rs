//! The stream of events: lifelike, at a pace, in batches, and booked when ingest has taken them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{AccountId, Clock as _, DeliveryId, Event, WebhookId};
use tokio::time::{Interval, MissedTickBehavior, interval};
use wire::catalogue;

use super::books::{Books, Wants};
use crate::events::{Batch, Sender};

/// What is sent, how fast, and to whose books.
pub(super) struct Load {
    /// Sends to ingest in the account's name.
    pub(super) sender: Sender,
    /// Whose mail it is about.
    pub(super) account: AccountId,
    /// The webhooks.
    pub(super) hooks: Vec<Hook>,
    /// The books.
    pub(super) books: Arc<Books>,
    /// How many events in all; none means without end.
    pub(super) events: Option<u64>,
    /// How many a second; none means as fast as they are taken.
    pub(super) rate: Option<u32>,
}

/// A webhook that events may go to.
pub(super) struct Hook {
    /// Its id.
    pub(super) id: WebhookId,
    /// Which events it wants.
    pub(super) wants: Wants,
}

/// The source of the demo's events, which ingest is configured with.
pub(super) const SOURCE: &str = "/demo";

/// Events in a batch where there is no pace to keep.
const LARGEST_BATCH: u64 = 250;
/// Batches a second where there is one.
const BATCHES_PER_SECOND: u32 = 5;

impl Load {
    /// Sends until all is sent or it is told to stop, which it does between batches: what was taken is booked.
    ///
    /// # Errors
    /// When ingest refuses, or cannot be reached for long.
    pub(super) async fn run(&self, run: &str, stop: &AtomicBool) -> anyhow::Result<()> {
        let (size, mut pace) = rhythm(self.rate);
        let mut sent = 0;
        while self.events.is_none_or(|events| sent < events) && !stop.load(Ordering::Relaxed) {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let left = self.events.map_or(size, |events| events - sent);
            let (batch, kinds) = batch(run, sent, size.min(left));
            let taken = self.sender.send(&batch).await?;
            let count = kinds.len();
            anyhow::ensure!(taken.ids.len() == count, "ingest named {} of {count} events", taken.ids.len());
            let events = kinds.iter().zip(&taken.ids);
            let promised: Vec<_> = events.flat_map(|(kind, id)| self.deliveries(kind, id)).collect();
            self.books.promised(count as u64, &promised);
            sent += count as u64;
        }
        Ok(())
    }

    /// What must follow from an event.
    fn deliveries(&self, kind: &str, id: &str) -> Vec<DeliveryId> {
        let event =
            Event { id: id.into(), source: SOURCE.into(), kind: kind.into(), account: self.account.clone() };
        let wanting = self.hooks.iter().filter(|hook| hook.wants.contains(kind));
        wanting.map(|hook| event.delivery_to(&hook.id)).collect()
    }
}

/// The events from the nth on, and their types.
fn batch(run: &str, first: u64, count: u64) -> (Batch, Vec<&'static str>) {
    let now = process::SystemClock.now();
    let numbers: Vec<_> = (first..first + count).collect();
    let kinds: Vec<_> = numbers.iter().map(|n| catalogue::mix(*n)).collect();
    let events = numbers.iter().zip(&kinds).map(|(n, kind)| catalogue::sample_at(kind, *n, now));
    let body = format!("[{}]", events.collect::<Vec<_>>().join(","));
    (Batch { key: format!("{run}-{first}"), body: body.into(), numbers }, kinds)
}

/// How many events to a batch, and when the next one is due.
fn rhythm(rate: Option<u32>) -> (u64, Option<Interval>) {
    let Some(rate) = rate else { return (LARGEST_BATCH, None) };
    let size = u64::from(rate.div_ceil(BATCHES_PER_SECOND)).clamp(1, LARGEST_BATCH);
    let period = Duration::from_secs_f64(size as f64 / f64::from(rate.max(1)));
    let mut pace = interval(period);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    (size, Some(pace))
}

#[cfg(test)]
mod tests {
    use process::Secret;

    use super::*;
    use crate::rest::Rest;

    #[test]
    fn an_event_must_follow_to_each_webhook_that_wants_it() {
        let hook = |id: &str, wants| Hook { id: id.into(), wants };
        let only_abuse = Wants::Only(["abuse"].into());
        let load = Load {
            sender: Sender::new(
                Rest::new("http://127.0.0.1:1", &Secret::new("key")).unwrap(),
                None,
                Duration::ZERO,
            ),
            account: "demo".into(),
            hooks: vec![hook("wh_all", Wants::Everything), hook("wh_abuse", only_abuse)],
            books: Arc::default(),
            events: None,
            rate: None,
        };
        assert_eq!((load.deliveries("open", "e1").len(), load.deliveries("abuse", "e1").len()), (1, 2));
        assert_ne!(load.deliveries("open", "e1"), load.deliveries("open", "e2"));
    }

    #[test]
    fn the_first_dozen_shows_every_type_and_is_valid() {
        let (batch, kinds) = batch("run", 0, 12);
        assert_eq!((batch.key.as_str(), batch.numbers.len(), kinds.len()), ("run-0", 12, 12));
        let events: Vec<serde_json::Value> = serde_json::from_slice(&batch.body).unwrap();
        for (event, kind) in events.iter().zip(kinds) {
            assert_eq!(event["type"], kind);
            assert_eq!(catalogue::validate(kind, event), [], "{event}");
        }
    }

    #[tokio::test]
    async fn a_pace_is_kept_by_batches_of_a_size() {
        let size = |rate| rhythm(Some(rate)).0;
        assert_eq!((size(1), size(50), size(100_000)), (1, 10, 250));
        let period = rhythm(Some(50)).1.unwrap().period();
        assert_eq!(period, Duration::from_millis(200));
        assert!(rhythm(None).1.is_none());
    }
}

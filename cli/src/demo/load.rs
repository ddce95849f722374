//! The stream of events: lifelike, at a pace, in batches, and booked when ingest has taken them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Clock as _;
use tokio::time::{Interval, MissedTickBehavior, interval};
use wire::catalogue;

use super::books::{Books, Wants};
use crate::events::{Batch, Sender};

/// What is sent, how fast, and to whose books.
pub(super) struct Load {
    /// Sends to ingest in the account's name.
    pub(super) sender: Sender,
    /// What the webhooks want.
    pub(super) wants: Vec<Wants>,
    /// The books.
    pub(super) books: Arc<Books>,
    /// How many events in all; none means without end.
    pub(super) events: Option<u64>,
    /// How many a second; none means as fast as they are taken.
    pub(super) rate: Option<u32>,
}

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
            let (batch, matches) = self.batch(run, sent, size.min(left));
            let count = batch.numbers.len() as u64;
            self.sender.send(&batch).await?;
            self.books.accepted(count, matches);
            sent += count;
        }
        Ok(())
    }

    /// The next events from the nth on, and how many deliveries they make.
    fn batch(&self, run: &str, first: u64, count: u64) -> (Batch, u64) {
        let now = process::SystemClock.now();
        let numbers: Vec<_> = (first..first + count).collect();
        let kinds = numbers.iter().map(|n| (*n, catalogue::mix(*n)));
        let events: Vec<_> = kinds.clone().map(|(n, kind)| catalogue::sample_at(kind, n, now)).collect();
        let wanted = |kind| self.wants.iter().filter(|wants| wants.contains(kind)).count() as u64;
        let matches = kinds.map(|(_, kind)| wanted(kind)).sum();
        (Batch { key: format!("{run}-{first}"), body: format!("[{}]", events.join(",")), numbers }, matches)
    }
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

    fn load(wants: Vec<Wants>) -> Load {
        let rest = Rest::new("http://127.0.0.1:1", &Secret::new("key")).unwrap();
        let sender = Sender::new(rest, None, Duration::ZERO);
        Load { sender, wants, books: Arc::default(), events: None, rate: None }
    }

    #[test]
    fn the_first_dozen_shows_every_type_and_is_matched_as_the_webhooks_want() {
        let load = load(vec![Wants::Everything, Wants::Only(["abuse"].into()), Wants::Only([].into())]);
        let (batch, matches) = load.batch("run", 0, 12);
        assert_eq!((batch.key.as_str(), batch.numbers.len(), matches), ("run-0", 12, 13));
        let events: Vec<serde_json::Value> = serde_json::from_str(&batch.body).unwrap();
        for event in events {
            let kind = event["type"].as_str().unwrap();
            assert_eq!(catalogue::validate(kind, &event), [], "{event}");
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

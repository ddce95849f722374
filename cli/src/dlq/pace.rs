//! How fast letters are dealt with: at most so many a second, evenly, never in a burst to catch up. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// When the next one may go.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    due: Instant,
}

/// Timers are coarse, some milliseconds: what was missed within this time is made up for.
const SLACK: Duration = Duration::from_millis(20);

impl Pace {
    /// At most so many a second; none means as fast as it goes.
    pub(crate) fn new(rate: Option<u32>, now: Instant) -> Self {
        Self { gap: rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1)), due: now }
    }

    /// When the next one may go: now, if that is over.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// One went.
    pub(crate) fn took(&mut self, now: Instant) {
        self.due = self.due.max(now - SLACK) + self.gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rate: u32, wakes: impl Iterator<Item = u64>) -> usize {
        let start = Instant::now() + Duration::from_secs(3600);
        let mut pace = Pace::new(Some(rate), start);
        let mut taken = 0;
        for at in wakes {
            let now = start + Duration::from_millis(at);
            while pace.due() <= now {
                pace.took(now);
                taken += 1;
            }
        }
        taken
    }

    #[tokio::test]
    async fn the_rate_holds_with_timers_of_a_few_milliseconds() {
        for rate in [10, 350, 5_000, 100_000] {
            let got = taken(rate, (0..1000).step_by(3));
            let wanted = rate as usize;
            assert!(got <= wanted + 1 && got * 100 >= wanted * 99, "{got} of {rate}");
        }
    }

    #[tokio::test]
    async fn after_a_pause_there_is_no_burst() {
        let got = taken(1_000, [0, 60_000].into_iter());
        assert!(got <= 22, "{got} at once");
    }

    #[tokio::test]
    async fn without_a_rate_nothing_waits() {
        let now = Instant::now();
        let mut pace = Pace::new(None, now);
        (0..1000).for_each(|_| pace.took(now));
        assert!(pace.due() <= now);
    }
}

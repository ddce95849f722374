//! How fast a lane drains, and when a record that does not fit into it has its turn.

use std::time::Duration;

/// How much a new measurement counts.
const WEIGHT: f64 = 0.2;
/// What a lane without a past is taken to need for a POST: too many come back too early once, rather than all too late.
const UNKNOWN: f64 = 0.02;
/// Calls that take so many times as long as they could are strained, unless they are as short as this.
const STRAIN: f64 = 3.0;
const UNSTRAINED: f64 = 0.03;
/// How fast the best is forgotten, with each call: an endpoint may become slower for good.
const FORGET: f64 = 1.0005;
/// What a lane is taken to need at least while POSTs of it have been running for long.
const WHILE_SLOW: f64 = 2.0;
/// However slow a lane is, its records come back so soon, to see whether it is well again.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// How long a lane's POSTs take, and how many records were moved aside and are not back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drain {
    /// Seconds, exponentially weighted. Not a rate over time: a lane that has nothing to do is not slow.
    takes: Option<f64>,
    /// The same of those that the endpoint took, and the least that this has been; forgotten slowly.
    takes_well: Option<f64>,
    best: Option<f64>,
    aside: usize,
}

impl Drain {
    /// A POST ended after so long.
    pub(super) fn ended(&mut self, took: Duration, well: bool) {
        let took = took.as_secs_f64().max(0.0005);
        let weigh = |before: Option<f64>| before.map_or(took, |before| before + WEIGHT * (took - before));
        self.takes = Some(weigh(self.takes));
        if well {
            let takes = weigh(self.takes_well);
            self.takes_well = Some(takes);
            self.best = Some(self.best.map_or(takes, |best| takes.min(best * FORGET)));
        }
    }

    /// Whether no POST has ended yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.takes.is_none()
    }

    /// Whether calls take much longer than they could: there are more at once than the endpoint, or this process, gets on
    /// with, and yet more would only wait elsewhere.
    pub(super) fn is_strained(&self) -> bool {
        let longest = self.best.map_or(f64::MAX, |best| (best * STRAIN).max(UNSTRAINED));
        self.takes_well.is_some_and(|takes| takes > longest)
    }

    /// Records per second over so many slots, once the endpoint is well again.
    pub(super) fn per_second_well(&self, slots: usize) -> f64 {
        slots.max(1) as f64 / self.takes_well.unwrap_or(UNKNOWN)
    }

    /// A record that was moved aside is back. Those that another process moved aside are not missed.
    pub(super) fn came_back(&mut self) {
        self.aside = self.aside.saturating_sub(1);
    }

    /// Records per second over so many slots.
    pub(super) fn per_second(&self, slots: usize, is_slow: bool) -> f64 {
        let takes = self.takes.unwrap_or(UNKNOWN).max(if is_slow { WHILE_SLOW } else { 0.0 });
        slots.max(1) as f64 / takes
    }

    /// Promises the slot behind so many records in the lane and all that are aside, and says how far away it is.
    pub(super) fn reserve(&mut self, waiting: usize, per_second: f64) -> Duration {
        self.aside += 1;
        let ahead = (waiting + self.aside) as f64;
        Duration::from_secs_f64((ahead / per_second).min(LONGEST.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_as_fast_as_its_posts_over_its_slots() {
        let mut drain = Drain::default();
        (0..50).for_each(|_| drain.ended(Duration::from_millis(200), true));
        assert!((drain.per_second(4, false) - 20.0).abs() < 0.1);
        assert!(drain.per_second(4, true) <= 2.0, "while it hangs it is as slow as that");
    }

    #[test]
    fn calls_that_take_three_times_as_long_as_they_could_are_strained_and_that_is_forgotten() {
        let mut drain = Drain::default();
        let mut call = |millis, times| {
            (0..times).for_each(|_| drain.ended(Duration::from_millis(millis), true));
            drain.is_strained()
        };
        assert!(!call(2, 50));
        assert!(!call(25, 50), "short enough");
        assert!(call(50, 50));
        assert!(!call(50, 9_000), "that is what it takes now");
        assert!(!call(140, 50));
        assert!(call(300, 50));
    }

    #[test]
    fn each_reservation_has_a_slot_of_its_own_until_its_record_is_back() {
        let mut drain = Drain::default();
        let waits: Vec<_> = (0..3).map(|_| drain.reserve(100, 10.0).as_millis()).collect();
        assert_eq!(waits, [10_100, 10_200, 10_300]);
        (0..5).for_each(|_| drain.came_back());
        assert_eq!(drain.reserve(100, 10.0).as_millis(), 10_100);
        assert_eq!(drain.reserve(1_000_000_000, 10.0), LONGEST);
    }
}

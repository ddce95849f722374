//! How fast a lane drains, and when a record that does not fit into it has its turn.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Timestamp;

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

/// Returns are counted in spans of this part of their wait, so that a calendar is short.
const SPANS: i64 = 16;
/// What was expected so long ago went to another process, or is not what this one lacks.
const LATE: Duration = Duration::from_secs(3600);

/// How long a lane's POSTs take, and when how many of the records that were moved aside come back.
#[derive(Clone, Debug, Default)]
pub(super) struct Drain {
    /// Seconds, exponentially weighted. Not a rate over time: a lane that has nothing to do is not slow.
    takes: Option<f64>,
    /// The same of those that the endpoint took, and the least that this has been; forgotten slowly.
    takes_well: Option<f64>,
    best: Option<f64>,
    aside: BTreeMap<Timestamp, usize>,
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
        if let Some(mut first) = self.aside.first_entry() {
            *first.get_mut() -= 1;
            if *first.get() == 0 {
                first.remove();
            }
        }
    }

    /// Records per second over so many slots.
    pub(super) fn per_second(&self, slots: usize, is_slow: bool) -> f64 {
        let takes = self.takes.unwrap_or(UNKNOWN).max(if is_slow { WHILE_SLOW } else { 0.0 });
        slots.max(1) as f64 / takes
    }

    /// When a lane that is busy for so long will have nothing to do, given what comes back meanwhile: that far away is the
    /// turn of a record that is moved aside now. No tier is so long that it comes back too late for that.
    pub(super) fn free_in(&self, now: Timestamp, busy: Duration, per_second: f64) -> Duration {
        let (mut free, longest) = (busy.as_secs_f64(), LONGEST.as_secs_f64());
        for (back, records) in &self.aside {
            let back = back.since(now).as_secs_f64();
            if back > free || free >= longest {
                break;
            }
            free = free.max(back) + *records as f64 / per_second;
        }
        Duration::from_secs_f64((free + 1.0 / per_second).min(longest))
    }

    /// Whether records of the lane are to come back.
    pub(super) fn expects(&self, now: Timestamp) -> bool {
        self.aside.last_key_value().is_some_and(|(back, _)| now.since(*back) < LATE)
    }

    /// A record was moved aside for so long.
    pub(super) fn moved_aside(&mut self, now: Timestamp, wait: Duration) {
        while let Some(first) = self.aside.first_entry()
            && now.since(*first.key()) >= LATE
        {
            first.remove();
        }
        let back = (now + wait).as_millis();
        // Rounded up: whoever comes back sooner than he is waited for waits in the lane, which is never without work so.
        let span = (i64::try_from(wait.as_millis()).unwrap_or(i64::MAX) / SPANS).max(1);
        *self.aside.entry(Timestamp::from_millis(back + span - back % span)).or_default() += 1;
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

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn a_record_has_its_turn_behind_what_waits_and_what_comes_back_before() {
        let mut drain = Drain::default();
        let busy = Duration::from_secs(10);
        let free = |drain: &Drain, now| drain.free_in(at(now), busy, 10.0).as_millis();
        assert_eq!(free(&drain, 0), 10_100);
        (0..20).for_each(|_| drain.moved_aside(at(0), Duration::from_secs(5)));
        assert_eq!(free(&drain, 0), 12_100);
        (0..20).for_each(|_| drain.moved_aside(at(0), Duration::from_secs(30)));
        assert_eq!(free(&drain, 0), 12_100, "there is time before those");
        assert_eq!(free(&drain, 22), 14_100);
        (0..30).for_each(|_| drain.came_back());
        assert_eq!(free(&drain, 22), 11_100);
        drain.moved_aside(at(3700), Duration::from_secs(5));
        assert_eq!(free(&drain, 3700), 10_200, "what is so late is not waited for");
        assert_eq!(drain.free_in(at(3700), Duration::from_secs(1 << 20), 10.0), LONGEST);
    }
}

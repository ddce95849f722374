//! How old the next record is for which a group has not committed, without reading it.
//!
//! Kafka says which record of a partition is the first that was written at a time or later. So the time of a given record is
//! found by halving: each round of questions, one for all partitions, halves what it can be.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Offset, Timestamp};

/// A search in all partitions of a topic at once.
#[derive(Debug)]
pub(super) struct Search {
    now: Timestamp,
    partitions: BTreeMap<i32, Between>,
}

/// A record was written at `from` or later, and before `to`.
#[derive(Clone, Copy, Debug)]
struct Between {
    next: Offset,
    from: Timestamp,
    to: Timestamp,
}

impl Between {
    fn middle(&self) -> Timestamp {
        self.from + self.to.since(self.from) / 2
    }
}

impl Search {
    /// Rounds until the answer is exact enough: to a hundred-and-twenty-eighth of the retention.
    pub(super) const ROUNDS: u32 = 7;

    /// Of the record at each of these places. What is older than the retention counts as just that old.
    pub(super) fn new(
        now: Timestamp,
        retention: Duration,
        next: impl Iterator<Item = (i32, Offset)>,
    ) -> Self {
        let between = |next| Between { next, from: now - retention, to: now };
        Self { now, partitions: next.map(|(partition, next)| (partition, between(next))).collect() }
    }

    /// For which times to ask.
    pub(super) fn questions(&self) -> impl Iterator<Item = (i32, Timestamp)> {
        self.partitions.iter().map(|(partition, between)| (*partition, between.middle()))
    }

    /// The first record that was written then or later, where there is one.
    pub(super) fn answered(&mut self, first: &BTreeMap<i32, Offset>) {
        for (partition, between) in &mut self.partitions {
            let middle = between.middle();
            match first.get(partition) {
                Some(first) if *first <= between.next => between.from = middle,
                Some(_) | None => between.to = middle,
            }
        }
    }

    /// How old the oldest of them is at least.
    pub(super) fn oldest(&self) -> Duration {
        let ages = self.partitions.values().map(|between| self.now.since(between.to));
        ages.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// What is found of one record an hour, the newest an hour old, where a group is to read the one of that age next.
    fn found(retention: Duration, age: u32) -> Duration {
        let now = Timestamp::from_millis(1_000_000_000_000);
        let next = Offset(1000 - i64::from(age));
        let mut search = Search::new(now, retention, [(3, next)].into_iter());
        for _ in 0..Search::ROUNDS {
            let first = search.questions().filter_map(|(partition, time)| {
                let hours = i64::try_from(now.since(time).as_secs() / 3600).unwrap();
                (hours >= 1).then_some((partition, Offset(1000 - hours)))
            });
            search.answered(&first.collect());
        }
        search.oldest()
    }

    #[test]
    fn the_age_of_a_record_is_found_to_a_part_of_the_retention() {
        let retention = 168 * HOUR;
        let part = retention / 128;
        for age in [1, 2, 30, 83, 84, 85, 120, 167] {
            let (is, found) = (age * HOUR, found(retention, age));
            assert!(found <= is && is < found + part + HOUR / 60, "{age} h: {found:?}");
        }
    }

    #[test]
    fn what_is_past_half_of_its_retention_is_never_taken_for_younger() {
        assert!(found(168 * HOUR, 83) < 84 * HOUR && found(168 * HOUR, 85) >= 84 * HOUR);
        assert!(found(10 * HOUR, 500) > 9 * HOUR, "older than the retention");
    }
}

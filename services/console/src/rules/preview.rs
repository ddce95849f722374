//! What a webhook would have got lately: the last events of an account, judged by fan-out's rules. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::{AccountId, Offset, Partition, Timestamp, Trigger, Types};
use trigger::Verdict;
use wire::Record;
use wire::api::{Preview, PreviewedEvent};
use wire::event;

use super::judge::{Judge, reason};
use crate::live::places::{Bounds, Places};

/// How many events are shown.
const SHOWN: usize = 100;
/// How far back calls are counted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTE_MS: i64 = 60_000;

/// Records as they are read, partition by partition.
#[derive(Debug)]
pub struct Lately {
    account: AccountId,
    judge: Judge,
    max_bytes: usize,
    now: Timestamp,
    /// Partitions that are not read from their beginning, and their first record that was.
    cut: BTreeMap<Partition, Option<Timestamp>>,
    last: BTreeMap<Partition, VecDeque<PreviewedEvent>>,
    /// How many match, by minute.
    minutes: BTreeMap<i64, u64>,
}

impl Lately {
    /// What is wanted, of whose events. What is read of the log begins at `from`.
    pub fn new(
        account: AccountId,
        wanted: (Types, Trigger),
        (from, bounds): (&Places, &Bounds),
        max_bytes: usize,
        now: Timestamp,
    ) -> Self {
        let is_cut = |(partition, (low, _)): (&Partition, &(Offset, Offset))| {
            (from.next(*partition) > *low).then_some((*partition, None))
        };
        Self {
            account,
            judge: Judge::new(wanted),
            max_bytes,
            now,
            cut: bounds.0.iter().filter_map(is_cut).collect(),
            last: BTreeMap::new(),
            minutes: BTreeMap::new(),
        }
    }

    /// A record was read. What is no event, or another account's, tells no more than when it was written.
    pub fn read(&mut self, record: &Record) {
        if let Some(first) = self.cut.get_mut(&record.partition) {
            first.get_or_insert(record.timestamp);
        }
        let Ok(decoded) = event::decode(record, self.max_bytes) else { return };
        if decoded.event.account != self.account {
            return;
        }
        let verdict = self.judge.judge(&decoded);
        let matches = verdict == Some(Verdict::Match);
        if matches && record.timestamp >= self.now - DAY {
            *self.minutes.entry(record.timestamp.as_millis().div_euclid(MINUTE_MS)).or_default() += 1;
        }
        let last = self.last.entry(record.partition).or_default();
        last.push_back(PreviewedEvent {
            event: decoded.event.id.to_string(),
            kind: decoded.event.kind.to_string(),
            at: record.timestamp,
            matches,
            reason: reason(verdict.as_ref()).to_owned(),
        });
        if last.len() > SHOWN {
            last.pop_front();
        }
    }

    /// What came of it.
    pub fn told(self) -> Preview {
        // Of a partition that was cut nothing is known before its first record.
        let known = self.cut.values().flatten().max().copied();
        let since = known.map_or(self.now - DAY, |known| known.max(self.now - DAY));
        let from = since.as_millis().div_euclid(MINUTE_MS);
        let counted = || self.minutes.range(from..).map(|(_, count)| *count);
        let (matches_since, busiest) = (counted().sum::<u64>(), counted().max().unwrap_or(0));
        let span = (self.now.as_millis() - since.as_millis()).max(1_000);
        let mut events: Vec<_> = self.last.into_values().flatten().collect();
        events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.event.cmp(&b.event)));
        events.truncate(SHOWN);
        let matches = events.iter().filter(|event| event.matches).count();
        Preview {
            matches: u32::try_from(matches).unwrap_or(u32::MAX),
            events,
            since,
            matches_since,
            per_second: matches_since as f64 * 1_000.0 / span as f64,
            busiest_per_second: busiest as f64 / 60.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn places(text: &str) -> Places {
        Places::parse(text).unwrap()
    }

    /// Opens of a's are wanted. The log has two partitions of ten records.
    fn lately(from: &str) -> Lately {
        let ten = (Offset(0), Offset(10));
        let bounds = Bounds([(Partition(0), ten), (Partition(1), ten)].into());
        let wanted = (Types::Only(["open".into()].into()), Trigger::default());
        Lately::new("a".into(), wanted, (&places(from), &bounds), 1024, NOW)
    }

    fn ago(partition: i32, seconds: u64, account: &str, kind: &str) -> Record {
        let timestamp = NOW - Duration::from_secs(seconds);
        Record { partition: Partition(partition), timestamp, ..event(account, kind, "{}") }
    }

    #[test]
    fn the_last_events_come_newest_first_and_say_why_they_do_not_match() {
        let mut lately = lately("0-0,1-0");
        for record in [
            ago(0, 30, "a", "open"),
            ago(0, 10, "a", "click"),
            ago(1, 20, "a", "open"),
            ago(1, 5, "b", "open"),
        ] {
            lately.read(&record);
        }
        let told = lately.told();
        let seen: Vec<_> = told.events.iter().map(|it| (it.kind.as_str(), it.reason.as_str())).collect();
        assert_eq!(seen, [("click", "type"), ("open", "matched"), ("open", "matched")]);
        assert_eq!((told.matches, told.matches_since), (2, 2));
        assert_eq!(told.since, NOW - DAY, "the whole log was read");
    }

    #[test]
    fn calls_are_counted_only_since_every_partition_is_known() {
        let mut lately = lately("0-5,1-7");
        for record in [
            ago(0, 7_200, "a", "open"),
            ago(0, 60, "a", "open"),
            ago(1, 600, "b", "open"),
            ago(1, 60, "a", "open"),
        ] {
            lately.read(&record);
        }
        let told = lately.told();
        assert_eq!(told.since, NOW - Duration::from_secs(600));
        assert_eq!(told.matches_since, 2);
        assert!((told.per_second - 2.0 / 600.0).abs() < 1e-9);
        assert!((told.busiest_per_second - 2.0 / 60.0).abs() < 1e-9);
        assert_eq!(told.events.len(), 3, "older ones are shown all the same");
    }

    #[test]
    fn no_more_than_a_hundred_are_shown_and_nothing_of_the_day_before_is_counted() {
        let mut lately = lately("0-0,1-0");
        lately.read(&ago(0, 100_000, "a", "open"));
        for n in (0..150).rev() {
            lately.read(&ago(n % 2, n as u64, "a", "open"));
        }
        let told = lately.told();
        assert_eq!((told.events.len(), told.matches_since), (100, 150));
        assert_eq!(told.events.first().unwrap().at, NOW);
    }
}

//! The tracker against a naive model, and what becomes of its metadata.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{Partition, Timestamp};

const HOME: Home<'_> = Home { cluster: "c1", topic: "postbode.deliveries", partition: Partition(3) };

fn offsets(numbers: impl IntoIterator<Item = i64>) -> Vec<Offset> {
    numbers.into_iter().map(Offset).collect()
}

#[test]
fn the_frontier_waits_for_the_slowest() {
    let mut tracker = Tracker::resume(Some(Offset(10)), []);
    assert_eq!((tracker.frontier(), tracker.oldest()), (Some(Offset(10)), None));
    for offset in 10..15 {
        assert_eq!(tracker.see(Offset(offset), 10), Sighting::New);
    }
    assert!(tracker.complete(Offset(12)) && tracker.complete(Offset(11)));
    assert_eq!(tracker.frontier(), Some(Offset(10)));
    assert_eq!(tracker.completed().collect::<Vec<_>>(), offsets([11, 12]));
    assert!(tracker.complete(Offset(10)));
    assert_eq!((tracker.frontier(), tracker.oldest()), (Some(Offset(13)), Some(Offset(13))));
    assert_eq!((tracker.undone(), tracker.undone_bytes(), tracker.span()), (2, 20, 2));
}

#[test]
fn offsets_with_gaps_do_not_hold_the_frontier() {
    let mut tracker = Tracker::resume(None, []);
    assert_eq!(tracker.frontier(), None);
    for offset in [3, 7, 100] {
        tracker.see(Offset(offset), 10);
        tracker.complete(Offset(offset));
    }
    assert_eq!(tracker.frontier(), Some(Offset(101)));
}

#[test]
fn what_an_earlier_owner_did_is_not_done_again_and_still_told_on() {
    let mut tracker = Tracker::resume(Some(Offset(10)), offsets([9, 11, 14]));
    assert_eq!(tracker.see(Offset(10), 10), Sighting::New);
    assert_eq!(tracker.see(Offset(11), 10), Sighting::Done);
    assert_eq!(tracker.completed().collect::<Vec<_>>(), offsets([11, 14]));
    assert!(tracker.complete(Offset(10)));
    assert_eq!(tracker.frontier(), Some(Offset(12)));
    assert_eq!(tracker.completed().collect::<Vec<_>>(), offsets([14]));
}

#[test]
fn an_offset_read_twice_or_completed_twice_counts_once() {
    let mut tracker = Tracker::resume(None, []);
    assert_eq!(tracker.see(Offset(5), 10), Sighting::New);
    assert_eq!(tracker.see(Offset(5), 10), Sighting::Done);
    assert!(!tracker.complete(Offset(4)) && tracker.complete(Offset(5)) && !tracker.complete(Offset(5)));
    assert_eq!(tracker.undone(), 0);
}

#[test]
fn metadata_of_another_log_or_offset_says_nothing() {
    let text = Completed::encode(HOME, Offset(100), None, offsets([101, 105]), Completed::MAX_BYTES);
    assert_eq!(Completed::decode(HOME, Offset(100), &text).offsets, offsets([101, 105]));
    for foreign in [
        Home { cluster: "c2", ..HOME },
        Home { topic: "postbode.events", ..HOME },
        Home { partition: Partition(4), ..HOME },
    ] {
        assert_eq!(Completed::decode(foreign, Offset(100), &text).offsets, []);
    }
    assert_eq!(Completed::decode(HOME, Offset(90), &text).offsets, []);
    for garbage in ["", "pb1.", "pb1.AAAA", "pb2.x", "hello", &text[..text.len() - 2], &format!("{text}AA")] {
        assert_eq!(Completed::decode(HOME, Offset(100), garbage).offsets, [], "{garbage}");
    }
}

#[test]
fn what_does_not_fit_is_left_out_from_the_far_end() {
    let every_other: Vec<_> = offsets((0..200_000).map(|n| 1 + 2 * n));
    let text = Completed::encode(HOME, Offset(0), None, every_other.iter().copied(), Completed::MAX_BYTES);
    assert!(text.len() <= Completed::MAX_BYTES && text.len() > 4000, "{}", text.len());
    let kept = Completed::decode(HOME, Offset(0), &text).offsets;
    assert!(kept.len() > 10_000 && every_other.starts_with(&kept));
    let long_runs = offsets((1..50_000).chain(60_000..90_000));
    let text = Completed::encode(HOME, Offset(0), None, long_runs.iter().copied(), Completed::MAX_BYTES);
    assert!(text.len() < 50);
    assert_eq!(Completed::decode(HOME, Offset(0), &text).offsets, long_runs);
}

proptest! {
    #[test]
    fn metadata_comes_back_as_a_prefix_of_what_was_done(
        base in 0_i64..1 << 40,
        ahead in prop::collection::btree_set(1_i64..40_000, 0..2_000),
        max in 0_usize..5_000,
    ) {
        let done = offsets(ahead.into_iter().map(|n| base + n));
        let text = Completed::encode(HOME, Offset(base), None, done.iter().copied(), max);
        prop_assert!(text.len() <= max);
        prop_assert!(done.starts_with(&Completed::decode(HOME, Offset(base), &text).offsets));
    }

    /// Records with gaps are seen, completed in any order, handed to a new owner at any moment: the frontier never
    /// passes a record that is not done, and no record is new twice unless its completion did not fit the metadata.
    #[test]
    fn no_commit_passes_a_gap_and_nothing_done_is_new_again(
        gaps in prop::collection::vec(1_i64..4, 1..80),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
        handover in any::<prop::sample::Index>(),
    ) {
        let log: Vec<i64> = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
        let mut tracker = Tracker::resume(Some(Offset(0)), []);
        let mut done: BTreeMap<i64, bool> = log.iter().map(|offset| (*offset, false)).collect();
        for offset in &log {
            prop_assert_eq!(tracker.see(Offset(*offset), 10), Sighting::New);
        }
        let switch = if order.is_empty() { 0 } else { handover.index(order.len()) };
        for (step, index) in order.iter().enumerate() {
            if step == switch {
                tracker = hand_over(&tracker, &log, &done)?;
            }
            let offset = log[index.index(log.len())];
            prop_assert_eq!(tracker.complete(Offset(offset)), !done[&offset]);
            done.insert(offset, true);
            let frontier = tracker.frontier().unwrap().0;
            let first_undone = done.iter().find(|(_, done)| !**done).map(|(offset, _)| *offset);
            prop_assert_eq!(frontier, first_undone.unwrap_or(log[log.len() - 1] + 1));
            prop_assert_eq!(tracker.undone(), done.values().filter(|done| !**done).count());
        }
    }
}

fn hand_over(old: &Tracker, log: &[i64], done: &BTreeMap<i64, bool>) -> Result<Tracker, TestCaseError> {
    let committed = old.frontier().unwrap();
    let text = Completed::encode(HOME, committed, None, old.completed(), Completed::MAX_BYTES);
    let mut new = Tracker::resume(Some(committed), Completed::decode(HOME, committed, &text).offsets);
    let news: BTreeSet<i64> = log
        .iter()
        .copied()
        .filter(|o| *o >= committed.0 && new.see(Offset(*o), 10) == Sighting::New)
        .collect();
    let expected: BTreeSet<i64> =
        done.iter().filter(|(_, done)| !**done).map(|(offset, _)| *offset).collect();
    prop_assert_eq!(news, expected);
    Ok(new)
}

#[test]
fn when_the_newest_record_was_written_is_told_even_where_nothing_else_is() {
    let newest = Some(Timestamp::from_millis(1_706_702_400_250));
    for done in [offsets([]), offsets([101, 105])] {
        let text = Completed::encode(HOME, Offset(100), newest, done.iter().copied(), Completed::MAX_BYTES);
        assert_eq!(Completed::decode(HOME, Offset(100), &text), Completed { offsets: done, newest });
        assert_eq!(Completed::decode(HOME, Offset(99), &text), Completed::default());
    }
    assert!(Completed::encode(HOME, Offset(i64::MAX), newest, [], 48).len() <= 48);
    assert_eq!(Completed::encode(HOME, Offset(100), None, [], Completed::MAX_BYTES), "");
    // As an earlier version wrote it.
    let text = "pb1.y1CCXTPX2vdkACI";
    assert_eq!(Completed::decode(HOME, Offset(100), text).offsets, offsets([101, 105]));
}

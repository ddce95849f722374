use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

fn hook() -> Hook {
    Hook { id: "wh_1".into(), account: "acme".into(), types: BTreeSet::new(), secret: String::new() }
}

fn event(id: &str) -> Event {
    Event { id: id.into(), source: "/s".into(), kind: "click".into(), account: "acme".into() }
}

fn ledger() -> (Ledger, Instant) {
    let ledger = Ledger::default();
    ledger.keep(&hook(), Role::Healthy);
    (ledger, Instant::now())
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn post(ledger: &Ledger, event_id: &str, at: Instant, body: &'static str, taken: bool) {
    let id = hook().delivery(&event(event_id)).to_string();
    ledger.posted(&id, &Bytes::from_static(body.as_bytes()), at, taken);
}

#[test]
fn what_is_accepted_is_missing_until_it_is_taken() {
    let (ledger, now) = ledger();
    ledger.accepted(&event("1"), now);
    ledger.accepted(&event("2"), now);
    post(&ledger, "1", now, "{}", false);
    assert_eq!(ledger.missing().len(), 2);
    post(&ledger, "1", now, "{}", true);
    let missing: Vec<_> = ledger.missing().into_values().map(|owed| owed.event).collect();
    assert_eq!((missing, ledger.delivered(), ledger.owed()), (vec!["2".to_owned()], 1, 2));
}

#[test]
fn what_is_taken_twice_counts_once_more_and_another_body_is_seen() {
    let (ledger, now) = ledger();
    for body in ["{}", "{}", "{ }"] {
        post(&ledger, "1", now, body, true);
    }
    assert_eq!((ledger.duplicates(), ledger.altered().len()), (2, 1));
}

#[test]
fn a_stall_runs_only_while_something_is_owed_and_from_the_fault_on() {
    let (ledger, now) = ledger();
    // Owed from 0 to 10, the fault at 4; nothing is owed from 10 to 50; the next one takes 2.
    ledger.accepted(&event("1"), now);
    post(&ledger, "1", now + seconds(10), "{}", true);
    ledger.accepted(&event("2"), now + seconds(50));
    post(&ledger, "2", now + seconds(52), "{}", true);
    let (stall, whose) = ledger.longest_stall(now + seconds(4), now + seconds(60));
    assert_eq!((stall, whose), (seconds(6), "wh_1".to_owned()));
    assert_eq!(ledger.longest_stall(now + seconds(20), now + seconds(60)).0, seconds(2));
}

#[test]
fn what_never_arrives_stalls_to_the_end() {
    let (ledger, now) = ledger();
    ledger.accepted(&event("1"), now);
    ledger.accepted(&event("2"), now);
    post(&ledger, "1", now + seconds(1), "{}", true);
    assert_eq!(ledger.longest_stall(now, now + seconds(9)).0, seconds(8));
}

#[test]
fn a_retry_before_its_time_is_found() {
    let (ledger, now) = ledger();
    let schedule = [seconds(1), seconds(5)];
    post(&ledger, "1", now, "{}", false);
    post(&ledger, "1", now + seconds(1), "{}", false);
    post(&ledger, "1", now + seconds(4), "{}", true);
    assert_eq!(ledger.early(&schedule, false).len(), 1, "the second delay is five seconds");
    assert_eq!(ledger.early(&schedule, true).len(), 0, "after a crash the first may have come twice");
    post(&ledger, "2", now, "{}", false);
    post(&ledger, "2", now + Duration::from_millis(10), "{}", true);
    assert_eq!(ledger.early(&schedule, true).len(), 1);
}

//! What topics say, for stories.

use domain::{DeathReason, Offset, Partition, Timestamp};
use history::entry::{Attempt, DeadLetter, Disposition, Entry, Member, Read};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// An attempt of `acme`'s webhook `w1` to deliver a click.
pub(crate) fn attempt(delivery: &str, number: u32, second: i64, status: u16) -> Attempt {
    let outcome = if (200..300).contains(&status) { "success" } else { "server-error" };
    Attempt {
        name: delivery.into(),
        webhook: "w1".into(),
        account: "acme".into(),
        number,
        started_at: at(second),
        took_ms: 20.0,
        outcome: outcome.into(),
        status: Some(status),
        next_due: (outcome != "success").then(|| at(second + 30)),
        test: false,
        members: vec![member(delivery)],
        record: format!("{{\"delivery\":\"{delivery}\",\"number\":{number}}}"),
    }
}

pub(crate) fn member(delivery: &str) -> Member {
    Member {
        delivery: delivery.into(),
        event: format!("event-of-{delivery}").into(),
        kind: "click".into(),
        message: Some(format!("message-of-{delivery}").into()),
        recipient: Some("a@example.com".into()),
        origin: Some("0-1".into()),
        replays: 0,
    }
}

/// A dead letter of a delivery, at an offset of its own.
pub(crate) fn letter(delivery: &str, second: i64, reason: DeathReason) -> DeadLetter {
    DeadLetter {
        place: format!("dead-0-{second}").into(),
        died_at: at(second),
        is_event: false,
        account: Some("acme".into()),
        webhook: Some("w1".into()),
        delivery: Some(Member { message: None, recipient: None, ..member(delivery) }),
        event: Some(format!("event-of-{delivery}").into()),
        kind: Some("click".into()),
        reason,
        explanation: "it was tried for too long".into(),
        attempts: 3,
        status: Some(503),
        error: Some("the endpoint answered 503".into()),
    }
}

pub(crate) fn disposition(what: &str, died: i64) -> Disposition {
    Disposition { what: what.into(), by: "ops".into(), at: at(900), note: None, died: Some(at(died)) }
}

/// Records of one partition, from an offset on, written one second apart.
pub(crate) fn records(topic: &str, from: i64, entries: impl IntoIterator<Item = Entry>) -> Vec<Read> {
    let read = |(offset, entry)| Read {
        topic: topic.into(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: at(offset),
        entry: Some(entry),
    };
    (from..).zip(entries).map(read).collect()
}

pub(crate) fn attempts(from: i64, attempts: impl IntoIterator<Item = Attempt>) -> Vec<Read> {
    records("attempts", from, attempts.into_iter().map(Entry::Attempt))
}

pub(crate) fn letters(from: i64, letters: impl IntoIterator<Item = DeadLetter>) -> Vec<Read> {
    records("dead", from, letters.into_iter().map(Entry::DeadLetter))
}

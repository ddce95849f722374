//! A record on a dead-letter topic: the same key and bytes, and headers that say where it came from and why it died.

use std::sync::Arc;

use domain::{DeathReason, Offset, Partition, Timestamp};

use crate::{Headers, OutRecord, Record, names};

/// How long `postbode-last-error` and the message may be, in bytes.
const MAX_TEXT: usize = 512;

/// Why a record died, and after what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// From the closed set.
    pub reason: DeathReason,
    /// In words.
    pub message: String,
    /// Attempts spent.
    pub attempts: u32,
    /// The last HTTP status.
    pub last_status: Option<u16>,
    /// The last error in words; no secret.
    pub last_error: Option<String>,
}

/// Where a dead letter came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coordinates {
    /// The source topic.
    pub topic: Arc<str>,
    /// The source partition.
    pub partition: Partition,
    /// The source offset.
    pub offset: Offset,
    /// The source record's timestamp: the dead letter's own is the time of dying, for retention is judged by it.
    pub timestamp: Timestamp,
}

impl Coordinates {
    /// Those of a record.
    pub fn of(record: &Record) -> Self {
        Self {
            topic: Arc::clone(&record.topic),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
        }
    }
}

/// Writes the dead letter of a record. `headers` are those it dies with.
pub fn bury(
    record: &Record,
    mut headers: Headers,
    topic: &Arc<str>,
    group: &str,
    death: &Death,
) -> OutRecord {
    let from = Coordinates::of(record);
    headers.remove(names::DUE_AT);
    let mut say = |name: &'static str, value: String| headers.set(name, value);
    say(names::DLQ_TOPIC, from.topic.to_string());
    say(names::DLQ_PARTITION, from.partition.to_string());
    say(names::DLQ_OFFSET, from.offset.to_string());
    say(names::DLQ_GROUP, group.to_owned());
    say(names::DLQ_COUNT, death.attempts.to_string());
    say(names::DLQ_MESSAGE, clip(&death.message));
    say(names::SOURCE_TIMESTAMP, from.timestamp.as_millis().to_string());
    say(names::REASON, death.reason.name().to_owned());
    if let Some(status) = death.last_status {
        say(names::LAST_STATUS, status.to_string());
    }
    if let Some(error) = &death.last_error {
        say(names::LAST_ERROR, clip(error));
    }
    OutRecord { topic: Arc::clone(topic), key: record.key.clone(), value: record.value.clone(), headers }
}

/// The same dead letter for a broker that refuses its size: without the value, coordinates kept.
pub fn without_value(letter: &OutRecord) -> OutRecord {
    let mut smaller = letter.clone();
    smaller.value = None;
    smaller.headers.set(names::VALUE_OMITTED, "true");
    smaller
}

/// A dead letter without value, for a broker that refuses even that: neither key nor headers of the source, coordinates
/// and reason only. None if it is that already.
pub fn bare(letter: &OutRecord) -> Option<OutRecord> {
    let ours =
        |name: &str| name.starts_with("__dlq.") || (name.starts_with("postbode-") && name != names::WEBHOOK);
    let headers: Headers = letter
        .headers
        .iter()
        .filter(|(name, _)| ours(name))
        .map(|(name, value)| (name.to_owned().into(), value.clone()))
        .collect();
    let bare = OutRecord { topic: Arc::clone(&letter.topic), key: None, value: None, headers };
    (bare != *letter).then_some(bare)
}

/// What a dead letter's headers say of its death; none if they are not a dead letter's.
pub fn read(headers: &Headers) -> Option<(Death, Coordinates)> {
    let number = |name| headers.text(name).and_then(|text| text.parse::<i64>().ok());
    let death = Death {
        reason: DeathReason::named(headers.text(names::REASON)?)?,
        message: headers.text(names::DLQ_MESSAGE).unwrap_or_default().to_owned(),
        attempts: number(names::DLQ_COUNT).and_then(|n| n.try_into().ok()).unwrap_or(0),
        last_status: number(names::LAST_STATUS).and_then(|n| n.try_into().ok()),
        last_error: headers.text(names::LAST_ERROR).map(str::to_owned),
    };
    let coordinates = Coordinates {
        topic: headers.text(names::DLQ_TOPIC)?.into(),
        partition: Partition(number(names::DLQ_PARTITION)?.try_into().ok()?),
        offset: Offset(number(names::DLQ_OFFSET)?),
        timestamp: Timestamp::from_millis(number(names::SOURCE_TIMESTAMP).unwrap_or(0)),
    };
    Some((death, coordinates))
}

/// The headers with which a dead letter may live again: its death and its attempts are forgotten, its name is not.
pub fn revive(headers: &Headers) -> Headers {
    let forgotten = [
        names::DLQ_TOPIC,
        names::DLQ_PARTITION,
        names::DLQ_OFFSET,
        names::DLQ_GROUP,
        names::DLQ_COUNT,
        names::DLQ_MESSAGE,
        names::SOURCE_TIMESTAMP,
        names::REASON,
        names::LAST_STATUS,
        names::LAST_ERROR,
        names::VALUE_OMITTED,
        names::ATTEMPT,
        names::DEFERRALS,
        names::WAITING_SINCE,
        names::FIRST_ATTEMPT_AT,
        names::DUE_AT,
    ];
    let replays: u32 = headers.text(names::REPLAY).and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut alive: Headers = headers
        .iter()
        .filter(|(name, _)| !forgotten.contains(name))
        .map(|(name, value)| (name.to_owned().into(), value.clone()))
        .collect();
    alive.set(names::REPLAY, replays.saturating_add(1).to_string());
    alive
}

fn clip(text: &str) -> String {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn record() -> Record {
        let mut headers = Headers::new();
        headers.push(names::DELIVERY, "dlv_1");
        headers.push(names::ATTEMPT, "10");
        headers.push(names::DUE_AT, "99");
        Record {
            topic: "postbode.deliveries".into(),
            partition: Partition(2),
            offset: Offset(7),
            timestamp: Timestamp::from_millis(1234),
            key: Some(Bytes::from_static(b"wh_1")),
            value: Some(Bytes::from_static(b"{}")),
            headers,
        }
    }

    fn death() -> Death {
        Death {
            reason: DeathReason::Exhausted,
            message: "é".repeat(400),
            attempts: 10,
            last_status: Some(503),
            last_error: Some("the endpoint answered 503".to_owned()),
        }
    }

    #[test]
    fn a_dead_letter_tells_where_it_came_from_and_why_it_died_in_text() {
        let record = record();
        let letter = bury(&record, record.headers.clone(), &"dlq".into(), "postbode.delivery", &death());
        assert!(letter.headers.iter().all(|(_, value)| std::str::from_utf8(value).is_ok()));
        assert_eq!(letter.headers.get(names::DUE_AT), None);
        let (read, coordinates) = read(&letter.headers).unwrap();
        assert_eq!((read.reason, read.attempts, read.last_status), (DeathReason::Exhausted, 10, Some(503)));
        assert_eq!(read.message.len(), 512);
        assert_eq!(coordinates, Coordinates::of(&record));
        assert_eq!((letter.key, letter.value), (record.key, record.value));
    }

    #[test]
    fn a_revived_letter_keeps_its_name_and_starts_afresh() {
        let record = record();
        let letter = bury(&record, record.headers.clone(), &"dlq".into(), "g", &death());
        let alive = revive(&letter.headers);
        let left: Vec<_> = alive.iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(left, [names::DELIVERY, names::REPLAY]);
        assert_eq!(revive(&alive).text(names::REPLAY), Some("2"));
    }

    #[test]
    fn a_letter_without_its_value_says_so() {
        let letter = bury(&record(), Headers::new(), &"dlq".into(), "g", &death());
        let smaller = without_value(&letter);
        assert_eq!((smaller.value, smaller.headers.text(names::VALUE_OMITTED)), (None, Some("true")));
    }
}

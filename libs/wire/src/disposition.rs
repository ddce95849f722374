//! What became of a dead letter. Kafka deletes nothing, so that is written down beside it: one compacted topic, which the
//! command line and the console both read and write.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Offset, Partition, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Headers, OutRecord, Record, names};

/// Where a dead letter stands. As text, `<topic>-<partition>-<offset>`: the key of its disposition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The dead-letter topic's full name.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: Partition,
    /// The offset.
    pub offset: Offset,
}

impl Place {
    /// Where a record stands.
    pub fn of(record: &Record) -> Self {
        Self { topic: Arc::clone(&record.topic), partition: record.partition, offset: record.offset }
    }

    /// Reads the text form. A topic's name may have dashes in it too.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '-');
        let offset = Offset(parts.next()?.parse().ok()?);
        let partition = Partition(parts.next()?.parse().ok()?);
        let topic = parts.next().filter(|topic| !topic.is_empty())?;
        Some(Self { topic: topic.into(), partition, offset })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.topic, self.partition, self.offset)
    }
}

/// What was decided about a dead letter, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// What was decided.
    pub what: What,
    /// Who did it: a key's name, or a user on a machine.
    pub by: String,
    /// When the broker had acknowledged it.
    pub at: Timestamp,
    /// Why, in the words of who did it.
    pub note: Option<String>,
    /// When the letter died, by its record's own timestamp: see [`Disposition::is_of`].
    pub died: Option<Timestamp>,
}

impl Disposition {
    /// Whether this is about the letter that died then. Offsets begin anew where a dead-letter topic was deleted and made
    /// again: what was decided about the old letters says nothing about those that now stand in their places.
    pub fn is_of(&self, died: Timestamp) -> bool {
        self.died.is_none_or(|told| told == died)
    }
}

/// What can be decided about a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// It was put back to be tried again.
    Replayed,
    /// It is not wanted any more.
    Discarded,
}

impl What {
    /// Its name in the record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
        }
    }
}

/// The record's value. Members may be added; what is there keeps its meaning.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Disposition"))]
struct Value {
    v: u32,
    what: What,
    by: String,
    #[serde(with = "crate::text::Rfc3339")]
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Milliseconds since the epoch, as Kafka has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    died: Option<i64>,
}

/// The shape of the value.
#[cfg(feature = "schema")]
pub(crate) fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<Value>()
}

/// A disposition that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BadDisposition {
    /// The key is no place.
    #[error("the key is not <topic>-<partition>-<offset>")]
    Key,
    /// The value is not ours.
    #[error("the value is no disposition: {0}")]
    Value(#[from] serde_json::Error),
    /// It was written by a later version.
    #[error("version {0} is newer than this program")]
    Version(u32),
}

impl Disposition {
    /// The record for the dispositions topic.
    pub fn to_record(&self, topic: &Arc<str>, place: &Place) -> OutRecord {
        let value = Value {
            v: 1,
            what: self.what,
            by: self.by.clone(),
            at: self.at,
            note: self.note.clone(),
            died: self.died.map(Timestamp::as_millis),
        };
        let value = serde_json::to_vec(&value).expect("names and texts are always JSON");
        OutRecord {
            topic: Arc::clone(topic),
            key: Some(Bytes::from(place.to_string())),
            value: Some(Bytes::from(value)),
            headers: Headers::new(),
        }
    }

    /// The record that takes a disposition back. Its headers say who did and why, for as long as compaction leaves them.
    pub fn taken_back(topic: &Arc<str>, place: &Place, by: &str, note: Option<&str>) -> OutRecord {
        let mut headers = Headers::new();
        headers.push(names::BY, by.to_owned());
        if let Some(note) = note {
            headers.push(names::NOTE, note.to_owned());
        }
        OutRecord {
            topic: Arc::clone(topic),
            key: Some(Bytes::from(place.to_string())),
            value: None,
            headers,
        }
    }

    /// Reads a record of the dispositions topic: the place, and what became of it; none where that was taken back.
    ///
    /// # Errors
    /// When key or value is not a disposition's.
    pub fn read(record: &Record) -> Result<(Place, Option<Self>), BadDisposition> {
        let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let place = key.and_then(Place::parse).ok_or(BadDisposition::Key)?;
        let Some(value) = &record.value else {
            return Ok((place, None));
        };
        let value: Value = serde_json::from_slice(value)?;
        if value.v != 1 {
            return Err(BadDisposition::Version(value.v));
        }
        let Value { what, by, at, note, died, .. } = value;
        let died = died.map(Timestamp::from_millis);
        Ok((place, Some(Self { what, by, at, note, died })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = r#"{"v":1,"what":"replayed","by":"ops@host","at":"2026-01-31T12:00:00.000Z"}"#;
    const GOLDEN_WITH_WORDS: &str = r#"{"v":1,"what":"discarded","by":"ops@host","at":"2026-01-31T12:00:00.000Z","note":"a test","died":1769860799123}"#;

    fn record(key: &str, value: Option<&str>) -> Record {
        Record {
            topic: "postbode.dead-letters.dispositions".into(),
            partition: Partition(0),
            offset: Offset(0),
            timestamp: Timestamp::from_millis(0),
            key: Some(Bytes::copy_from_slice(key.as_bytes())),
            value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
            headers: Headers::new(),
        }
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        let at = Timestamp::from_millis(1_769_860_800_000);
        let disposition =
            Disposition { what: What::Replayed, by: "ops@host".into(), at, note: None, died: None };
        let key = "postbode.dead-letters.deliveries-3-42";
        let place = Place::parse(key).unwrap();
        assert_eq!(
            (&*place.topic, place.partition, place.offset),
            ("postbode.dead-letters.deliveries", Partition(3), Offset(42))
        );

        let written = disposition.to_record(&"d".into(), &place);
        assert_eq!(written.key.as_deref(), Some(key.as_bytes()));
        assert_eq!(written.value.as_deref(), Some(GOLDEN.as_bytes()));
        let read = Disposition::read(&record(key, Some(GOLDEN))).unwrap();
        assert_eq!(read, (place, Some(disposition)));
    }

    #[test]
    fn why_and_of_which_letter_may_be_said_too() {
        let (place, read) = Disposition::read(&record("t-0-1", Some(GOLDEN_WITH_WORDS))).unwrap();
        let read = read.unwrap();
        assert_eq!((read.what, read.note.as_deref()), (What::Discarded, Some("a test")));
        assert_eq!(read.to_record(&"d".into(), &place).value.as_deref(), Some(GOLDEN_WITH_WORDS.as_bytes()));
    }

    #[test]
    fn a_disposition_says_nothing_about_another_letter_in_the_same_place() {
        let (_, read) = Disposition::read(&record("t-0-1", Some(GOLDEN_WITH_WORDS))).unwrap();
        let died = Timestamp::from_millis(1_769_860_799_123);
        let later = Timestamp::from_millis(1_769_860_799_124);
        assert!(read.as_ref().is_some_and(|d| d.is_of(died) && !d.is_of(later)));
        let (_, old) = Disposition::read(&record("t-0-1", Some(GOLDEN))).unwrap();
        assert!(old.is_some_and(|d| d.is_of(later)), "those that do not say are believed");
    }

    #[test]
    fn a_tombstone_takes_the_disposition_back_and_says_who_did() {
        let place = Place::parse("t-0-1").unwrap();
        let written = Disposition::taken_back(&"d".into(), &place, "ops@host", Some("needed after all"));
        assert_eq!(written.headers.text(names::BY), Some("ops@host"));
        let back = Record { value: written.value, headers: written.headers, ..record("t-0-1", Some("")) };
        assert_eq!(Disposition::read(&back).unwrap(), (place, None));
    }

    #[test]
    fn what_is_no_disposition_is_told_apart() {
        for key in ["", "7", "0-7", "-0-7", "t-x-7"] {
            assert!(
                matches!(Disposition::read(&record(key, Some(GOLDEN))), Err(BadDisposition::Key)),
                "{key}"
            );
        }
        let newer = GOLDEN.replace("\"v\":1", "\"v\":2");
        assert!(matches!(Disposition::read(&record("t-0-1", Some(&newer))), Err(BadDisposition::Version(2))));
        assert!(matches!(Disposition::read(&record("t-0-1", Some("{}"))), Err(BadDisposition::Value(_))));
    }
}

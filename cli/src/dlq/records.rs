//! What is written: a letter for another life, and what became of it. Pure.

use domain::Timestamp;
use wire::disposition::{Disposition, What};
use wire::topics::Topics;
use wire::{OutRecord, dead_letter};

use super::letter::Letter;
use super::reader::Found;
use super::rules::Act;

/// The same key and bytes under the same name, for another life.
pub(crate) fn revived(found: &Found, topics: &Topics) -> OutRecord {
    OutRecord {
        topic: found.letter.topic.alive(topics).clone(),
        key: found.record.key.clone(),
        value: found.record.value.clone(),
        headers: dead_letter::revive(&found.record.headers),
    }
}

/// What is written down about a letter, by whom, when and why.
pub(crate) fn entry(
    act: Act,
    letter: &Letter,
    by: &str,
    note: Option<&str>,
    at: Timestamp,
    topics: &Topics,
) -> OutRecord {
    let what = match act {
        Act::Replay => What::Replayed,
        Act::Discard => What::Discarded,
        Act::Restore => return Disposition::taken_back(&topics.dispositions, &letter.place, by, note),
    };
    let note = note.map(str::to_owned);
    let disposition = Disposition { what, by: by.to_owned(), at, note, died: Some(letter.at) };
    disposition.to_record(&topics.dispositions, &letter.place)
}

#[cfg(test)]
mod tests {
    use wire::names;
    use wire::topics::TopicSettings;

    use super::super::letter::tests::{letter, record};
    use super::super::topic::LetterTopic;
    use super::*;

    #[test]
    fn a_replayed_letter_keeps_its_name_key_and_bytes_and_starts_afresh() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        let mut found = Found { letter: letter("3-17"), record: record("3-17") };
        let again = revived(&found, &topics);
        assert_eq!(&*again.topic, "postbode.deliveries");
        assert_eq!((&again.key, &again.value), (&found.record.key, &found.record.value));
        assert_eq!(again.headers.text(names::DELIVERY), Some("dlv_1"));
        assert_eq!(again.headers.text(names::REPLAY), Some("3"));
        for gone in [names::REASON, names::ATTEMPT, names::DLQ_COUNT, names::LAST_ERROR] {
            assert_eq!(again.headers.get(gone), None, "{gone}");
        }
        found.letter.topic = LetterTopic::Events;
        assert_eq!(&*revived(&found, &topics).topic, "postbode.events");
    }

    #[test]
    fn what_is_written_down_names_the_letter_and_says_who_when_and_why() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        let (letter, at) = (letter("3-17"), Timestamp::from_millis(7));
        let written = entry(Act::Discard, &letter, "ops", Some("a test"), at, &topics);
        assert_eq!(
            (&*written.topic, written.key.as_deref()),
            (&*topics.dispositions, Some(&b"dlq-3-17"[..]))
        );
        let value: serde_json::Value = serde_json::from_slice(&written.value.unwrap()).unwrap();
        assert_eq!(
            (&value["what"], &value["by"], &value["note"]),
            (&"discarded".into(), &"ops".into(), &"a test".into())
        );
        assert_eq!(value["died"], letter.at.as_millis());
        assert_eq!(entry(Act::Restore, &letter, "ops", None, at, &topics).value, None);
    }
}

//! Records of the history's topics, as its database takes them. Pure.

use domain::DeathReason;
use history::Text;
use history::entry::{Attempt, Audit, DeadLetter, Disposition, Entry, Member};
use serde::Deserialize;
use wire::topics::Topics;
use wire::{Record, attempt, audit, dead_letter, disposition, names, text};

/// Reads records.
pub(crate) struct Reader {
    topics: Topics,
}

/// Why a record says nothing, in words that hold nothing of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreadable(String);

impl Reader {
    pub(crate) fn new(topics: Topics) -> Self {
        Self { topics }
    }

    /// What a record says.
    ///
    /// # Errors
    /// When it is none of ours, or a later version's.
    pub(crate) fn read(&self, record: &Record) -> Result<Entry, Unreadable> {
        if record.topic == self.topics.attempts {
            return attempt(record).map(Entry::Attempt);
        }
        if record.topic == self.topics.dispositions {
            return disposition(record);
        }
        if record.topic == self.topics.audit {
            return audit(record).map(Entry::Audit);
        }
        letter(record, record.topic == self.topics.dead_events).map(Entry::DeadLetter)
    }
}

fn attempt(record: &Record) -> Result<Attempt, Unreadable> {
    let value = record.value.as_deref().unwrap_or_default();
    let json = std::str::from_utf8(value).map_err(|_| unreadable("an attempt is no text"))?;
    let read: attempt::Attempt<'_> = serde_json::from_str(json)
        .map_err(|error| unreadable(format!("an attempt is not to be read: {:?}", error.classify())))?;
    if read.v != 1 {
        return Err(unreadable(format!("an attempt has version {}", read.v)));
    }
    let started_at = text::parse_rfc3339(&read.started_at);
    let members = if read.members.is_empty() { std::slice::from_ref(&read.first) } else { &read.members };
    Ok(Attempt {
        name: Text::from(&*read.first.delivery),
        webhook: Text::from(&*read.webhook),
        account: Text::from(&*read.account),
        number: read.number,
        started_at: started_at.ok_or_else(|| unreadable("an attempt does not say when it began"))?,
        took_ms: read.duration.total_ms,
        outcome: Text::from(&*read.outcome),
        status: read.status,
        next_due: read.next_due.as_deref().and_then(text::parse_rfc3339),
        test: read.test,
        members: members.iter().map(member).collect(),
        record: json.to_owned(),
    })
}

fn member(member: &attempt::Member<'_>) -> Member {
    Member {
        delivery: Text::from(&*member.delivery),
        event: Text::from(&*member.event),
        kind: Text::from(&*member.kind),
        message: member.message.as_deref().map(Text::from),
        recipient: member.recipient.as_deref().map(Text::from),
        origin: member.origin.as_deref().map(Text::from),
        replays: member.replays,
    }
}

fn letter(record: &Record, is_event: bool) -> Result<DeadLetter, Unreadable> {
    let (death, _) = dead_letter::read(&record.headers)
        .ok_or_else(|| unreadable("a dead letter does not say why and where it died"))?;
    let header = |name| record.headers.text(name).filter(|text| !text.is_empty()).map(Text::from);
    let (event, kind) = (header(names::CE_ID), header(names::CE_TYPE));
    let delivery = header(names::DELIVERY).filter(|_| !is_event).map(|delivery| {
        let sought = Sought::of(record);
        Member {
            delivery,
            event: event.clone().unwrap_or_default(),
            kind: kind.clone().unwrap_or_default(),
            message: sought.message.map(Text::from),
            recipient: sought.recipient.map(Text::from),
            origin: header(names::ORIGIN),
            replays: record.headers.text(names::REPLAY).and_then(|text| text.parse().ok()).unwrap_or(0),
        }
    });
    Ok(DeadLetter {
        place: disposition::Place::of(record).to_string().into(),
        died_at: record.timestamp,
        is_event: is_event || matches!(death.reason, DeathReason::Malformed | DeathReason::TooLarge),
        account: header(names::CE_ACCOUNT),
        webhook: header(names::WEBHOOK).filter(|_| !is_event),
        delivery,
        event,
        kind,
        reason: death.reason,
        explanation: death.message.into(),
        attempts: death.attempts,
        status: death.last_status,
        error: death.last_error.map(Text::from),
    })
}

fn disposition(record: &Record) -> Result<Entry, Unreadable> {
    let (place, made) =
        disposition::Disposition::read(record).map_err(|error| unreadable(error.to_string()))?;
    let made = made.map(|made| Disposition {
        what: made.what.name().into(),
        by: made.by.into(),
        at: made.at,
        note: made.note.map(Text::from),
        died: made.died,
    });
    Ok(Entry::Disposition(place.to_string().into(), made))
}

fn audit(record: &Record) -> Result<Audit, Unreadable> {
    let read = audit::read(record).map_err(|error| unreadable(error.to_string()))?;
    let json = std::str::from_utf8(record.value.as_deref().unwrap_or_default());
    Ok(Audit {
        id: read.id.into(),
        at: read.at,
        action: read.action.into(),
        account: read.account.map(Text::from),
        object: read.object.map(Text::from),
        by: read.by.map(Text::from),
        record: json.map_err(|_| unreadable("an audit record is no text"))?.to_owned(),
    })
}

fn unreadable(why: impl Into<String>) -> Unreadable {
    Unreadable(why.into())
}

/// What people search by, in a letter that may never have been tried. Events of types unknown to us may use these names for
/// anything.
#[derive(Default)]
struct Sought {
    message: Option<String>,
    recipient: Option<String>,
}

impl Sought {
    fn of(record: &Record) -> Self {
        #[derive(Default, Deserialize)]
        struct Data {
            #[serde(default)]
            id: serde_json::Value,
            #[serde(default)]
            recipient: serde_json::Value,
        }
        let data: Data =
            record.value.as_deref().and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default();
        let text = |value: serde_json::Value| value.as_str().map(str::to_owned);
        Self { message: text(data.id), recipient: text(data.recipient) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use domain::{Offset, Partition, Timestamp};
    use wire::Headers;
    use wire::topics::TopicSettings;

    fn read(
        topic: &str,
        key: &str,
        value: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<Entry, Unreadable> {
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let record = Record {
            topic: format!("postbode.{topic}").as_str().into(),
            partition: Partition(2),
            offset: Offset(7),
            timestamp: Timestamp::from_millis(1_000),
            key: Some(bytes(key)),
            value: value.map(bytes),
            headers: headers.iter().map(|(name, value)| ((*name).into(), bytes(value))).collect::<Headers>(),
        };
        Reader::new(Topics::new(&TopicSettings::default()).unwrap()).read(&record)
    }

    const ATTEMPT: &str = r#"{"v":1,"webhook":"wh_1","account":"acme","delivery":"dlv_1","event":"e1","type":"click",
        "message":"m1","replays":2,"number":3,"started_at":"1970-01-01T00:00:01.000Z","duration":{"total_ms":12.5},
        "url":"https://a.example/","request_headers":[],"outcome":"success","status":200}"#;

    #[test]
    fn an_attempt_is_read_with_what_it_sent() {
        let Ok(Entry::Attempt(read)) = read("attempts", "wh_1", Some(ATTEMPT), &[]) else {
            panic!("no attempt")
        };
        assert_eq!((&*read.name, read.number, read.started_at.as_millis()), ("dlv_1", 3, 1_000));
        assert_eq!((read.members.len(), read.members[0].replays, &*read.record), (1, 2, ATTEMPT));

        let member = r#"{"delivery":"dlv_2","event":"e2","type":"open"}"#;
        let batch =
            ATTEMPT.replace("\"status\":200}", &format!("\"status\":200,\"members\":[{member},{member}]}}"));
        let Ok(Entry::Attempt(read)) = self::read("attempts", "wh_1", Some(&batch), &[]) else {
            panic!("no attempt")
        };
        assert_eq!((read.members.len(), &*read.members[1].kind), (2, "open"));
    }

    const DEATH: [(&str, &str); 9] = [
        (names::DLQ_TOPIC, "postbode.deliveries"),
        (names::DLQ_PARTITION, "0"),
        (names::DLQ_OFFSET, "1"),
        (names::DLQ_COUNT, "4"),
        (names::REASON, "exhausted"),
        (names::CE_ACCOUNT, "acme"),
        (names::WEBHOOK, "wh_1"),
        (names::DELIVERY, "dlv_1"),
        (names::CE_ID, "e1"),
    ];

    #[test]
    fn a_dead_delivery_is_found_by_its_mail_even_if_it_was_never_tried() {
        let data = Some(r#"{"id":"m1","recipient":"a@example.com"}"#);
        let read = read("dead-letters.deliveries", "wh_1", data, &DEATH);
        let Ok(Entry::DeadLetter(letter)) = read else { panic!("no letter") };
        assert_eq!((&*letter.place, letter.is_event), ("postbode.dead-letters.deliveries-2-7", false));
        let member = letter.delivery.unwrap();
        assert_eq!((&*member.delivery, &*member.event), ("dlv_1", "e1"));
        assert_eq!(member.message.as_deref().zip(member.recipient.as_deref()), Some(("m1", "a@example.com")));
    }

    #[test]
    fn a_dead_event_is_nobodys_delivery() {
        let read = read("dead-letters.events", "k", Some("{"), &DEATH);
        let Ok(Entry::DeadLetter(letter)) = read else { panic!("no letter") };
        assert!(letter.is_event && letter.webhook.is_none() && letter.delivery.is_none());
    }

    #[test]
    fn a_disposition_is_read_and_so_is_its_end() {
        let place = "postbode.dead-letters.deliveries-2-7";
        let value = r#"{"v":1,"what":"discarded","by":"ops","at":"2026-01-31T12:00:00.000Z"}"#;
        let Ok(Entry::Disposition(of, Some(made))) =
            read("dead-letters.dispositions", place, Some(value), &[])
        else {
            panic!("no disposition")
        };
        assert_eq!((&*of, &*made.what, &*made.by), (place, "discarded", "ops"));
        let ended = read("dead-letters.dispositions", place, None, &[]);
        assert_eq!(ended, Ok(Entry::Disposition(place.into(), None)));
    }

    #[test]
    fn what_somebody_did_is_read_with_what_people_search_it_by() {
        let value = r#"{"v":1,"id":"aud_1","at":"1970-01-01T00:00:01.000Z","action":"webhook.paused","account":"acme",
            "object":"wh_1","by":"key_1","operator":false,"door":"api","address":null,"user_agent":null}"#;
        let Ok(Entry::Audit(audit)) = read("audit", "acme", Some(value), &[]) else { panic!("no audit") };
        assert_eq!((&*audit.id, &*audit.action, audit.at.as_millis()), ("aud_1", "webhook.paused", 1_000));
        assert_eq!((audit.object.as_deref(), audit.by.as_deref()), (Some("wh_1"), Some("key_1")));
        assert_eq!(audit.record, value);
    }

    #[test]
    fn what_is_none_of_ours_is_told_without_showing_it() {
        let newer = ATTEMPT.replace("\"v\":1", "\"v\":2");
        for (topic, value, said) in [
            ("attempts", None, "an attempt is not to be read: Eof"),
            ("attempts", Some("geheim"), "an attempt is not to be read: Syntax"),
            ("attempts", Some("{\"v\":\"geheim\"}"), "an attempt is not to be read: Data"),
            ("attempts", Some(&*newer), "an attempt has version 2"),
            ("audit", Some("geheim"), "an audit record is not to be read: Syntax"),
            ("dead-letters.deliveries", Some("geheim"), "a dead letter does not say why and where it died"),
            ("dead-letters.dispositions", Some("geheim"), "the key is not <topic>-<partition>-<offset>"),
        ] {
            assert_eq!(read(topic, "k", value, &[]), Err(unreadable(said)));
        }
    }
}

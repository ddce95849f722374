//! One dead letter as people see it. Pure.

use domain::{DeathReason, Timestamp};
use serde_json::{Value, json};
use wire::disposition::{Disposition, Place};
use wire::{Headers, Record, dead_letter, names};

use super::topic::LetterTopic;
use crate::output::{clipped, safe};

/// What a dead letter's headers say; texts are as they were written.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// Which kind.
    pub(crate) topic: LetterTopic,
    /// Where it lies.
    pub(crate) place: Place,
    /// When it died.
    pub(crate) at: Timestamp,
    /// Why; none if the record was not written by Postbode.
    pub(crate) reason: Option<DeathReason>,
    pub(crate) message: String,
    pub(crate) kind: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) webhook: Option<String>,
    pub(crate) delivery: Option<String>,
    /// Attempts spent.
    pub(crate) attempts: u32,
    /// Times replayed before.
    pub(crate) replays: u32,
    /// The backfill that made the delivery; none if fan-out did.
    pub(crate) backfill: Option<String>,
    pub(crate) last_status: Option<u16>,
    pub(crate) last_error: Option<String>,
    /// Whether the value was too large for the dead letter.
    pub(crate) value_omitted: bool,
    /// What became of it; none while it is open.
    pub(crate) disposition: Option<Disposition>,
}

impl Letter {
    /// Reads the headers. Nothing about a record makes this fail: what is there was once not understood.
    pub(crate) fn read(topic: LetterTopic, record: &Record, disposition: Option<&Disposition>) -> Self {
        let death = dead_letter::read(&record.headers).map(|(death, _)| death);
        let text = |name| record.headers.text(name).map(str::to_owned);
        Self {
            topic,
            disposition: disposition.filter(|decided| decided.is_of(record.timestamp)).cloned(),
            place: Place::of(record),
            at: record.timestamp,
            reason: death.as_ref().map(|death| death.reason),
            message: death.as_ref().map(|death| death.message.clone()).unwrap_or_default(),
            kind: text(names::CE_TYPE),
            account: text(names::CE_ACCOUNT),
            event: text(names::CE_ID),
            webhook: text(names::WEBHOOK),
            delivery: text(names::DELIVERY),
            attempts: death.as_ref().map_or(0, |death| death.attempts),
            replays: replays(&record.headers),
            backfill: text(names::BACKFILL),
            last_status: death.as_ref().and_then(|death| death.last_status),
            last_error: death.and_then(|death| death.last_error),
            value_omitted: record.headers.text(names::VALUE_OMITTED) == Some("true"),
        }
    }

    /// Its name on the command line: `<partition>-<offset>`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.place.partition, self.place.offset)
    }

    /// Why it died, in one word.
    pub(crate) fn reason_name(&self) -> &'static str {
        self.reason.map_or("unknown", DeathReason::name)
    }

    /// One JSON object.
    pub(crate) fn json(&self) -> Value {
        json!({
            "topic": self.topic.name(),
            "partition": self.place.partition.0,
            "offset": self.place.offset.0,
            "at": wire::text::rfc3339(self.at),
            "reason": self.reason.map(DeathReason::name),
            "message": self.message,
            "type": self.kind,
            "account": self.account,
            "event": self.event,
            "webhook": self.webhook,
            "delivery": self.delivery,
            "attempts": self.attempts,
            "replays": self.replays,
            "backfill": self.backfill,
            "last_status": self.last_status,
            "last_error": self.last_error,
            "value_omitted": self.value_omitted,
            "disposition": self.disposition.as_ref().map(disposition_json),
        })
    }

    /// One row of the table under [`HEADINGS`].
    pub(crate) fn row(&self) -> [String; 11] {
        let text = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), safe);
        let what = self.last_error.as_deref().unwrap_or(&self.message);
        [
            self.topic.name().to_owned(),
            self.name(),
            wire::text::rfc3339(self.at),
            self.reason_name().to_owned(),
            text(&self.kind),
            text(&self.webhook),
            text(&self.delivery),
            self.attempts.to_string(),
            self.last_status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
            self.disposition.as_ref().map_or("-", |disposition| disposition.what.name()).to_owned(),
            clipped(&safe(what), 60),
        ]
    }
}

/// The headings of the table.
pub(crate) const HEADINGS: [&str; 11] = [
    "TOPIC",
    "PLACE",
    "DIED",
    "REASON",
    "TYPE",
    "WEBHOOK",
    "DELIVERY",
    "ATTEMPTS",
    "STATUS",
    "BECAME",
    "LAST ERROR",
];

/// A disposition as JSON.
pub(crate) fn disposition_json(disposition: &Disposition) -> Value {
    json!({
        "what": disposition.what.name(),
        "by": disposition.by,
        "at": wire::text::rfc3339(disposition.at),
        "note": disposition.note,
    })
}

fn replays(headers: &Headers) -> u32 {
    headers.text(names::REPLAY).and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use bytes::Bytes;
    use domain::{Offset, Partition};
    use wire::dead_letter::Death;

    use super::*;

    /// A dead letter of webhook `wh_1`, at `<partition>-<offset>`.
    pub(crate) fn letter(place: &str) -> Letter {
        Letter::read(LetterTopic::Deliveries, &record(place), None)
    }

    /// Its record.
    pub(crate) fn record(place: &str) -> Record {
        let place = Place::parse(&format!("dlq-{place}")).unwrap();
        let mut headers = Headers::new();
        for (name, value) in [
            (names::CE_TYPE, "click"),
            (names::CE_ID, "e1"),
            (names::CE_ACCOUNT, "acme"),
            (names::WEBHOOK, "wh_1"),
            (names::DELIVERY, "dlv_1"),
            (names::REPLAY, "2"),
        ] {
            headers.push(name, value);
        }
        let source = Record {
            topic: "postbode.deliveries".into(),
            partition: Partition(1),
            offset: Offset(2),
            timestamp: Timestamp::from_millis(5),
            key: Some(Bytes::from_static(b"wh_1")),
            value: Some(Bytes::from_static(b"{\"a\":1}")),
            headers: headers.clone(),
        };
        let death = Death {
            reason: DeathReason::Exhausted,
            message: "the schedule is spent".into(),
            attempts: 3,
            last_status: Some(503),
            last_error: Some("the endpoint answered\x1b[31m 503".into()),
        };
        let dead = dead_letter::bury(&source, headers, &place.topic, "g", &death);
        Record {
            topic: dead.topic,
            partition: place.partition,
            offset: place.offset,
            timestamp: Timestamp::from_millis(900_000_000),
            key: dead.key,
            value: dead.value,
            headers: dead.headers,
        }
    }

    #[test]
    fn a_letter_is_shown_with_all_that_its_headers_say() {
        let shown = letter("3-17").json();
        assert_eq!(
            (&shown["reason"], &shown["last_status"], &shown["attempts"]),
            (&json!("exhausted"), &json!(503), &json!(3))
        );
        assert_eq!(
            (&shown["webhook"], &shown["delivery"], &shown["type"]),
            (&json!("wh_1"), &json!("dlv_1"), &json!("click"))
        );
        assert_eq!(
            (&shown["partition"], &shown["offset"], &shown["replays"]),
            (&json!(3), &json!(17), &json!(2))
        );
        assert_eq!((&shown["disposition"], &shown["value_omitted"]), (&Value::Null, &json!(false)));
    }

    #[test]
    fn a_row_cannot_steer_the_terminal() {
        let row = letter("3-17").row();
        assert_eq!(row[10], "the endpoint answered\\u{1b}[31m 503");
        assert_eq!((row[1].as_str(), row[9].as_str()), ("3-17", "-"));
    }

    #[test]
    fn a_stranger_among_the_letters_is_shown_too() {
        let mut record = record("0-0");
        record.headers = Headers::new();
        let letter = Letter::read(LetterTopic::Events, &record, None);
        assert_eq!((letter.reason, letter.row()[3].as_str()), (None, "unknown"));
    }

    #[test]
    fn what_became_of_a_letter_is_shown_with_it() {
        let record = record("3-17");
        let at = Timestamp::from_millis(0);
        let what = wire::disposition::What::Replayed;
        let note = Some("a fix is out".to_owned());
        let replayed = Disposition { what, by: "ops".into(), at, note, died: Some(record.timestamp) };
        let letter = Letter::read(LetterTopic::Deliveries, &record, Some(&replayed));
        assert_eq!(letter.json()["disposition"]["note"], "a fix is out");
        assert_eq!(letter.row()[9], "replayed");

        let of_another = Disposition { died: Some(Timestamp::from_millis(1)), ..replayed };
        let letter = Letter::read(LetterTopic::Deliveries, &record, Some(&of_another));
        assert_eq!((&letter.disposition, letter.row()[9].as_str()), (&None, "-"));
    }
}

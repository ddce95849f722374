//! A record on `deliveries` and the tiers: the event's bytes, and headers that say whose they are and how far they came.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use domain::{BatchPart, DeliveryId, Event, Offset, Partition, Progress, Standing, Timestamp, WebhookId};

use crate::event::Decoded;
use crate::{Headers, OutRecord, Record, names};

/// What the headers of a delivery record say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// When it happened, RFC 3339 as the producer wrote it.
    pub time: Option<String>,
    /// Where the event stands in `events`.
    pub origin: Option<Origin>,
    /// The webhook it goes to.
    pub webhook: WebhookId,
    /// Its name for the receiver.
    pub id: DeliveryId,
    /// The registry record that fan-out matched.
    pub registry: Offset,
    /// How far it came.
    pub progress: Progress,
    /// The backfill that made it; none if fan-out did.
    pub backfill: Option<String>,
}

/// Where an event stands in `events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
}

impl Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.partition, self.offset)
    }
}

impl Origin {
    /// That of a record of `events`.
    pub fn of(event: &Record) -> Self {
        Self { partition: event.partition, offset: event.offset }
    }

    /// Reads `<partition>-<offset>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (partition, offset) = text.split_once('-')?;
        Some(Self { partition: Partition(partition.parse().ok()?), offset: Offset(offset.parse().ok()?) })
    }
}

/// A header that is missing or unreadable: such a record was not written by Postbode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("header {0} is missing or unreadable")]
pub struct BadHeader(pub &'static str);

impl Delivery {
    /// Reads the headers.
    ///
    /// # Errors
    /// Names the first header that is missing or unreadable.
    pub fn read(headers: &Headers) -> Result<Self, BadHeader> {
        let text = |name: &'static str| headers.text(name).ok_or(BadHeader(name));
        let event = Event {
            id: text(names::CE_ID)?.into(),
            source: text(names::CE_SOURCE)?.into(),
            kind: text(names::CE_TYPE)?.into(),
            account: text(names::CE_ACCOUNT)?.into(),
        };
        Ok(Self {
            event,
            time: headers.text(names::CE_TIME).map(str::to_owned),
            origin: headers.text(names::ORIGIN).and_then(Origin::parse),
            webhook: text(names::WEBHOOK)?.into(),
            id: text(names::DELIVERY)?.into(),
            registry: Offset(number(headers, names::REGISTRY)?.ok_or(BadHeader(names::REGISTRY))?),
            progress: read_progress(headers)?,
            backfill: headers.text(names::BACKFILL).map(str::to_owned),
        })
    }
}

/// An event on its way to webhooks: what all its deliveries have in common, made once.
#[derive(Clone, Debug)]
pub struct Routed<'a> {
    event: &'a Decoded,
    headers: Headers,
}

impl<'a> Routed<'a> {
    /// `headers` are the event's, with whatever its sender adds to all its deliveries.
    pub fn new(event: &'a Decoded, mut headers: Headers, origin: Origin) -> Self {
        headers.push(names::ORIGIN, origin.to_string());
        Self { event, headers }
    }

    /// The delivery to a webhook, for the topic `deliveries`. The event's bytes, unchanged, under the webhook's key: one
    /// process owns an endpoint's limits and connections.
    pub fn to(&self, standing: &Standing, topic: &Arc<str>) -> OutRecord {
        let webhook = &standing.webhook.id;
        let mut headers = self.headers.clone();
        headers.push(names::WEBHOOK, webhook.to_string());
        headers.push(names::DELIVERY, self.event.event.delivery_to(webhook).to_string());
        headers.push(names::REGISTRY, standing.offset.to_string());
        OutRecord {
            topic: Arc::clone(topic),
            key: Some(webhook.to_string().into()),
            value: Some(self.event.data.clone()),
            headers,
        }
    }
}

/// Reads how far a record came; absent headers mean the start.
///
/// # Errors
/// Names the first header that is unreadable.
pub fn read_progress(headers: &Headers) -> Result<Progress, BadHeader> {
    let at = |name| Ok(number::<i64>(headers, name)?.map(Timestamp::from_millis));
    Ok(Progress {
        attempts: number(headers, names::ATTEMPT)?.unwrap_or(0),
        deferrals: number(headers, names::DEFERRALS)?.unwrap_or(0),
        waiting_since: at(names::WAITING_SINCE)?,
        first_attempt_at: at(names::FIRST_ATTEMPT_AT)?,
        replays: number(headers, names::REPLAY)?.unwrap_or(0),
        // Unreadable, it is only sent again in another batch.
        batch: headers.text(names::BATCH).and_then(BatchPart::parse),
    })
}

/// Writes how far a record came, in the place of what the headers said before. What is unknown is left out.
pub fn write_progress(headers: &mut Headers, progress: &Progress) {
    let count = |n: u32| Some(n.to_string());
    let at = |t: Option<Timestamp>| t.map(|t| t.as_millis().to_string());
    for (name, value) in [
        (names::ATTEMPT, count(progress.attempts)),
        (names::DEFERRALS, count(progress.deferrals)),
        (names::WAITING_SINCE, at(progress.waiting_since)),
        (names::FIRST_ATTEMPT_AT, at(progress.first_attempt_at)),
        (names::REPLAY, count(progress.replays).filter(|_| progress.replays > 0)),
        (names::BATCH, progress.batch.as_ref().map(ToString::to_string)),
    ] {
        headers.remove(name);
        if let Some(value) = value {
            headers.push(name, value);
        }
    }
}

/// When a tier may let the record go.
pub fn due_at(headers: &Headers) -> Result<Option<Timestamp>, BadHeader> {
    Ok(number::<i64>(headers, names::DUE_AT)?.map(Timestamp::from_millis))
}

/// Says when a tier may let the record go.
pub fn set_due_at(headers: &mut Headers, due: Timestamp) {
    headers.set(names::DUE_AT, due.as_millis().to_string());
}

/// Copies one header's bytes, if it is there.
pub(crate) fn copy(from: &Headers, to: &mut Headers, name: &'static str) {
    if let Some(value) = from.get(name) {
        to.push(name, Bytes::clone(value));
    }
}

fn number<N: std::str::FromStr>(headers: &Headers, name: &'static str) -> Result<Option<N>, BadHeader> {
    match headers.get(name) {
        None => Ok(None),
        Some(_) => headers.text(name).and_then(|text| text.parse().ok()).map(Some).ok_or(BadHeader(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> Headers {
        let mut headers = Headers::new();
        for (name, value) in [
            (names::CE_ID, "e1"),
            (names::CE_SOURCE, "/s"),
            (names::CE_TYPE, "click"),
            (names::CE_ACCOUNT, "acme"),
            (names::WEBHOOK, "wh_1"),
            (names::DELIVERY, "dlv_1"),
            (names::REGISTRY, "17"),
            (names::ORIGIN, "3-42"),
        ] {
            headers.push(name, value);
        }
        headers
    }

    #[test]
    fn progress_is_read_back_as_it_was_written() {
        let mut headers = headers();
        assert_eq!(Delivery::read(&headers).unwrap().progress, Progress::default());
        let progress = Progress {
            attempts: 3,
            deferrals: 1,
            waiting_since: Some(Timestamp::from_millis(5)),
            first_attempt_at: Some(Timestamp::from_millis(4)),
            replays: 2,
            batch: Some(BatchPart { id: "bat_1".into(), index: 4, size: 7 }),
        };
        write_progress(&mut headers, &progress);
        write_progress(&mut headers, &progress);
        assert_eq!(Delivery::read(&headers).unwrap().progress, progress);
        write_progress(&mut headers, &Progress::default());
        assert_eq!(headers.text(names::ATTEMPT), Some("0"));
        assert_eq!(headers.get(names::WAITING_SINCE), None);
    }

    #[test]
    fn a_missing_or_unreadable_header_is_named() {
        let mut headers = headers();
        headers.set(names::ATTEMPT, "many");
        assert_eq!(Delivery::read(&headers), Err(BadHeader(names::ATTEMPT)));
        headers.remove(names::WEBHOOK);
        assert_eq!(Delivery::read(&headers), Err(BadHeader(names::WEBHOOK)));
    }

    #[test]
    fn a_delivery_says_whose_it_is_and_who_made_it() {
        let value = Some(Bytes::from_static(b"{ }"));
        let record = Record {
            topic: "events".into(),
            partition: Partition(3),
            offset: Offset(42),
            timestamp: Timestamp::from_millis(0),
            key: None,
            value: value.clone(),
            headers: headers(),
        };
        let event = crate::event::decode(&record, 100).unwrap();
        let webhook = Arc::new(domain::fixtures::webhook("wh_1", "acme", &[]));
        let standing = Standing { webhook, offset: Offset(17), failing_since: None };
        let mut marked = event.headers.clone();
        marked.push(names::BACKFILL, "job_1");
        let made = Routed::new(&event, marked, Origin::of(&record)).to(&standing, &"deliveries".into());
        assert_eq!((made.key.as_deref(), made.value), (Some(&b"wh_1"[..]), value));
        let read = Delivery::read(&made.headers).unwrap();
        assert_eq!(read.id, event.event.delivery_to(&"wh_1".into()));
        assert_eq!((read.origin.unwrap().to_string(), read.registry), ("3-42".to_owned(), Offset(17)));
        assert_eq!((read.event, read.backfill.as_deref()), (event.event, Some("job_1")));
    }

    #[test]
    fn the_origin_finds_the_event() {
        let origin = Delivery::read(&headers()).unwrap().origin.unwrap();
        assert_eq!((origin.partition, origin.offset), (Partition(3), Offset(42)));
        assert_eq!(origin.to_string(), "3-42");
    }
}

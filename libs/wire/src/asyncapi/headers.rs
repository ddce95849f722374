//! The headers of records, as schemas.

use serde_json::{Map, Value, json};

use crate::names;

/// Name, whether it is always there, and what it says.
type Told = (&'static str, bool, &'static str);

const EVENT: &[Told] = &[
    (names::CE_SPECVERSION, false, "`1.0`; where this stands, the event is in binary mode"),
    (names::CE_ID, false, "The event's id; `<topic>-<partition>-<offset>` where it is missing"),
    (names::CE_SOURCE, false, "Where it comes from"),
    (names::CE_TYPE, false, "Its type"),
    (names::CE_TIME, false, "When it happened, RFC 3339"),
    (names::CE_ACCOUNT, false, "Whose it is: without it the event is a dead letter"),
    (names::CE_PARTITIONKEY, false, "What its partition is chosen by"),
    (names::CONTENT_TYPE, false, "`application/json`, or of structured mode `application/cloudevents+json`"),
    (names::TRACEPARENT, false, "W3C trace context"),
    (names::TRACESTATE, false, "W3C trace state"),
];

const DELIVERY: &[Told] = &[
    (names::CE_ID, true, "The event's id"),
    (names::CE_SOURCE, true, "Where the event comes from"),
    (names::CE_TYPE, true, "The event's type"),
    (names::CE_ACCOUNT, true, "Whose it is"),
    (names::WEBHOOK, true, "The webhook's id"),
    (names::DELIVERY, true, "The delivery's id, which the receiver sees as webhook-id"),
    (names::REGISTRY, true, "The offset of the webhook's record that was used"),
    (names::ORIGIN, false, "Where the event stands: `<partition>-<offset>` in `events`"),
    (names::ATTEMPT, false, "Attempts spent"),
    (names::DEFERRALS, false, "How often it was moved aside without an attempt"),
    (names::WAITING_SINCE, false, "Since when it is moved aside, in milliseconds since the epoch"),
    (names::FIRST_ATTEMPT_AT, false, "When the first attempt began, in milliseconds since the epoch"),
    (names::BATCH, false, "Which part of a batch it was when that failed: `<id>/<index>/<size>`"),
    (names::REPLAY, false, "How often it was taken out of the dead letters"),
    (names::BACKFILL, false, "The backfill that made it, where fan-out did not"),
];

const WAITING: &[Told] = &[(names::DUE_AT, true, "When it may go on, in milliseconds since the epoch")];

const DEATH: &[Told] = &[
    (names::REASON, true, "Why: of a closed set"),
    (names::DLQ_TOPIC, true, "The source's topic"),
    (names::DLQ_PARTITION, true, "The source's partition"),
    (names::DLQ_OFFSET, true, "The source's offset"),
    (names::DLQ_GROUP, true, "The consumer group that gave up"),
    (names::DLQ_COUNT, true, "How often it was tried"),
    (names::DLQ_MESSAGE, true, "What went wrong, in words"),
    (names::SOURCE_TIMESTAMP, true, "The source record's own timestamp, in milliseconds since the epoch"),
    (names::LAST_STATUS, false, "The last HTTP status"),
    (names::LAST_ERROR, false, "The last error, at most 512 bytes"),
    (names::VALUE_OMITTED, false, "`true` where the value did not fit"),
];

const TAKEN_BACK: &[Told] =
    &[(names::BY, false, "Who took a disposition back"), (names::NOTE, false, "Why, in their words")];

/// Of an event; of its type where there is one.
pub(super) fn event(kind: Option<&str>) -> Value {
    let mut schema = of(&[EVENT]);
    if let Some(kind) = kind {
        schema["properties"][names::CE_TYPE]["const"] = kind.into();
    }
    schema
}

/// Of a delivery.
pub(super) fn delivery() -> Value {
    of(&[EVENT, DELIVERY])
}

/// Of a delivery in a tier.
pub(super) fn waiting() -> Value {
    of(&[EVENT, DELIVERY, WAITING])
}

/// Of a dead event.
pub(super) fn dead_event() -> Value {
    with_reasons(of(&[EVENT, DEATH]))
}

/// Of a dead delivery. One that had to be written without its source's headers has only those of its death.
pub(super) fn dead_delivery() -> Value {
    let mut schema = of(&[EVENT, DELIVERY, DEATH]);
    schema["required"] = of(&[DEATH])["required"].clone();
    with_reasons(schema)
}

/// Of a disposition.
pub(super) fn disposition() -> Value {
    of(&[TAKEN_BACK])
}

/// A later table's word counts before an earlier one's.
fn of(tables: &[&[Told]]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, always, about) in tables.iter().copied().flatten() {
        properties.insert((*name).to_owned(), json!({"type": "string", "description": about}));
        required.extend(always.then_some(*name));
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": {"type": "string"}})
}

fn with_reasons(mut schema: Value) -> Value {
    schema["properties"][names::REASON]["enum"] =
        domain::DeathReason::ALL.into_iter().map(domain::DeathReason::name).collect();
    schema
}

//! A record on `attempts`: what was tried, and what came of it. Holds no secret.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One attempt, as JSON. Version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attempt<'a> {
    /// The record's version.
    pub v: u32,
    /// The webhook.
    pub webhook: Cow<'a, str>,
    /// The account.
    pub account: Cow<'a, str>,
    /// What was sent; of a batch its first delivery, but that `delivery` is the batch's own name: the `webhook-id` that
    /// the receiver saw.
    #[serde(flatten)]
    pub first: Member<'a>,
    /// Which attempt it was, from 1.
    pub number: u32,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long its phases took.
    pub duration: Durations,
    /// Where it went.
    pub url: Cow<'a, str>,
    /// What it said; values of custom headers are left out.
    pub request_headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The outcome's class: `success`, `timeout-connect`, …
    pub outcome: Cow<'a, str>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// What went wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// The response's headers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub response_headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The beginning of the response's body, as text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response_body: Option<Cow<'a, str>>,
    /// When the next attempt is due, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_due: Option<String>,
    /// The trace it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<Cow<'a, str>>,
    /// Whether it was a person's test.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub test: bool,
    /// Of a batch: every delivery in it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<Member<'a>>,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member<'a> {
    /// The delivery's id: the `webhook-id` of its POST, or of its element in a batch.
    pub delivery: Cow<'a, str>,
    /// The event's id.
    pub event: Cow<'a, str>,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// The mail message's id, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<Cow<'a, str>>,
    /// The mail's recipient, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Cow<'a, str>>,
    /// Where the event stands in `events`: `<partition>-<offset>`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
    /// The backfill that made the delivery, where fan-out did not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backfill: Option<Cow<'a, str>>,
    /// How often it was taken out of the dead letters.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub replays: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Durations in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Durations {
    /// The whole attempt.
    pub total_ms: f64,
    /// Resolving the name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dns_ms: Option<f64>,
    /// Opening the connection, TLS included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connect_ms: Option<f64>,
    /// Until the response's head.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_byte_ms: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 1 was written at first, and with what it says since.
    const GOLDEN: &str = r#"{"v":1,"webhook":"wh_1","account":"acme","delivery":"dlv_1","event":"e1","type":"click","origin":"3-42","number":2,"started_at":"2026-01-31T12:00:00.000Z","duration":{"total_ms":12.5},"url":"https://a.example/","request_headers":[["webhook-id","dlv_1"]],"outcome":"server-error","status":503,"error":"the endpoint answered 503","next_due":"2026-01-31T12:00:30.000Z"}"#;
    const GOLDEN_WITH_MARKS: &str = r#"{"v":1,"webhook":"wh_1","account":"acme","delivery":"bat_1","event":"e1","type":"click","replays":1,"number":1,"started_at":"2026-01-31T12:00:00.000Z","duration":{"total_ms":1.0},"url":"https://a.example/","request_headers":[],"outcome":"success","status":200,"test":true,"members":[{"delivery":"dlv_1","event":"e1","type":"click","replays":1}]}"#;

    #[test]
    fn version_1_is_read_and_written_as_it_always_was() {
        for golden in [GOLDEN, GOLDEN_WITH_MARKS] {
            let read: Attempt<'_> = serde_json::from_str(golden).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), golden);
        }
        let read: Attempt<'_> = serde_json::from_str(GOLDEN_WITH_MARKS).unwrap();
        assert_eq!((read.first.replays, read.members[0].replays, read.test), (1, 1, true));
    }
}

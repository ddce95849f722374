//! A record on `attempts`: what was tried, and what came of it. Holds no secret.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One attempt, as JSON. Version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Of a batch: every delivery in it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<Member<'a>>,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// Durations in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

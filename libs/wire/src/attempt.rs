//! A record on `attempts`: what was tried, and what came of it. Holds no secret.

use serde::{Deserialize, Serialize};

/// One attempt, as JSON. Version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The record's version.
    pub v: u32,
    /// The delivery: the `webhook-id` that the receiver saw.
    pub delivery: String,
    /// The webhook.
    pub webhook: String,
    /// The account.
    pub account: String,
    /// The event's id.
    pub event: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The mail message's id, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The mail's recipient, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<String>,
    /// Where the event stands in `events`: `<partition>-<offset>`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
    /// Which attempt it was, from 1.
    pub number: u32,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long its phases took.
    pub duration: Durations,
    /// Where it went.
    pub url: String,
    /// What it said; values of custom headers are left out.
    pub request_headers: Vec<(String, String)>,
    /// The outcome's class: `success`, `timeout-connect`, …
    pub outcome: String,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// What went wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// The response's headers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub response_headers: Vec<(String, String)>,
    /// The beginning of the response's body, as text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response_body: Option<String>,
    /// When the next attempt is due, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_due: Option<String>,
    /// The trace it belongs to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<String>,
    /// Of a batch: every delivery in it, in order. `delivery` is then the batch's own name, and what is said of an event
    /// is about the first one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<Member>,
}

/// One delivery of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The delivery's id: the element's `webhook-id`.
    pub delivery: String,
    /// The event's id.
    pub event: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The mail message's id, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The mail's recipient, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<String>,
    /// Where the event stands in `events`: `<partition>-<offset>`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
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

//! The history on the API: deliveries, their attempts, dead letters, and how a webhook did.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attempt::Durations;

/// One event on its way to one webhook, as far as is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delivery {
    /// The `webhook-id` that the receiver sees; of a batch, its element's.
    pub id: String,
    /// The account.
    pub account: String,
    /// The webhook.
    pub webhook: String,
    /// The event's id.
    pub event: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The mail message's id, where the event has one.
    pub message: Option<String>,
    /// The mail's recipient, where the event has one.
    pub recipient: Option<String>,
    /// `delivered`, `retrying` or `dead`. What was delivered stays so.
    pub state: String,
    /// Attempts spent, since it was last taken out of the dead letters.
    pub attempts: u32,
    /// How often it was taken out of the dead letters.
    pub replays: u32,
    /// Whether it was a person's test.
    pub test: bool,
    /// When it was first tried, or died untried: what lists are ordered by.
    #[serde(with = "crate::text::Rfc3339")]
    pub first_at: Timestamp,
    /// When the last attempt began, or when it died.
    #[serde(with = "crate::text::Rfc3339")]
    pub last_at: Timestamp,
    /// The last attempt's HTTP status.
    pub status: Option<u16>,
    /// The last attempt's outcome: `success`, `timeout-connect`, …
    pub outcome: Option<String>,
    /// When the next attempt is due.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub next_due: Option<Timestamp>,
}

/// A delivery with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeliveryInFull {
    /// What lists show.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Every attempt, in order.
    pub tries: Vec<Try>,
    /// The event's data, from Kafka.
    pub data: Option<Value>,
    /// Why there are none.
    pub data_missing: Option<String>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Try {
    /// Which one it was, from 1.
    pub number: u32,
    /// The batch that it was sent in: the `webhook-id` of the whole.
    pub batch: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long its phases took.
    pub duration: Durations,
    /// Where it went.
    pub url: String,
    /// What it said; custom headers are left out.
    pub request_headers: Vec<(String, String)>,
    /// The outcome's class.
    pub outcome: String,
    /// The HTTP status.
    pub status: Option<u16>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// The response's headers.
    pub response_headers: Vec<(String, String)>,
    /// The beginning of the response's body, as text.
    pub response_body: Option<String>,
    /// When the next one was due, RFC 3339.
    pub next_due: Option<String>,
    /// The trace it belongs to.
    pub trace: Option<String>,
}

/// Something that died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadLetter {
    /// Where it stands: `<topic>-<partition>-<offset>`.
    pub id: String,
    /// The account, as far as it says.
    pub account: Option<String>,
    /// The webhook; null for an event that was never fanned out.
    pub webhook: Option<String>,
    /// The delivery.
    pub delivery: Option<String>,
    /// The event's id, as far as it says.
    pub event: Option<String>,
    /// The event's type, as far as it says.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `exhausted`, `gone`, `address-denied`, `expired`, `unknown-webhook`; of events `malformed`, `too-large`.
    pub reason: String,
    /// The same in words.
    pub explanation: String,
    /// Attempts spent.
    pub attempts: u32,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The last error in words.
    pub error: Option<String>,
    /// When it died.
    #[serde(with = "crate::text::Rfc3339")]
    pub died_at: Timestamp,
    /// What became of it; null while it is open.
    pub disposition: Option<Disposition>,
}

/// `GET /v1/dead-letters/{id}`: a dead letter's record, as it stands in Kafka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadLetterRecord {
    /// Where it stands: `<topic>-<partition>-<offset>`.
    pub id: String,
    /// Its headers; of values that are no UTF-8 what can be read.
    pub headers: Vec<(String, String)>,
    /// How many bytes its value has.
    pub bytes: u64,
    /// Its value's first 65 536 bytes, in Base64. Nobody vouches for what they are.
    pub value: String,
    /// The same as text; null where they are no UTF-8.
    pub text: Option<String>,
}

/// What became of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Disposition {
    /// `replayed` or `discarded`.
    pub what: String,
    /// Who decided.
    pub by: String,
    /// When.
    #[serde(with = "crate::text::Rfc3339")]
    pub at: Timestamp,
    /// Why, in their words.
    pub note: Option<String>,
}

/// `GET /v1/dead-letters/counts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadLetterCounts {
    /// One for each webhook and reason.
    pub items: Vec<DeadLetterCount>,
}

/// How many of a webhook's deliveries died for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadLetterCount {
    /// The webhook; null for events.
    pub webhook: Option<String>,
    /// The reason.
    pub reason: String,
    /// Of which nothing became yet.
    pub open: u64,
    /// That were put back.
    pub replayed: u64,
    /// That are not wanted any more.
    pub discarded: u64,
}

/// `GET /v1/webhooks/{id}/statistics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statistics {
    /// The webhook.
    pub webhook: String,
    /// Each hour, the oldest first, the present one last.
    pub hours: Vec<Hour>,
    /// All of them together.
    pub total: Tally,
}

/// An hour's attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hour {
    /// When it begins.
    #[serde(with = "crate::text::Rfc3339")]
    pub begins_at: Timestamp,
    /// Its attempts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// Attempts, and how long they took: right to a tenth. A batch is one attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// All of them.
    pub attempts: u64,
    /// Answered with 2xx.
    pub successes: u64,
    /// All others.
    pub failures: u64,
    /// What half of them took no longer than, in milliseconds; null where there are none.
    pub p50_ms: Option<f64>,
    /// The same of 95 in a hundred.
    pub p95_ms: Option<f64>,
    /// The same of 99 in a hundred.
    pub p99_ms: Option<f64>,
}

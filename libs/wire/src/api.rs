//! What the console's REST API speaks: requests and answers of `/v1`, as its callers and the console see them.
//!
//! Requests refuse members that they do not know; answers may grow, so their readers ignore what they do not know.
//! Times are RFC 3339 in UTC, durations texts like `15s`. Errors are problem details (RFC 9457) with [`Problem`]'s members.

mod audit;
mod erasure;
mod history;
mod jobs;
mod letters;
pub mod live;
mod overview;
mod portal;
#[cfg(test)]
mod tests;
mod trial;
mod trigger;
mod webhook;

use std::collections::BTreeSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

pub use audit::AuditEntry;
pub use erasure::{Erasure, Held, NewErasure};
pub use history::{
    DeadLetter, DeadLetterCount, DeadLetterCounts, DeadLetterRecord, Delivery, DeliveryInFull, Disposition,
    Hour, Statistics, Tally, Try,
};
pub use jobs::{Backfill, BackfillProgress, Job, NewBackfill};
pub use letters::{LetterAct, LetterJob, LetterProgress, NewLetterJob};
pub use overview::{AccountOverview, Backlog, Overview, Waiting};
pub use portal::{NewPortalLink, PortalLink};
pub use trial::{NewTrial, Trial, TrialRequest, TrialResponse};
pub use trigger::{
    Callers, FilterFailure, FilterTest, FilterVerdict, Identifier, NewPreview, Preview, PreviewedEvent,
    TestEvent, TriggerPatch,
};
pub use webhook::{
    Batch, BatchPatch, CodeSent, DnsProof, Headers, Limits, LimitsPatch, NewWebhook, RotateSecret, Secret,
    SecretBefore, Types, Verification, VerificationAttempt, Verify, Webhook, WebhookPatch, WebhookWithSecret,
};

/// A page of a list, in the order of ids (of the history, newest first): `{"items": […], "next": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PageOf{T}"))]
pub struct Page<T> {
    /// At most as many as asked for.
    pub items: Vec<T>,
    /// What `?cursor=` takes for the page after this; null on the last one.
    pub next: Option<String>,
}

impl<T> Default for Page<T> {
    /// An empty list's.
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// `POST /v1/accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// What events and webhooks will name it by: 1 to 64 letters, digits, `.`, `_`, `-`.
    pub id: String,
    /// What people call it: 1 to 100 characters.
    pub name: String,
    /// Who is told when a webhook fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// What is kept of its attempts, and how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// `PATCH /v1/accounts/{id}`: what is left out stays. The revision that it was made to comes in `If-Match` or in the body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AccountPatch {
    /// What people call it; operators change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who is told when a webhook fails; null is nobody.
    #[serde(deserialize_with = "webhook::present", skip_serializing_if = "Option::is_none")]
    pub contact: Option<Option<Contact>>,
    /// What is kept of its attempts, and how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// The revision that this was made to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// Somebody at a customer's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// A mail address.
    pub email: String,
    /// The language to write in: `en`, the default, or `nl`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
}

/// What is kept of an account's attempts, and how long. What is left out is as if nothing was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// Of which attempts the headers of both sides, the beginning of the response's body and the mail's recipient are kept:
    /// `all`, the default, `failures` or `nothing`. It holds for attempts from then on. That there was an attempt, when, and
    /// what came of it is always kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// For how many days the history holds deliveries, attempts and dead letters, 1 to 365; without it, and at most, as long
    /// as the platform does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Account {
    /// What events and webhooks name it by.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Who is told when a webhook fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// What is kept of its attempts, and how long.
    #[serde(default)]
    pub keep: Keep,
    /// When it was made.
    #[serde(with = "crate::text::Rfc3339")]
    pub created_at: Timestamp,
    /// How many changes made it what it is.
    pub revision: u64,
}

/// `POST /v1/accounts/{id}/keys` and, for operators' keys, `POST /v1/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What people will call it: 1 to 100 characters.
    pub name: String,
    /// What it may do: of `events:write`, `webhooks:read`, `webhooks:write`; `operator` for operators' keys.
    pub scopes: Vec<String>,
    /// From when on it is refused; none means never.
    #[serde(default, with = "crate::text::OptionalRfc3339", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// An API key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Key {
    /// Its public handle.
    pub id: String,
    /// Whose it is; null for an operator's.
    pub account: Option<String>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<String>,
    /// From when on it is refused.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    #[serde(with = "crate::text::Rfc3339")]
    pub created_at: Timestamp,
}

/// A key just made: the members of [`Key`], and the key itself, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreatedKey {
    /// The key's members.
    #[serde(flatten)]
    pub key: Key,
    /// What `Authorization: Bearer` takes: `pbk_` and 64 hexadecimal digits.
    pub secret: String,
}

impl std::fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A type of event, as documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventType {
    /// Its name.
    pub name: String,
    /// What it tells, in one line.
    pub summary: String,
    /// Whether SMTPeter calls webhooks for it.
    pub sent: bool,
    /// Its members beside `type`.
    pub fields: Vec<EventField>,
    /// A realistic event.
    pub sample: serde_json::Value,
    /// The JSON Schema of its flat form.
    pub schema: serde_json::Value,
}

/// A member of a type of event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventField {
    /// Its name.
    pub name: String,
    /// What may stand there, in words: `a string`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether an event without it is refused.
    pub required: bool,
    /// What it means.
    pub meaning: String,
}

/// An error's body. Members beside these depend on the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: String,
    /// For people.
    #[serde(default)]
    pub detail: String,
    /// With `invalid`: what is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `verification-failed`: what each place answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<VerificationAttempt>,
    /// With `stale-revision`: the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// With `job-running`: that job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// The field's path: `limits.timeout`, `headers.X-Key`, `scopes[1]`; empty for the body as a whole.
    pub field: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

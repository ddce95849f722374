//! Conditions on the API, and trying them out.

use std::collections::BTreeSet;
use std::fmt;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::webhook::{NewWebhook, Types, WebhookPatch, present};

/// What names a database or a collection: a text or a whole number, which are the same here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a string or a whole number")]
pub enum Identifier {
    /// `7`.
    Number(u64),
    /// `"7"`.
    Text(String),
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// `{"only": […]}` or `{"except": […]}`: names of applications that change profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Callers {
    /// Only their changes.
    Only(BTreeSet<String>),
    /// All changes but theirs.
    Except(BTreeSet<String>),
}

/// The conditions of a request: what is left out stays, null takes a condition away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerPatch {
    /// A CEL expression.
    pub filter: Option<Option<String>>,
    /// A database.
    pub database: Option<Option<Identifier>>,
    /// A collection.
    pub collection: Option<Option<Identifier>>,
    /// Applications.
    pub callers: Option<Option<Callers>>,
    /// Fields of profiles.
    pub fields: Option<Option<BTreeSet<String>>>,
}

macro_rules! conditions_of {
    ($($request:ident)*) => {$(
        impl $request {
            /// The conditions in it.
            pub fn conditions(&self) -> TriggerPatch {
                TriggerPatch {
                    filter: self.filter.clone(),
                    database: self.database.clone(),
                    collection: self.collection.clone(),
                    callers: self.callers.clone(),
                    fields: self.fields.clone(),
                }
            }
        }
    )*};
}
conditions_of! { NewWebhook WebhookPatch FilterTest NewPreview }

/// `POST /v1/webhooks/filter-test`: an event, and conditions to try on it. Nothing is sent or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FilterTest {
    /// A webhook whose conditions and types are tried, under those that stand here beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// Which types are wanted; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Types>,
    /// A CEL expression.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Option<String>>,
    /// A database.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub database: Option<Option<Identifier>>,
    /// A collection.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub collection: Option<Option<Identifier>>,
    /// Applications.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub callers: Option<Option<Callers>>,
    /// Fields of profiles.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fields: Option<Option<BTreeSet<String>>>,
    /// The event.
    pub event: TestEvent,
}

/// The event of a test. `{"type": "click"}` is the catalogue's sample of a click.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TestEvent {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its data; the catalogue's sample if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where it comes from; `/` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it happened; now if left out.
    #[serde(default, with = "crate::text::OptionalRfc3339", skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Whose it is; the key's own account, or for operators `example`, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilterVerdict {
    /// Whether a webhook with these conditions would get the event.
    pub matches: bool,
    /// `matched`; or what is not met: `type`, `database`, `collection`, `callers`, `fields`, `filter`; or `failed`.
    pub reason: String,
    /// The same in words; with `failed`, why the filter could not say.
    pub detail: String,
    /// The event that was tried, complete.
    pub event: TestEvent,
}

/// A filter that failed for real events, which counts as no match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilterFailure {
    /// When that was seen: written down at once, then once an hour.
    #[serde(with = "crate::text::Rfc3339")]
    pub at: Timestamp,
    /// Why.
    pub message: String,
}

/// `POST /v1/webhooks/preview`: types and conditions, to be tried on the last events of an account. Nothing is sent or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPreview {
    /// Whose events; the key's own account's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Which types are wanted; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Types>,
    /// A CEL expression.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Option<String>>,
    /// A database.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub database: Option<Option<Identifier>>,
    /// A collection.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub collection: Option<Option<Identifier>>,
    /// Applications.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub callers: Option<Option<Callers>>,
    /// Fields of profiles.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fields: Option<Option<BTreeSet<String>>>,
}

/// What a webhook with these conditions would have got lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// The account's last events, newest first: at most a hundred.
    pub events: Vec<PreviewedEvent>,
    /// How many of them the webhook would have got.
    pub matches: u32,
    /// From when on `per_second` counts: a day ago, or as far back as was looked.
    #[serde(with = "crate::text::Rfc3339")]
    pub since: Timestamp,
    /// How many events since then the webhook would have got.
    pub matches_since: u64,
    /// Calls a second to expect, on the average since then.
    pub per_second: f64,
    /// Calls a second in the busiest minute since then.
    pub busiest_per_second: f64,
}

/// One of the last events, and whether it matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewedEvent {
    /// The event's id.
    pub event: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was taken in.
    #[serde(with = "crate::text::Rfc3339")]
    pub at: Timestamp,
    /// Whether the webhook would have got it.
    pub matches: bool,
    /// `matched`, or why not: `type`, `database`, `collection`, `callers`, `fields`, `filter`, or `failed`, which counts as no match.
    pub reason: String,
}

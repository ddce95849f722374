//! Webhooks on the API.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::trigger::{Callers, FilterFailure, Identifier};
use crate::HumanDuration;

/// Custom headers: names with values, which are secrets; null removes one.
pub type Headers = BTreeMap<String, Option<String>>;

/// `POST /v1/webhooks`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Whose it will be; the key's own account if left out, so only operators must name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What people will call it: 1 to 100 characters.
    pub name: String,
    /// Where to POST.
    pub url: String,
    /// Which events it wants.
    pub types: Types,
    /// A CEL expression over `type`, `data`, `account`, `source` and `time`: only events for which it is true.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Option<String>>,
    /// Only profiles of this database.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub database: Option<Option<Identifier>>,
    /// Only subprofiles of this collection.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub collection: Option<Option<Identifier>>,
    /// Whose changes of profiles count; everybody's if left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub callers: Option<Option<Callers>>,
    /// Only changes of one of these fields of a profile; at most 100.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fields: Option<Option<BTreeSet<String>>>,
    /// How a body is written: `json` (if left out), `form`, `standard` or `cloudevents`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether the platform signs the calls too, with the key that it publishes: SMTPeter's scheme.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub platform_signature: bool,
    /// Headers for each call, at most 20.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: Headers,
    /// How hard the endpoint may be hit; what is left out has its usual value.
    #[serde(default, skip_serializing_if = "LimitsPatch::is_empty")]
    pub limits: LimitsPatch,
    /// How deliveries are put together; each goes alone if left out. What is left out in it has its usual value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchPatch>,
}

/// `PATCH /v1/webhooks/{id}`: what is left out, or null, stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WebhookPatch {
    /// The revision that the change was made to, unless `If-Match` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new URL; that of a verified webhook is pending until it is verified too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Other events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Types>,
    /// Another filter; null for none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Option<String>>,
    /// Another database; null for any.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub database: Option<Option<Identifier>>,
    /// Another collection; null for any.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub collection: Option<Option<Identifier>>,
    /// Whose changes count; null for everybody's.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub callers: Option<Option<Callers>>,
    /// Which fields; null for any.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fields: Option<Option<BTreeSet<String>>>,
    /// Another format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether the platform signs the calls too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_signature: Option<bool>,
    /// Headers to set, or with null to remove; all others stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: Headers,
    /// Limits to change; all others stay.
    #[serde(skip_serializing_if = "LimitsPatch::is_empty")]
    pub limits: LimitsPatch,
    /// How deliveries are put together; null for each alone.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub batch: Option<Option<BatchPatch>>,
}

/// `"*"` or a list of event types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected \"*\" or a list of event types")]
pub enum Types {
    /// These.
    Only(BTreeSet<String>),
    /// `"*"`: each one, those of the future too.
    All(String),
}

impl Types {
    /// Each type.
    pub fn all() -> Self {
        Self::All("*".to_owned())
    }

    /// These types.
    pub fn only<S: Into<String>>(types: impl IntoIterator<Item = S>) -> Self {
        Self::Only(types.into_iter().map(Into::into).collect())
    }
}

impl Default for Types {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

/// Limits in a request: what is left out keeps its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LimitsPatch {
    /// Calls open at once, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Calls begun per second, 1 to 10000; null for no limit.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub per_second: Option<Option<u32>>,
    /// How long one attempt may take, 1 s to 30 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<HumanDuration>,
}

impl LimitsPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Batching in a request: what is left out keeps its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BatchPatch {
    /// Deliveries in one call, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u32>,
    /// Bytes of their events together, 1024 to 1048576; one that is larger alone goes alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u32>,
    /// How many milliseconds the first of them waits for others, 0 to 60000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait_ms: Option<u32>,
}

/// Batching in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Batch {
    /// Deliveries in one call, at most.
    pub max_events: u32,
    /// Bytes of their events together, at most.
    pub max_bytes: u32,
    /// How many milliseconds the first of them waits for others.
    pub max_wait_ms: u64,
}

/// Tells null from a member that is left out.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A webhook as it counts now. No secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// What people call it.
    pub name: String,
    /// Where calls go.
    pub url: String,
    /// A new URL that waits for its verification.
    pub pending_url: Option<String>,
    /// Which events it wants.
    pub types: Types,
    /// The CEL expression that must be true.
    pub filter: Option<String>,
    /// The database that profiles must be of.
    pub database: Option<String>,
    /// The collection that subprofiles must be of.
    pub collection: Option<String>,
    /// Whose changes of profiles count; null for everybody's.
    pub callers: Option<Callers>,
    /// The fields of profiles one of which must have changed; empty for any change.
    pub fields: BTreeSet<String>,
    /// The filter failed for real events lately, since this revision was made: those were not sent.
    pub filter_failure: Option<FilterFailure>,
    /// How a body is written.
    pub format: String,
    /// Whether the platform signs the calls too, with the key that it publishes.
    pub platform_signature: bool,
    /// The names of its custom headers; the values are never shown.
    pub headers: Vec<String>,
    /// How hard the endpoint may be hit.
    pub limits: Limits,
    /// How deliveries are put together; null if each goes alone.
    pub batch: Option<Batch>,
    /// `unverified`, `active`, `paused` or `disabled`.
    pub state: String,
    /// Why it is disabled: `gone` or `failing`.
    pub disabled_reason: Option<String>,
    /// Since when there were nothing but failures.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub failing_since: Option<Timestamp>,
    /// `open` while the endpoint is left alone for failing, and asked with one call now and then; else `closed`.
    pub breaker: String,
    /// When the URL was proven.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub verified_at: Option<Timestamp>,
    /// Until when the secret before the last rotation signs too.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub previous_secret_until: Option<Timestamp>,
    /// When it was made.
    #[serde(with = "crate::text::Rfc3339")]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[serde(with = "crate::text::Rfc3339")]
    pub updated_at: Timestamp,
    /// How many changes made it what it is: what `If-Match` takes, and the `ETag` says.
    pub revision: u64,
}

/// Limits in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// Calls open at once, at most.
    pub concurrency: u32,
    /// Calls begun per second, at most.
    pub per_second: Option<u32>,
    /// How long one attempt may take as a whole.
    pub timeout: HumanDuration,
}

/// A webhook whose secret was just made: the answer to creation and rotation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebhookWithSecret {
    /// The webhook's members.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_…`: what receivers check signatures with.
    pub secret: String,
}

/// `POST /v1/webhooks/{id}/rotate-secret`; the body may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RotateSecret {
    /// How long the present secret goes on signing beside the new one: `0s` to `7d`, `24h` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_previous_for: Option<HumanDuration>,
}

/// `GET /v1/webhooks/{id}/secret`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Secret {
    /// `whsec_…`.
    pub secret: String,
    /// The one before, while it signs too.
    pub previous: Option<SecretBefore>,
}

/// The secret before the last rotation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecretBefore {
    /// `whsec_…`.
    pub secret: String,
    /// Until when it signs too.
    #[serde(with = "crate::text::Rfc3339")]
    pub until: Timestamp,
}

/// `GET /v1/webhooks/{id}/verification`: how to prove that the URL is one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verification {
    /// The URL in question: the pending one if there is one.
    pub url: String,
    /// When it was proven; null while it is not.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub verified_at: Option<Timestamp>,
    /// The file's exact name.
    pub file_name: String,
    /// Its exact content; white space around it does not matter.
    pub content: String,
    /// The full URLs where the file may stand, in the order in which they are tried: beside the callback, in the root.
    pub places: Vec<String>,
    /// Instead of the file: a TXT record of the host's name; null where the host is an address.
    pub dns: Option<DnsProof>,
    /// Instead of the file: the name by which `OPTIONS` asks the endpoint for leave (`WebHook-Request-Origin`).
    pub handshake_origin: String,
}

/// `POST /v1/webhooks/{id}/verify`; the body may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Verify {
    /// By `file` (if left out), `dns`, `handshake` or `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The code that arrived at the URL, with `by: code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A TXT record that proves a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DnsProof {
    /// The record's name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// `POST /v1/webhooks/{id}/verification/code`: what became of the POST. Whoever can read what arrives there knows the
/// code, whatever was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CodeSent {
    /// Where it went.
    pub url: String,
    /// What the endpoint answered.
    pub status: u16,
    /// For how long the code is good.
    pub good_for: HumanDuration,
}

/// What one of the places answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerificationAttempt {
    /// The place.
    pub url: String,
    /// `wrong-content`, or the outcome's class: `timeout-connect`, `client-error`, …
    pub result: String,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// What happened, in plain words.
    pub message: String,
}

macro_rules! reticent {
    ($($name:ident $field:ident;)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field(stringify!($field), &self.$field).finish_non_exhaustive()
            }
        }
    )*};
}
reticent! {
    NewWebhook name;
    WebhookPatch revision;
    WebhookWithSecret webhook;
    SecretBefore until;
    Secret previous;
}

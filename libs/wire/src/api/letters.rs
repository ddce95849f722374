//! Decisions about many dead letters on the API.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// What is decided about dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LetterAct {
    /// They are put back, to be tried again under their `webhook-id`s.
    Replay,
    /// They are not wanted any more.
    Discard,
}

/// `POST /v1/dead-letters/replay` and `/v1/dead-letters/discard`: which open ones; the counts say first how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NewLetterJob {
    /// Whose; the key's own account if left out, so only operators must name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only of this webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// Only of events of this type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only those that died for this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Only those that died then or later.
    #[serde(with = "crate::text::OptionalRfc3339", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only those that died before; until now if left out.
    #[serde(with = "crate::text::OptionalRfc3339", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Letters per second, at most; the installation's usual rate if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Why, for whoever asks later: at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What is done: the request of a job of the kind `dead-letters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LetterJob {
    /// What is decided.
    pub act: LetterAct,
    /// Only of events of this type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Only those that died for this.
    pub reason: Option<String>,
    /// Only those that died then or later.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub since: Option<Timestamp>,
    /// Only those that died before.
    #[serde(with = "crate::text::Rfc3339")]
    pub until: Timestamp,
    /// Letters per second, at most.
    pub rate: u32,
    /// Why.
    pub note: Option<String>,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LetterProgress {
    /// Letters that were open when it began; none until they are counted.
    pub found: Option<u64>,
    /// Letters that were decided about.
    pub decided: u64,
    /// Letters that stay open, by why: `event-gone`, `webhook-inactive`, `unknown`.
    pub left: BTreeMap<String, u64>,
}

//! Jobs on the API: what goes on after its request was answered.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::trigger::Callers;
use super::webhook::Types;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Job {
    /// Its name.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// The webhook it is about.
    pub webhook: Option<String>,
    /// What is done: `backfill`, `dead-letters`.
    pub kind: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// What exactly is done: of a backfill a [`Backfill`], of dead letters a [`super::LetterJob`].
    pub request: serde_json::Value,
    /// How far it is, null until that was first reported: of a backfill a [`BackfillProgress`], of
    /// dead letters a [`super::LetterProgress`].
    pub progress: serde_json::Value,
    /// Why it failed.
    pub error: Option<String>,
    /// The id of the key that asked for it.
    pub asked_by: String,
    /// When it was asked for.
    #[serde(with = "crate::text::Rfc3339")]
    pub created_at: Timestamp,
    /// When it last said something.
    #[serde(with = "crate::text::Rfc3339")]
    pub updated_at: Timestamp,
}

impl Job {
    /// Whether nothing more will come of it.
    pub fn is_ended(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "cancelled")
    }
}

/// `POST /v1/webhooks/{id}/backfill`: send again what the webhook would have matched. Times are those at which events
/// were written to Kafka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewBackfill {
    /// Events from this time on.
    #[serde(with = "crate::text::Rfc3339")]
    pub since: Timestamp,
    /// Events before this time; until now if left out.
    #[serde(default, with = "crate::text::OptionalRfc3339", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only count.
    #[serde(default)]
    pub dry_run: bool,
    /// Events sent per second, at most; the installation's usual rate if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

/// What a backfill does: what was asked for, and what the webhook wanted when it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backfill {
    /// Events from this time on.
    #[serde(with = "crate::text::Rfc3339")]
    pub since: Timestamp,
    /// Events before this time.
    #[serde(with = "crate::text::Rfc3339")]
    pub until: Timestamp,
    /// Whether it only counts.
    pub dry_run: bool,
    /// Events sent per second, at most.
    pub rate: u32,
    /// The webhook's revision, of which these are the conditions.
    pub revision: u64,
    /// Which types.
    pub types: Types,
    /// A CEL expression.
    pub filter: Option<String>,
    /// A database.
    pub database: Option<String>,
    /// A collection.
    pub collection: Option<String>,
    /// Applications.
    pub callers: Option<Callers>,
    /// Fields of profiles.
    #[serde(default)]
    pub fields: BTreeSet<String>,
}

/// How far a backfill is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackfillProgress {
    /// Records of all accounts that have to be read; 0 until that is known.
    pub total: u64,
    /// Those that were.
    pub read: u64,
    /// Events of the webhook's account among them, of the time that was asked for.
    pub of_account: u64,
    /// Those that the webhook wants.
    pub matched: u64,
    /// Those that Kafka has for delivery; 0 in a dry run.
    pub sent: u64,
    /// Those that do not fit into a delivery.
    pub too_large: u64,
    /// Events for which the webhook's filter failed, which counts as no match.
    pub filter_failures: u64,
    /// Those that match, by type.
    pub by_type: BTreeMap<String, u64>,
    /// When the earliest that matches was written.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub first: Option<Timestamp>,
    /// When the latest was.
    #[serde(with = "crate::text::OptionalRfc3339")]
    pub last: Option<Timestamp>,
}

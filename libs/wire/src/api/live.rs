//! The stream of an account's events as they happen, `GET /v1/events/stream`: server-sent events.
//!
//! A message whose `event` is an event's type has the event as its `data`: a CloudEvent in structured mode, JSON. Every
//! message's `id` says where the stream goes on behind it; `Last-Event-ID` takes it. Messages about the stream itself have
//! names that no event's type can have.

use serde::{Deserialize, Serialize};

/// The `event` of a [`Missed`].
pub const MISSED: &str = "*missed";

/// The `event` of a [`FilterFailed`].
pub const FILTER_FAILED: &str = "*filter-failed";

/// Events that this stream will not have: `{"missed": 17}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Missed {
    /// How many events of the types asked for came faster than they were taken; null where nobody can count them, since
    /// the place to go on from lies too far back.
    pub missed: Option<u64>,
}

/// The filter could not say whether it wants an event, which counts as no. Told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilterFailed {
    /// Why, without the event's values.
    pub message: String,
}

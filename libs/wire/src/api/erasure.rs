//! Erasing a person.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// `POST /v1/accounts/{id}/erasures`: takes a recipient of the account's mails out of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewErasure {
    /// The mail address, in whichever case.
    pub recipient: String,
}

/// What was erased, and what is held elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Erasure {
    /// Deliveries of events about the recipient.
    pub deliveries: u64,
    /// Their attempts.
    pub attempts: u64,
    /// Attempts of batches that hold other deliveries, too: only the recipient is gone from them.
    pub batches: u64,
    /// Their dead letters.
    pub dead_letters: u64,
    /// What Kafka still holds, which nothing can be taken out of.
    pub held: Vec<Held>,
}

/// A topic that may hold what was written before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// The topic.
    pub topic: String,
    /// Until when, at the retention that Postbode gives its topics. An operator may have given it another.
    #[serde(with = "crate::text::Rfc3339")]
    pub until: Timestamp,
}

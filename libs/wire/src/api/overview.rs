//! What an operator sees of the whole.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Account, Webhook};

/// `GET /v1/overview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Overview {
    /// Every account, those with the most attempts first.
    pub accounts: Vec<AccountOverview>,
    /// Webhooks whose endpoints fail: they are left alone but for a call now and then. The longest failing first.
    pub failing: Vec<Webhook>,
    /// What waits in the pipeline; null while nobody has looked.
    pub backlog: Option<Backlog>,
    /// Whether the history could be asked: without it there are no numbers of attempts.
    pub history: bool,
}

/// An account, and what it has and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountOverview {
    /// The account's members.
    #[serde(flatten)]
    pub account: Account,
    /// Webhooks, in whatever state.
    pub webhooks: u64,
    /// Of these, those that get calls.
    pub active: u64,
    /// API keys.
    pub keys: u64,
    /// Attempts of the last 24 hours.
    pub attempts: u64,
    /// Of these, those that succeeded.
    pub successes: u64,
}

/// What waits in the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backlog {
    /// When it was looked.
    #[serde(with = "crate::text::Rfc3339")]
    pub at: Timestamp,
    /// By service and topic.
    pub waiting: Vec<Waiting>,
}

/// What waits in a topic for a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Waiting {
    /// `fanout`, `delivery`, `retry`.
    pub service: String,
    /// The topic.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: u64,
    /// Records that the service has not committed. Of a retry tier most are not due yet.
    pub records: u64,
}

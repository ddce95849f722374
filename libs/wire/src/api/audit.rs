//! `GET /v1/audit`: who changed what, when, and from where.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that somebody did. Names of what was changed, never values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// Its name; later ones sort after earlier ones.
    pub id: String,
    /// When it was done.
    #[serde(with = "crate::text::Rfc3339")]
    pub at: Timestamp,
    /// What was done: `webhook.changed`, `secret.revealed`, …
    pub action: String,
    /// Whose things it was done to; null where they are no account's.
    pub account: Option<String>,
    /// The id of what it was done to: a webhook, a key, an account, a delivery, a job, a link.
    pub object: Option<String>,
    /// With changes: the members that are different now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The id of the key, or of a guest's link; null where nobody was known.
    pub by: Option<String>,
    /// Whether an operator did it.
    pub operator: bool,
    /// The door: `api`, `pages`, or `portal` for guests; `configuration` for what a setting did.
    pub door: String,
    /// The client's address.
    pub address: Option<String>,
    /// What the client says it is, cut to 200 characters.
    pub user_agent: Option<String>,
    /// Whether it will only show if it was done: the answer of Kafka was lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
}

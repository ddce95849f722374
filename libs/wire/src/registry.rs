//! Records of the compacted `webhooks` topic: what is configured, one JSON record per thing.
//!
//! The key says what a record is about: `webhook/<id>`, `account/<id>`, `key/<SHA-256 in hex>`, `health/<webhook id>`,
//! `filter/<webhook id>`;
//! no value deletes it. A value carries its version as `"v"`; readers ignore members that they do not know, and refuse
//! versions that they do not know. A record of an unknown kind is nobody's fault: it is passed over.

mod v1;

use std::fmt;
use std::sync::Arc;

use domain::{AccountId, Change, KeyHash, Place, WebhookId};
use serde::Deserialize;

/// The version that is written.
pub const VERSION: u32 = 1;

/// The sealed field of a signing secret, the current one and the one before alike.
pub const SECRET_FIELD: &str = "secret";

/// Names one write: by it a writer recognises its own commit when the answer was lost.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WriteId(Arc<str>);

/// Why a record cannot be understood. Never shows its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The key is not text, or names nothing.
    #[error("the registry has a record whose key makes no sense: {0:?}")]
    Key(String),
    /// A version of the future.
    #[error(
        "the registry's record {key} has version {version}, and this program knows up to {VERSION}: upgrade it"
    )]
    Version {
        /// The record's key.
        key: String,
        /// Its version.
        version: u32,
    },
    /// Broken, or a member is missing or out of range.
    #[error("the registry's record {key} is broken: {why}")]
    Malformed {
        /// The record's key.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// What a record's key is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Webhook(WebhookId),
    Account(AccountId),
    Key(KeyHash),
    Health(WebhookId),
    Filter(WebhookId),
}

/// Reads a record. No change at all means a kind of record that this program does not know.
///
/// # Errors
/// When the key or the value is broken, or the value's version is unknown.
pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<(Option<Change>, Option<WriteId>), RegistryError> {
    let key = std::str::from_utf8(key).map_err(|_| bad_key(key))?;
    let Some(subject) = subject(key)? else {
        return Ok((None, None));
    };
    let Some(value) = value else {
        return Ok((Some(gone(subject)), None));
    };
    let malformed = |why: String| RegistryError::Malformed { key: key.to_owned(), why };
    let Version { v, write } = serde_json::from_slice(value).map_err(|error| malformed(error.to_string()))?;
    if v != VERSION {
        return Err(RegistryError::Version { key: key.to_owned(), version: v });
    }
    let change = v1::decode(subject, value).map_err(malformed)?;
    Ok((Some(change), write.map(WriteId::new)))
}

/// The shapes of the values, without version and write id: what each one's key begins with, its name, its schema.
#[cfg(feature = "schema")]
pub(crate) fn schemas(
    generator: &mut schemars::SchemaGenerator,
) -> [(&'static str, &'static str, schemars::Schema); 5] {
    v1::schemas(generator)
}

/// Writes a record: its key, and its value unless the change is a deletion.
pub fn encode(change: &Change, write: Option<&WriteId>) -> (String, Option<Vec<u8>>) {
    (key_of(change), v1::encode(change, write.map(WriteId::as_str)))
}

/// The key of a webhook's record: also the place that its secrets are sealed for.
pub fn webhook_key(id: &WebhookId) -> String {
    format!("{WEBHOOK}{id}")
}

/// The sealed field of a custom header's value: header names are the same in any case.
pub fn header_field(name: &str) -> String {
    format!("headers.{}", name.to_ascii_lowercase())
}

/// The place of a signing secret in the record of that key (see [`webhook_key`]).
pub fn secret_place(record: &str) -> Place<'_> {
    Place { record, field: SECRET_FIELD }
}

impl WriteId {
    /// Wraps a text that is unique to one write.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteId({:?})", self.as_str())
    }
}

const WEBHOOK: &str = "webhook/";
const ACCOUNT: &str = "account/";
const KEY: &str = "key/";
const HEALTH: &str = "health/";
const FILTER: &str = "filter/";

/// What every version has in common.
#[derive(Deserialize)]
struct Version {
    v: u32,
    write: Option<String>,
}

fn subject(key: &str) -> Result<Option<Subject>, RegistryError> {
    let named = |id: &str| {
        if id.is_empty() { Err(bad_key(key.as_bytes())) } else { Ok(()) }
    };
    let subject = if let Some(id) = key.strip_prefix(WEBHOOK) {
        named(id)?;
        Subject::Webhook(id.into())
    } else if let Some(id) = key.strip_prefix(ACCOUNT) {
        named(id)?;
        Subject::Account(id.into())
    } else if let Some(hash) = key.strip_prefix(KEY) {
        Subject::Key(KeyHash::from_hex(hash).ok_or_else(|| bad_key(key.as_bytes()))?)
    } else if let Some(id) = key.strip_prefix(HEALTH) {
        named(id)?;
        Subject::Health(id.into())
    } else if let Some(id) = key.strip_prefix(FILTER) {
        named(id)?;
        Subject::Filter(id.into())
    } else {
        return Ok(None);
    };
    Ok(Some(subject))
}

fn key_of(change: &Change) -> String {
    match change {
        Change::Webhook(webhook) => webhook_key(&webhook.id),
        Change::WebhookGone(id) => webhook_key(id),
        Change::Health(health) => format!("{HEALTH}{}", health.webhook),
        Change::HealthGone(id) => format!("{HEALTH}{id}"),
        Change::FilterFailure(failure) => format!("{FILTER}{}", failure.webhook),
        Change::FilterFailureGone(id) => format!("{FILTER}{id}"),
        Change::Account(account) => format!("{ACCOUNT}{}", account.id),
        Change::AccountGone(id) => format!("{ACCOUNT}{id}"),
        Change::Key(key) => format!("{KEY}{}", key.hash),
        Change::KeyGone(hash) => format!("{KEY}{hash}"),
    }
}

fn gone(subject: Subject) -> Change {
    match subject {
        Subject::Webhook(id) => Change::WebhookGone(id),
        Subject::Account(id) => Change::AccountGone(id),
        Subject::Key(hash) => Change::KeyGone(hash),
        Subject::Health(id) => Change::HealthGone(id),
        Subject::Filter(id) => Change::FilterFailureGone(id),
    }
}

fn bad_key(key: &[u8]) -> RegistryError {
    RegistryError::Key(String::from_utf8_lossy(key).into_owned())
}

#[cfg(test)]
mod tests;

//! A record on `audit`: what somebody did in the console. Holds no secret.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::api::AuditEntry;
use crate::{Headers, OutRecord, Record};

/// The record's value. Members may be added; what is there keeps its meaning.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Audit"))]
struct Value<E> {
    v: u32,
    #[serde(flatten)]
    entry: E,
}

/// The shape of the value.
#[cfg(feature = "schema")]
pub(crate) fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<Value<AuditEntry>>()
}

/// A record that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BadAudit {
    /// The value is not ours. What it holds is not shown.
    #[error("an audit record is not to be read: {0:?}")]
    Value(serde_json::error::Category),
    /// It was written by a later version.
    #[error("an audit record has version {0}")]
    Version(u32),
}

/// The record for the audit topic: what concerns one account stays in order.
pub fn to_record(entry: &AuditEntry, topic: &Arc<str>) -> OutRecord {
    let value = serde_json::to_vec(&Value { v: 1, entry }).expect("names and texts are always JSON");
    OutRecord {
        topic: Arc::clone(topic),
        key: entry.account.clone().map(Bytes::from),
        value: Some(Bytes::from(value)),
        headers: Headers::new(),
    }
}

/// Reads a record of the audit topic.
///
/// # Errors
/// When it is none of ours, or a later version's.
pub fn read(record: &Record) -> Result<AuditEntry, BadAudit> {
    parse(record.value.as_deref().unwrap_or_default())
}

/// Reads a record's value.
///
/// # Errors
/// As [`read`].
pub fn parse(value: &[u8]) -> Result<AuditEntry, BadAudit> {
    let read: Value<AuditEntry> =
        serde_json::from_slice(value).map_err(|error| BadAudit::Value(error.classify()))?;
    if read.v == 1 { Ok(read.entry) } else { Err(BadAudit::Version(read.v)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 1 was written at first.
    const GOLDEN: &str = r#"{"v":1,"id":"aud_1","at":"2026-01-31T12:00:00.000Z","action":"webhook.changed","account":"acme","object":"wh_1","fields":["url"],"by":"key_1","operator":false,"door":"api","address":"192.0.2.1","user_agent":"curl/8"}"#;

    #[test]
    fn version_1_is_read_and_written_as_it_always_was() {
        let entry = parse(GOLDEN.as_bytes()).unwrap();
        let record = to_record(&entry, &"audit".into());
        assert_eq!(record.value.as_deref(), Some(GOLDEN.as_bytes()));
        assert_eq!(record.key.as_deref(), Some(&b"acme"[..]));
    }

    #[test]
    fn what_is_none_of_ours_is_told_without_showing_it() {
        let newer = GOLDEN.replace("\"v\":1", "\"v\":2");
        for (value, said) in [
            ("geheim", "an audit record is not to be read: Syntax"),
            ("{\"v\":\"geheim\"}", "an audit record is not to be read: Data"),
            (&newer, "an audit record has version 2"),
        ] {
            assert_eq!(parse(value.as_bytes()).unwrap_err().to_string(), said);
        }
    }
}

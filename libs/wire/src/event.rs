//! A record on `events`: a CloudEvent in Kafka's binary or structured mode, from any producer.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{DeathReason, Event};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::{Headers, Record, names, text};

const STRUCTURED: &str = "application/cloudevents+json";

/// An event that was understood, in binary mode whatever mode it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The envelope.
    pub event: Event,
    /// `content-type`, every `ce_*` header and the trace context.
    pub headers: Headers,
    /// The data: a JSON object, byte for byte as the producer wrote it.
    pub data: Bytes,
}

/// An event that was not understood, and why: the operator's problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// `malformed` or `too-large`.
    pub reason: DeathReason,
    /// In words, naming the attribute.
    pub message: String,
}

/// Reads a record of `events`. Scans the value's syntax once and copies none of it.
///
/// # Errors
/// A [`Reject`] when the record is no event: a value, not a failure.
pub fn decode(record: &Record, max_bytes: usize) -> Result<Decoded, Reject> {
    let value = record.value.as_ref().filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| malformed("the value is empty: it must be a JSON object"))?;
    let content_type = record.headers.text(names::CONTENT_TYPE).unwrap_or("application/json");
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(STRUCTURED) {
        structured(record, value, max_bytes)
    } else if is_json(media_type) {
        binary(record, value, max_bytes)
    } else {
        Err(malformed(format!("content-type {content_type:?} is neither application/json nor {STRUCTURED}")))
    }
}

/// The key of an event's record: what keeps its order. One message's events share a partition.
pub fn partition_key<'a>(
    partitionkey: Option<&'a str>,
    message: Option<&'a str>,
    profile: Option<&'a str>,
    event_id: &'a str,
) -> &'a str {
    partitionkey.or(message).or(profile).unwrap_or(event_id)
}

fn is_json(media_type: &str) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    media_type == "application/json" || media_type.ends_with("+json")
}

fn malformed(message: impl Into<String>) -> Reject {
    Reject { reason: DeathReason::Malformed, message: message.into() }
}

fn binary(record: &Record, value: &Bytes, max_bytes: usize) -> Result<Decoded, Reject> {
    check_size(value, max_bytes)?;
    check_object(value)?;
    let mut headers = Headers::with_capacity(record.headers.len() + 8);
    for (name, value) in record.headers.iter().filter(|(name, _)| name.starts_with(names::CE_PREFIX)) {
        if std::str::from_utf8(value).is_err() {
            return Err(malformed(format!("header {name:?} is not UTF-8 text")));
        }
        headers.set(name.to_owned(), value.clone());
    }
    finish(record, headers, value.clone())
}

/// A CloudEvent whose attributes stand in the value. Extensions are carried along.
struct Structured<'a> {
    data: Option<&'a RawValue>,
    data_base64: bool,
    datacontenttype: Option<String>,
    attributes: BTreeMap<String, serde_json::Value>,
}

fn structured(record: &Record, value: &Bytes, max_bytes: usize) -> Result<Decoded, Reject> {
    let text = std::str::from_utf8(value).map_err(|_| malformed("the value is not UTF-8 text"))?;
    let members = raw_members(text)?;
    let cloud_event = Structured::from_members(&members)?;
    if cloud_event.data_base64 {
        return Err(malformed("data_base64: binary data is not supported, give a JSON object as data"));
    }
    if cloud_event
        .datacontenttype
        .as_deref()
        .is_some_and(|kind| !is_json(kind.split(';').next().unwrap_or_default().trim()))
    {
        return Err(malformed("datacontenttype: only JSON data is supported"));
    }
    let data = cloud_event.data.ok_or_else(|| malformed("data is missing: it must be a JSON object"))?;
    let data = value.slice_ref(data.get().as_bytes());
    check_size(&data, max_bytes)?;
    check_object(&data)?;
    let mut headers = Headers::with_capacity(cloud_event.attributes.len() + 8);
    for (name, attribute) in cloud_event.attributes {
        if let Some(text) = attribute_text(attribute) {
            headers.push(format!("{}{name}", names::CE_PREFIX), text);
        }
    }
    finish(record, headers, data)
}

/// The members of a JSON object with their values' text untouched.
fn raw_members(text: &str) -> Result<BTreeMap<String, &RawValue>, Reject> {
    serde_json::from_str(text)
        .map_err(|error| malformed(format!("the value is not a CloudEvent in JSON: {error}")))
}

impl<'a> Structured<'a> {
    fn from_members(members: &BTreeMap<String, &'a RawValue>) -> Result<Self, Reject> {
        let mut event =
            Self { data: None, data_base64: false, datacontenttype: None, attributes: BTreeMap::new() };
        for (name, raw) in members {
            match name.as_str() {
                "data" => event.data = Some(raw),
                "data_base64" => event.data_base64 = true,
                _ => {
                    let value: serde_json::Value = serde_json::from_str(raw.get())
                        .map_err(|error| malformed(format!("{name}: {error}")))?;
                    if name == "datacontenttype" {
                        event.datacontenttype = value.as_str().map(str::to_owned);
                    } else {
                        event.attributes.insert(name.clone(), value);
                    }
                }
            }
        }
        Ok(event)
    }
}

fn attribute_text(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other @ (serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_)) => Some(other.to_string()),
    }
}

/// Checks the attributes and fills in what may be missing, so that whatever follows is the same on every re-run.
fn finish(record: &Record, mut headers: Headers, data: Bytes) -> Result<Decoded, Reject> {
    if headers.text(names::CE_SPECVERSION).is_some_and(|version| version != "1.0") {
        return Err(malformed("ce_specversion is not 1.0"));
    }
    let kind = required(&headers, names::CE_TYPE)?;
    if !domain::is_event_type(kind) {
        return Err(malformed(format!(
            "ce_type {kind:?} is not a lower-case letter and up to 63 of a-z 0-9 . _ -"
        )));
    }
    let account = required(&headers, names::CE_ACCOUNT)?;
    if !domain::is_account_id(account) {
        return Err(malformed(format!("ce_account {account:?} is not 1 to 64 of A-Z a-z 0-9 . _ -")));
    }
    let own_id = || format!("{}-{}-{}", record.topic, record.partition, record.offset);
    let id = headers.text(names::CE_ID).filter(|id| !id.is_empty()).map_or_else(own_id, str::to_owned);
    let source = headers.text(names::CE_SOURCE).filter(|source| !source.is_empty()).unwrap_or("/").to_owned();
    let time = match headers.text(names::CE_TIME) {
        None => text::rfc3339(record.timestamp),
        Some(time) if text::parse_rfc3339(time).is_some() => time.to_owned(),
        Some(time) => return Err(malformed(format!("ce_time {time:?} is not an RFC 3339 time"))),
    };
    let event = Event {
        id: id.as_str().into(),
        source: source.as_str().into(),
        kind: kind.into(),
        account: account.into(),
    };
    for (name, value) in [(names::CE_ID, id), (names::CE_SOURCE, source), (names::CE_TIME, time)] {
        if headers.text(name) != Some(value.as_str()) {
            headers.set(name, value);
        }
    }
    if headers.get(names::CE_SPECVERSION).is_none() {
        headers.push(names::CE_SPECVERSION, "1.0");
    }
    headers.push(names::CONTENT_TYPE, "application/json");
    crate::delivery::copy(&record.headers, &mut headers, names::TRACEPARENT);
    crate::delivery::copy(&record.headers, &mut headers, names::TRACESTATE);
    Ok(Decoded { event, headers, data })
}

fn required<'a>(headers: &'a Headers, name: &str) -> Result<&'a str, Reject> {
    headers.text(name).filter(|text| !text.is_empty()).ok_or_else(|| malformed(format!("{name} is missing")))
}

fn check_size(data: &[u8], max_bytes: usize) -> Result<(), Reject> {
    if data.len() <= max_bytes {
        return Ok(());
    }
    let message = format!("the data has {} bytes: the limit is {max_bytes}", data.len());
    Err(Reject { reason: DeathReason::TooLarge, message })
}

/// Valid UTF-8, valid JSON, an object.
fn check_object(data: &[u8]) -> Result<(), Reject> {
    let text = std::str::from_utf8(data).map_err(|_| malformed("the data is not UTF-8 text"))?;
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(malformed("the data is not a JSON object"));
    }
    serde_json::from_str::<IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| malformed(format!("the data is not valid JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Offset, Partition, Timestamp};

    fn record(headers: &[(&'static str, &'static str)], value: &'static str) -> Record {
        Record {
            topic: "postbode.events".into(),
            partition: Partition(3),
            offset: Offset(42),
            timestamp: Timestamp::from_millis(1_706_702_400_000),
            key: None,
            value: Some(Bytes::from_static(value.as_bytes())),
            headers: headers.iter().map(|(n, v)| ((*n).into(), Bytes::from_static(v.as_bytes()))).collect(),
        }
    }

    const BINARY: [(&str, &str); 5] = [
        ("ce_id", "e1"),
        ("ce_source", "/smtp"),
        ("ce_type", "click"),
        ("ce_account", "acme"),
        ("ce_subject", "anything"),
    ];

    fn rejected(record: &Record) -> String {
        let reject = decode(record, 1000).unwrap_err();
        assert_eq!(reject.reason, DeathReason::Malformed);
        reject.message
    }

    #[test]
    fn binary_mode_keeps_the_bytes_and_carries_unknown_attributes() {
        let decoded = decode(&record(&BINARY, r#"{ "n": 1.0e2 }"#), 1000).unwrap();
        assert_eq!(&decoded.data[..], br#"{ "n": 1.0e2 }"#);
        assert_eq!(decoded.event.id.as_str(), "e1");
        assert_eq!(decoded.headers.text("ce_subject"), Some("anything"));
        assert_eq!(decoded.headers.text("ce_time"), Some("2024-01-31T12:00:00.000Z"));
    }

    #[test]
    fn structured_mode_becomes_binary_with_the_datas_own_bytes() {
        let value = r#"{"specversion":"1.0","id":"e1","source":"/smtp","type":"click","account":"acme",
            "time":"2024-01-31T12:00:00Z","weight":7,"data":{"b": 1.50, "a":"\u00e9"}}"#;
        let decoded =
            decode(&record(&[("content-type", "application/cloudevents+json; charset=utf-8")], value), 1000);
        let decoded = decoded.unwrap();
        assert_eq!(&decoded.data[..], br#"{"b": 1.50, "a":"\u00e9"}"#);
        assert_eq!(decoded.headers.text("ce_weight"), Some("7"));
        assert_eq!(decoded.headers.text("ce_time"), Some("2024-01-31T12:00:00Z"));
        assert_eq!(decoded.headers.text("content-type"), Some("application/json"));
        assert_eq!(decoded.event.account.as_str(), "acme");
    }

    #[test]
    fn a_missing_id_becomes_the_records_place_so_a_rerun_names_it_the_same() {
        let decoded = decode(&record(&[("ce_type", "click"), ("ce_account", "acme")], "{}"), 1000).unwrap();
        assert_eq!(decoded.event.id.as_str(), "postbode.events-3-42");
        assert_eq!(decoded.headers.text("ce_id"), Some("postbode.events-3-42"));
    }

    #[test]
    fn what_is_no_event_is_rejected_by_the_name_of_what_is_wrong() {
        type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);
        let cases: [Case; 10] = [
            (&BINARY, "", "empty"),
            (&BINARY, "[1]", "not a JSON object"),
            (&BINARY, "{\"a\":", "not valid JSON"),
            (&BINARY, "{} {}", "not valid JSON"),
            (&[("ce_account", "acme")], "{}", "ce_type is missing"),
            (&[("ce_type", "click")], "{}", "ce_account is missing"),
            (&[("ce_type", "Click!"), ("ce_account", "acme")], "{}", "ce_type"),
            (&[("ce_type", "click"), ("ce_account", "acme"), ("ce_time", "now")], "{}", "ce_time"),
            (&[("content-type", "text/plain")], "{}", "content-type"),
            (
                &[("content-type", "application/cloudevents+json")],
                r#"{"type":"click","account":"acme"}"#,
                "data is",
            ),
        ];
        for (headers, value, expected) in cases {
            let headers: Vec<_> = headers
                .iter()
                .map(|(n, v)| ((*n).to_owned().into(), Bytes::copy_from_slice(v.as_bytes())))
                .collect();
            let record = Record { headers: headers.into_iter().collect(), ..record(&[], "") };
            let record = Record { value: Some(Bytes::copy_from_slice(value.as_bytes())), ..record };
            let message = rejected(&record);
            assert!(message.contains(expected), "{message} should say {expected}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_rejected() {
        let mut bad = record(&BINARY, "");
        bad.value = Some(Bytes::from_static(b"{\"a\":\"\xff\"}"));
        assert!(rejected(&bad).contains("UTF-8"));
        bad.value = None;
        assert!(rejected(&bad).contains("empty"));
    }

    #[test]
    fn an_event_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
        let mut big = record(&BINARY, "");
        let of = |size: usize| Some(Bytes::from(format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8))));
        big.value = of(1000);
        assert_eq!(decode(&big, 1000).unwrap().data.len(), 1000);
        big.value = of(1001);
        assert_eq!(decode(&big, 1000).unwrap_err().reason, DeathReason::TooLarge);
    }
}

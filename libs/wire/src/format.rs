//! How an event becomes a request's body. The same event, webhook format and bytes always give the same body.

mod form;

use std::borrow::Cow;

use bytes::Bytes;
use domain::Format;
use serde::de::Error as _;
use serde_json::value::RawValue;

use crate::{Delivery, Headers, names};

/// A rendered body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// What `Content-Type` says.
    pub content_type: &'static str,
    /// The bytes that are signed and sent.
    pub bytes: Bytes,
}

/// Renders an event. `data` is a JSON object; `headers` are the record's, for CloudEvents' extensions.
///
/// # Errors
/// When `data` is no JSON object: fan-out has checked that, so the record was not written by Postbode. As a form, also
/// when the body would be longer than 8 MiB, or the data is nested more than 100 levels deep.
pub fn render(
    format: Format,
    delivery: &Delivery,
    headers: &Headers,
    data: &Bytes,
) -> Result<Body, serde_json::Error> {
    let (content_type, bytes) = match format {
        Format::Json => ("application/json", flat(delivery.event.kind.as_str(), data)?),
        Format::Form => (FORM, form::render(delivery.event.kind.as_str(), data)?),
        Format::Standard => ("application/json", standard(delivery, data)?),
        Format::CloudEvents => ("application/cloudevents+json", cloud_event(headers, data)?),
    };
    Ok(Body { content_type, bytes })
}

const FORM: &str = "application/x-www-form-urlencoded";

/// What a batch's `Content-Type` says.
pub const fn batch_content_type(format: Format) -> &'static str {
    match format {
        Format::Json | Format::Standard => "application/json",
        Format::Form => FORM,
        Format::CloudEvents => "application/cloudevents-batch+json",
    }
}

/// Renders an event as one element of a batch: the body, with the delivery's own id as its first member, called like
/// the header `webhook-id` (in a CloudEvent, whose attributes know no hyphens, `webhookid`). A member of that name in the
/// data gives way.
///
/// # Errors
/// As [`render`]; and always for forms, which cannot hold a list of events ([`Format::has_batches`]).
pub fn render_element(
    format: Format,
    delivery: &Delivery,
    headers: &Headers,
    data: &Bytes,
    into: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let name = match format {
        Format::Json | Format::Standard => "webhook-id",
        Format::CloudEvents => "webhookid",
        Format::Form => return Err(serde_json::Error::custom("a form cannot be part of a batch")),
    };
    let given = format!("\"{name}\"");
    let body = match format {
        Format::Json if contains(data, given.as_bytes()) => {
            flat_without(delivery.event.kind.as_str(), data, name)?
        }
        Format::CloudEvents if headers.get(ID_EXTENSION).is_some() => {
            let mut headers = headers.clone();
            headers.remove(ID_EXTENSION);
            render(format, delivery, &headers, data)?.bytes
        }
        Format::Json | Format::Standard | Format::CloudEvents | Format::Form => {
            render(format, delivery, headers, data)?.bytes
        }
    };
    into.push(b'{');
    into.extend_from_slice(given.as_bytes());
    into.push(b':');
    serde_json::to_writer(&mut *into, delivery.id.as_str())?;
    // A body is an object with one member at least: its type.
    into.push(b',');
    into.extend_from_slice(body.trim_ascii_start().get(1..).unwrap_or_default());
    Ok(())
}

/// A CloudEvents extension of the name that a batch's elements use.
const ID_EXTENSION: &str = "ce_webhookid";

/// SMTPeter's flat fields: `type` first, then the producer's members in their order, numbers as they were written.
fn flat(kind: &str, data: &Bytes) -> Result<Bytes, serde_json::Error> {
    if already_flat(kind, data) {
        return Ok(data.clone());
    }
    flat_without(kind, data, "type")
}

/// The same, without a member.
fn flat_without(kind: &str, data: &Bytes, without: &str) -> Result<Bytes, serde_json::Error> {
    let members: Members<'_> = serde_json::from_slice(data)?;
    let mut body = String::with_capacity(data.len() + kind.len() + 12);
    body.push_str("{\"type\":");
    body.push_str(&serde_json::to_string(kind)?);
    for (name, value) in members.0.iter().filter(|(name, _)| name != "type" && name != without) {
        body.push(',');
        body.push_str(&serde_json::to_string(name)?);
        body.push(':');
        body.push_str(value.get());
    }
    body.push('}');
    Ok(body.into())
}

/// Whether the data says its type first, truly, and once: then it is the body already. Errs on the side of no.
fn already_flat(kind: &str, data: &[u8]) -> bool {
    let Some(rest) = data.strip_prefix(b"{\"type\":\"").and_then(|rest| rest.strip_prefix(kind.as_bytes()))
    else {
        return false;
    };
    let Some(rest) = rest.strip_prefix(b"\"") else {
        return false;
    };
    matches!(rest.first(), Some(b',' | b'}')) && !contains(rest, b"\"type\"") && !contains(rest, b"\\u")
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

/// Standard Webhooks' recommended payload.
fn standard(delivery: &Delivery, data: &Bytes) -> Result<Bytes, serde_json::Error> {
    let mut body = Vec::with_capacity(data.len() + 96);
    body.extend_from_slice(b"{\"type\":");
    serde_json::to_writer(&mut body, delivery.event.kind.as_str())?;
    body.extend_from_slice(b",\"timestamp\":");
    serde_json::to_writer(&mut body, &delivery.time)?;
    body.extend_from_slice(b",\"data\":");
    body.extend_from_slice(raw(data)?.get().as_bytes());
    body.push(b'}');
    Ok(body.into())
}

/// A CloudEvent in structured mode: every attribute of the record, extensions as text.
///
/// # Errors
/// When `data` is no JSON.
pub fn cloud_event(headers: &Headers, data: &Bytes) -> Result<Bytes, serde_json::Error> {
    let mut body = Vec::with_capacity(data.len() + 256);
    body.extend_from_slice(b"{\"specversion\":\"1.0\"");
    let attributes =
        headers.iter().filter_map(|(name, _)| name.strip_prefix(names::CE_PREFIX).map(|short| (name, short)));
    for (name, short) in attributes.filter(|(name, _)| *name != names::CE_SPECVERSION) {
        if let Some(value) = headers.text(name) {
            body.push(b',');
            serde_json::to_writer(&mut body, short)?;
            body.push(b':');
            serde_json::to_writer(&mut body, value)?;
        }
    }
    body.extend_from_slice(b",\"datacontenttype\":\"application/json\",\"data\":");
    body.extend_from_slice(raw(data)?.get().as_bytes());
    body.push(b'}');
    Ok(body.into())
}

/// Checks the syntax on the way: a body is never broken by what it embeds.
fn raw(data: &Bytes) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_slice(data)
}

/// A JSON object's members in order, values as their text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Event, Offset, Progress};

    fn delivery() -> Delivery {
        Delivery {
            event: Event {
                id: "e1".into(),
                source: "/s".into(),
                kind: "click".into(),
                account: "acme".into(),
            },
            time: Some("2024-01-31T12:00:00Z".to_owned()),
            origin: None,
            webhook: "wh_1".into(),
            id: "dlv_1".into(),
            registry: Offset(0),
            progress: Progress::default(),
            backfill: None,
        }
    }

    fn headers() -> Headers {
        let pairs =
            [("ce_id", "e1"), ("ce_source", "/s"), ("ce_type", "click"), ("ce_account", "acme"), ("x", "y")];
        pairs.iter().map(|(n, v)| ((*n).into(), Bytes::from_static(v.as_bytes()))).collect()
    }

    fn rendered(format: Format, data: &'static str) -> String {
        let body = render(format, &delivery(), &headers(), &Bytes::from_static(data.as_bytes())).unwrap();
        String::from_utf8(body.bytes.to_vec()).unwrap()
    }

    #[test]
    fn json_puts_the_type_first_and_keeps_order_and_numbers() {
        for (data, expected) in [
            (r#"{"z":1.0e2,"a":-0}"#, r#"{"type":"click","z":1.0e2,"a":-0}"#),
            (
                r#"{"id":"m","type":"lie","n":10000000000000000000000}"#,
                r#"{"type":"click","id":"m","n":10000000000000000000000}"#,
            ),
            (r#"{"type":"click","id":"m"}"#, r#"{"type":"click","id":"m"}"#),
            (r#"{"type":"clicker","id":"m"}"#, r#"{"type":"click","id":"m"}"#),
            (r#"{"type":"click","id":"m","type":"open"}"#, r#"{"type":"click","id":"m"}"#),
            (r#"{"type":"click","\u0074ype":"open"}"#, r#"{"type":"click"}"#),
            (r#"{}"#, r#"{"type":"click"}"#),
            (r#"{"a":{"type":"kept"},"t":["type"]}"#, r#"{"type":"click","a":{"type":"kept"},"t":["type"]}"#),
        ] {
            assert_eq!(rendered(Format::Json, data), expected);
        }
    }

    #[test]
    fn standard_wraps_the_data_as_it_is() {
        assert_eq!(
            rendered(Format::Standard, r#"{ "a" : 1.50 }"#),
            r#"{"type":"click","timestamp":"2024-01-31T12:00:00Z","data":{ "a" : 1.50 }}"#
        );
    }

    #[test]
    fn cloudevents_carries_every_attribute() {
        assert_eq!(
            rendered(Format::CloudEvents, r#"{"a":1}"#),
            r#"{"specversion":"1.0","id":"e1","source":"/s","type":"click","account":"acme","datacontenttype":"application/json","data":{"a":1}}"#
        );
    }

    #[test]
    fn data_that_is_no_json_is_refused_in_every_format() {
        for format in Format::ALL {
            assert!(
                render(format, &delivery(), &headers(), &Bytes::from_static(b"{\"a\":")).is_err(),
                "{format:?}"
            );
        }
    }
}

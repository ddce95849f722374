//! CloudEvents in HTTP's binary mode: attributes in headers, the body is the data.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use bytes::Bytes;

use super::{Draft, Style};
use crate::refusal::{Fault, Refusal};

pub(super) const PREFIX: &str = "ce-";

/// The event, its data the whole body.
pub(super) fn draft(headers: &HeaderMap, body: &Bytes) -> Result<Draft, Refusal> {
    let mut attributes = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        match decode(value.as_bytes()) {
            Some(text) => {
                attributes.insert(attribute.to_owned(), text);
            }
            None => faults.push(Fault::new(0, attribute, "is not UTF-8 text, percent-encoded where need be")),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Invalid(faults));
    }
    Ok(Draft { style: Style::Cloud, attributes, data: body.clone() })
}

/// Decodes a header's value as the HTTP binding has it: quotes around it are dropped, `%xx` stands for a byte.
fn decode(value: &[u8]) -> Option<String> {
    let value = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, tail)) = rest.split_first() {
        let (byte, tail) = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => (hex(*high)? << 4 | hex(*low)?, tail),
            (b'%', _) => return None,
            plain => plain,
        };
        decoded.push(byte);
        rest = tail;
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

//! From a request's headers and body to events still unchecked. Pure, and without copying the data.
//!
//! | `content-type` | mode | attributes | who names the account (operators only) |
//! |---|---|---|---|
//! | `application/json` with a `ce-…` header | CloudEvents binary | headers `ce-…` | header `ce-account` |
//! | `application/cloudevents+json` | CloudEvents structured | members | attribute `account` |
//! | `application/cloudevents-batch+json` | CloudEvents batch | members of each | attribute `account` of each |
//! | `application/json` | plain: one object or an array | the record's `type` and `time` | `?account=` |
//! | `application/x-ndjson` | plain: one object a line | the record's `type` and `time` | `?account=` |

mod binary;
mod elements;
mod plain;
mod structured;

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use bytes::Bytes;

use crate::refusal::Refusal;
pub(crate) use elements::{Members, members};

/// The media types that are taken.
pub const ACCEPTED_TYPES: [&str; 4] = [
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/x-ndjson",
];

/// The content encodings that are taken.
pub const ACCEPTED_ENCODINGS: [&str; 3] = ["gzip", "zstd", "identity"];

/// The form of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One event: data in the body, attributes in headers.
    Binary,
    /// One event, whole in the body.
    Structured,
    /// An array of those.
    Batch,
    /// One flat record or an array of them.
    Plain,
    /// One flat record a line.
    Lines,
}

/// How an event was written, which decides how its fields are called in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A CloudEvent: attributes beside the data.
    Cloud,
    /// A flat record: the data is all there is.
    Flat,
}

/// An event as it was sent, still unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// How it was written.
    pub style: Style,
    /// CloudEvents attributes by their names, without `ce-`.
    pub attributes: BTreeMap<String, String>,
    /// The data, byte for byte.
    pub data: Bytes,
}

/// Tells the form by the headers.
///
/// # Errors
/// [`Refusal::UnsupportedType`].
pub fn mode(headers: &HeaderMap) -> Result<Mode, Refusal> {
    let given = headers.get(header::CONTENT_TYPE).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/cloudevents+json" => Ok(Mode::Structured),
        "application/cloudevents-batch+json" => Ok(Mode::Batch),
        "application/x-ndjson" => Ok(Mode::Lines),
        "application/json" if headers.keys().any(|name| name.as_str().starts_with(binary::PREFIX)) => {
            Ok(Mode::Binary)
        }
        "application/json" => Ok(Mode::Plain),
        _ => Err(Refusal::UnsupportedType(given.to_owned())),
    }
}

/// Splits a body into its events. `account` is what the query names, for the plain forms.
///
/// # Errors
/// [`Refusal::Invalid`] where the syntax is broken, [`Refusal::TooLarge`] where there are more than `max_events`.
pub fn drafts(
    mode: Mode,
    headers: &HeaderMap,
    account: Option<&str>,
    body: &Bytes,
    max_events: usize,
) -> Result<Vec<Draft>, Refusal> {
    match mode {
        Mode::Binary => Ok(vec![binary::draft(headers, body)?]),
        Mode::Structured => {
            Ok(vec![structured::draft(body, 0).map_err(|fault| Refusal::Invalid(vec![fault]))?])
        }
        Mode::Batch => structured::drafts(body, max_events),
        Mode::Plain => plain::drafts(body, account, max_events),
        Mode::Lines => plain::lines(body, account, max_events),
    }
}

#[cfg(test)]
mod tests;

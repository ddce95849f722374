//! Which headers a customer may add to the calls of a webhook.

use http::{HeaderName, HeaderValue};

/// Longer values are no use and cost at each call.
const MAX_VALUE: usize = 4096;

/// Headers that belong to the connection, to the body or to the signature.
const RESERVED: [&str; 22] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "digest",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "signature",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-nonce",
];

/// Families of headers that Postbode writes itself.
const RESERVED_PREFIXES: [&str; 3] = ["webhook-", "postbode-", "ce-"];

/// Why a custom header is refused. The texts never hold the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderRejection {
    /// Not a header name.
    #[error("headers: '{0}' is not a header name; use letters, digits and hyphens")]
    Name(String),
    /// A header that Postbode or HTTP itself sets.
    #[error("headers: '{0}' is set by Postbode itself; use another name")]
    Reserved(String),
    /// Line breaks, control or non-ASCII characters.
    #[error("headers: the value of '{0}' holds line breaks, control or non-ASCII characters; remove them")]
    Value(String),
    /// A value of more than 4 096 bytes.
    #[error("headers: the value of '{0}' is longer than {MAX_VALUE} bytes; shorten it")]
    TooLong(String),
}

/// Reads a custom header; the value is marked as sensitive, so that nothing prints it.
///
/// # Errors
/// When the name or value breaks HTTP, or the header would override one of Postbode's.
pub fn check_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderRejection> {
    let parsed = HeaderName::try_from(name).map_err(|_| HeaderRejection::Name(shown(name)))?;
    let text = parsed.as_str();
    if RESERVED.contains(&text) || RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
        return Err(HeaderRejection::Reserved(text.to_owned()));
    }
    if value.len() > MAX_VALUE {
        return Err(HeaderRejection::TooLong(text.to_owned()));
    }
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err(HeaderRejection::Value(text.to_owned()));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| HeaderRejection::Value(text.to_owned()))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

fn shown(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect()
}

//! `If-Match` and `ETag`: revisions in headers.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::Revision;

use crate::problem::Refusal;
use crate::rules::change::Expected;
use crate::words::sentence;

/// Something with its revision as `ETag`.
pub(super) type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

/// Answers with something, at its revision.
pub(super) fn tagged<T>(revision: u64, body: T) -> Tagged<T> {
    let etag = HeaderValue::from_str(&format!("\"{revision}\""));
    ([(header::ETAG, etag.unwrap_or(HeaderValue::from_static("\"0\"")))], Json(body))
}

/// What `If-Match` expects; none if it is not there. `*` and weak tags are fine.
///
/// # Errors
/// When it names no revision.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Expected>, Refusal> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(Some(Expected::Any));
    }
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let revision = quoted.trim_matches('"').parse().map(Revision);
    let strange = |_| Refusal::field("If-Match", sentence!("if-match-strange"));
    revision.map(|revision| Some(Expected::Is(revision))).map_err(strange)
}

/// What a change was made to, by header or body: one of them must say so.
///
/// # Errors
/// When neither does, or they disagree.
pub(super) fn expected(headers: &HeaderMap, body: Option<u64>) -> Result<Expected, Refusal> {
    let body = body.map(|revision| Expected::Is(Revision(revision)));
    match (if_match(headers)?, body) {
        (None, None) => Err(Refusal::RevisionMissing),
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (Some(header), Some(body)) if header == body => Ok(body),
        (Some(_), Some(_)) => Err(Refusal::field("revision", sentence!("if-match-differs"))),
    }
}

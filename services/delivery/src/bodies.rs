//! The request of one attempt: body, signature, headers.

use domain::{Timestamp, Webhook};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use outbound::PostRequest;
use wire::{Delivery, Record, names};

use crate::credentials::Credentials;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const TRACEPARENT: HeaderName = HeaderName::from_static(names::TRACEPARENT);

/// Renders and signs. The same delivery always gets the same id and, while the webhook's format stays, the same body.
///
/// # Errors
/// When the event's data cannot be rendered: in words.
pub(crate) fn request(
    now: Timestamp,
    webhook: &Webhook,
    credentials: &Credentials,
    delivery: &Delivery,
    record: &Record,
    user_agent: &HeaderValue,
) -> Result<PostRequest, String> {
    let data = record.value.clone().unwrap_or_default();
    let body = wire::format::render(webhook.format, delivery, &record.headers, &data)
        .map_err(|error| format!("the event's data cannot be rendered: {error}"))?;
    let signature = credentials.sign(&delivery.id, now, &body.bytes);
    let mut headers = HeaderMap::with_capacity(credentials.headers.len() + 6);
    headers.extend(credentials.headers.clone());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(body.content_type));
    headers.insert(header::USER_AGENT, user_agent.clone());
    headers.insert(WEBHOOK_ID, text(delivery.id.as_str())?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now.as_secs()));
    headers.insert(WEBHOOK_SIGNATURE, text(&signature)?);
    let traceparent = process::trace::traceparent_of_current();
    let traceparent = traceparent.as_deref().or_else(|| record.headers.text(names::TRACEPARENT));
    if let Some(traceparent) = traceparent.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(TRACEPARENT, traceparent);
    }
    Ok(PostRequest {
        url: credentials.url.clone(),
        headers,
        body: body.bytes,
        timeout: webhook.limits.timeout,
    })
}

fn text(value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(value).map_err(|_| format!("{value:?} is no header value"))
}

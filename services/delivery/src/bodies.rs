//! The request of one attempt: body, signature, headers.

use domain::{DeliveryId, Format, RecordPlace, Timestamp, Webhook};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use httpsig::{Call, Scheme};
use outbound::PostRequest;
use wire::names;

use crate::credentials::Credentials;
use crate::held::Payload;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const TRACEPARENT: HeaderName = HeaderName::from_static(names::TRACEPARENT);

/// What one POST carries.
pub(crate) struct Parcel<'a> {
    /// The deliveries, in order.
    pub(crate) members: &'a [(RecordPlace, Payload)],
    /// The batch's name, if it is one.
    pub(crate) batch: Option<&'a DeliveryId>,
}

/// How the platform signs this one call.
pub(crate) struct Platform<'a> {
    /// With which key.
    pub(crate) scheme: Scheme<'a>,
    /// Said once.
    pub(crate) nonce: String,
}

/// Renders and signs. The same delivery always gets the same id and, while the webhook's format stays, the same body;
/// the same members in the same order are the same batch.
///
/// # Errors
/// When an event's data cannot be rendered: in words.
pub(crate) fn request(
    now: Timestamp,
    webhook: &Webhook,
    credentials: &Credentials,
    parcel: &Parcel<'_>,
    platform: Option<Platform<'_>>,
    user_agent: &HeaderValue,
) -> Result<PostRequest, String> {
    let (id, body) = match parcel.batch {
        Some(batch) => (batch, batch_body(webhook.format, parcel.members)?),
        None => single_body(webhook.format, parcel.members)?,
    };
    let signature = credentials.sign(id, now, &body.bytes);
    let mut headers = HeaderMap::with_capacity(credentials.headers.len() + 6);
    headers.extend(credentials.headers.clone());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(body.content_type));
    headers.insert(header::USER_AGENT, user_agent.clone());
    headers.insert(WEBHOOK_ID, text(id.as_str())?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now.as_secs()));
    headers.insert(WEBHOOK_SIGNATURE, text(&signature)?);
    let traceparent = process::trace::is_exported().then(process::trace::traceparent_of_current).flatten();
    let first = parcel.members.first();
    let given = || first.and_then(|(_, held)| held.record.headers.text(names::TRACEPARENT));
    if let Some(value) = traceparent.as_deref().or_else(given)
        && let Ok(value) = HeaderValue::from_str(value)
    {
        headers.insert(TRACEPARENT, value);
    }
    if let Some(Platform { scheme, nonce }) = platform {
        let url = &credentials.url;
        let call = Call {
            target: &url[url::Position::BeforePath..url::Position::AfterQuery],
            host: &url[url::Position::BeforeHost..url::Position::AfterPort],
            account: webhook.account.as_str(),
            content_type: body.content_type,
            body: &body.bytes,
            now,
            nonce: &nonce,
        };
        headers.extend(scheme.sign(&call).ok_or("the platform could not sign")?);
    }
    Ok(PostRequest {
        url: credentials.url.clone(),
        headers,
        body: body.bytes,
        timeout: webhook.limits.timeout,
    })
}

fn single_body(
    format: Format,
    members: &[(RecordPlace, Payload)],
) -> Result<(&DeliveryId, wire::format::Body), String> {
    let (_, held) = members.first().ok_or("nothing to send")?;
    let delivery = held.delivery.as_ref().map_err(ToString::to_string)?;
    let data = held.record.value.clone().unwrap_or_default();
    let body = wire::format::render(format, delivery, &held.record.headers, &data)
        .map_err(|error| unrendered(&error))?;
    Ok((&delivery.id, body))
}

/// A list of the format's bodies, each with its delivery's own id.
fn batch_body(format: Format, members: &[(RecordPlace, Payload)]) -> Result<wire::format::Body, String> {
    let bytes: usize = members.iter().map(|(_, held)| held.record.size() + 64).sum();
    let mut list = Vec::with_capacity(bytes);
    list.push(b'[');
    for (n, (_, held)) in members.iter().enumerate() {
        if n > 0 {
            list.push(b',');
        }
        let delivery = held.delivery.as_ref().map_err(ToString::to_string)?;
        let data = held.record.value.clone().unwrap_or_default();
        let headers = &held.record.headers;
        wire::format::render_element(format, delivery, headers, &data, &mut list)
            .map_err(|error| unrendered(&error))?;
    }
    list.push(b']');
    Ok(wire::format::Body { content_type: wire::format::batch_content_type(format), bytes: list.into() })
}

fn unrendered(error: &serde_json::Error) -> String {
    format!("the event's data cannot be rendered: {error}")
}

fn text(value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(value).map_err(|_| format!("{value:?} is no header value"))
}

//! The request of one call: body, signatures, headers.

use bytes::Bytes;
use domain::{DeliveryId, Format, Timestamp, Webhook};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use httpsig::{Call, Ring, Scheme};
use outbound::PostRequest;
use wire::{Delivery, Headers, names};

use crate::credentials::Credentials;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const TRACEPARENT: HeaderName = HeaderName::from_static(names::TRACEPARENT);

/// One delivery of a call.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// What its headers say.
    pub delivery: &'a Delivery,
    /// Its headers.
    pub headers: &'a Headers,
    /// The event's data, as it was produced.
    pub data: &'a Bytes,
}

/// What one call carries.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// The deliveries, in order.
    pub items: &'a [Item<'a>],
    /// The batch's name, if it is one.
    pub batch: Option<&'a DeliveryId>,
}

/// How the platform signs this one call.
#[derive(Debug)]
pub struct Platform<'a> {
    scheme: Scheme<'a>,
    nonce: String,
}

impl<'a> Platform<'a> {
    /// By the ring's present key, if there is one and the webhook asks for it. What it says is said once.
    pub fn of(ring: Option<&'a Ring>, webhook: &Webhook) -> Option<Self> {
        let scheme = ring.filter(|_| webhook.platform_signature)?.scheme();
        Some(Self { scheme, nonce: format!("{:032x}", rand::random::<u128>()) })
    }
}

/// What an element has around its event's data.
const ELEMENT_ROOM: usize = 384;

/// Renders and signs. The same delivery always gets the same id and, while the webhook's format stays, the same body;
/// the same members in the same order are the same batch.
///
/// # Errors
/// When an event's data cannot be rendered: in words.
pub fn request(
    now: Timestamp,
    webhook: &Webhook,
    credentials: &Credentials,
    parcel: Parcel<'_>,
    platform: Option<Platform<'_>>,
    user_agent: &HeaderValue,
) -> Result<PostRequest, String> {
    let (id, body) = match parcel.batch {
        Some(batch) => (batch, batch_body(webhook.format, parcel.items)?),
        None => single_body(webhook.format, parcel.items)?,
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
    let given = || parcel.items.first().and_then(|item| item.headers.text(names::TRACEPARENT));
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

fn single_body<'a>(
    format: Format,
    items: &[Item<'a>],
) -> Result<(&'a DeliveryId, wire::format::Body), String> {
    let item = items.first().ok_or("nothing to send")?;
    let body = wire::format::render(format, item.delivery, item.headers, item.data)
        .map_err(|error| unrendered(&error))?;
    Ok((&item.delivery.id, body))
}

/// A list of the format's bodies, each with its delivery's own id.
fn batch_body(format: Format, items: &[Item<'_>]) -> Result<wire::format::Body, String> {
    let bytes: usize = items.iter().map(|item| item.data.len() + ELEMENT_ROOM).sum();
    let mut list = Vec::with_capacity(bytes);
    list.push(b'[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            list.push(b',');
        }
        wire::format::render_element(format, item.delivery, item.headers, item.data, &mut list)
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

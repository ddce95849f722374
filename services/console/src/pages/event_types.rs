//! The catalogue, as documentation.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use domain::Format;
use httpsig::{PublicKey, Ring};
use serde_json::Value;
use wire::catalogue::{self, EventKind};
use wire::{Delivery, Headers, names};

use super::session::Visitor;
use super::view::{Failure, Page, html};
use super::webhooks::kinds;
use crate::api::Shared;
use crate::problem::Refusal;
use crate::world::World;

const HERE: &str = "/event-types";

/// Receivers that check signatures, as they stand in the documentation and run in the tests.
const RECEIVERS: [(&str, &str); 7] = [
    ("Node", include_str!("../../../../docs/receivers/receiver.mjs")),
    ("Python", include_str!("../../../../docs/receivers/receiver.py")),
    ("PHP", include_str!("../../../../docs/receivers/receiver.php")),
    ("Go", include_str!("../../../../docs/receivers/receiver.go")),
    ("Java", include_str!("../../../../docs/receivers/Receiver.java")),
    ("Ruby", include_str!("../../../../docs/receivers/receiver.rb")),
    ("Rust", include_str!("../../../../docs/receivers/receiver.rs")),
];

#[derive(Template)]
#[template(path = "event_types.html")]
struct ListPage {
    page: Page,
    kinds: Vec<&'static EventKind>,
    receivers: &'static [(&'static str, &'static str)],
    /// The platform's own keys, as DNS publishes them.
    platform_keys: Vec<String>,
}

pub(super) async fn list<W: World>(State(console): Shared<W>, visitor: Visitor) -> Response {
    let published = console.ring.as_ref().map(Ring::published).unwrap_or_default();
    let platform_keys = published.iter().map(PublicKey::zone_line).collect();
    html(
        StatusCode::OK,
        &ListPage { page: Page::of(&visitor, HERE), kinds: kinds(), receivers: &RECEIVERS, platform_keys },
    )
}

#[derive(Template)]
#[template(path = "event_type.html")]
struct KindPage {
    page: Page,
    kind: &'static EventKind,
    samples: Vec<(&'static str, &'static str, String)>,
    schema: String,
}

pub(super) async fn show<W: World>(
    State(_): Shared<W>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Response {
    let Some(kind) = catalogue::find(&name) else {
        return Failure::to(&visitor, Refusal::NoSuch("event-type")).into_response();
    };
    let samples = Format::ALL.into_iter().filter_map(|format| sample(format, kind)).collect();
    let schema = serde_json::to_string_pretty(&kind.schema()).unwrap_or_default();
    html(StatusCode::OK, &KindPage { page: Page::of(&visitor, HERE), kind, samples, schema })
}

/// A body as a receiver gets it, laid out for reading.
fn sample(format: Format, kind: &EventKind) -> Option<(&'static str, &'static str, String)> {
    let headers: Headers = [
        (names::CE_SPECVERSION, "1.0"),
        (names::CE_ID, "9b2e5a1c"),
        (names::CE_SOURCE, "/mail"),
        (names::CE_TYPE, kind.name),
        (names::CE_ACCOUNT, "example"),
        (names::CE_TIME, "2026-01-01T12:00:00Z"),
        (names::WEBHOOK, "wh_1"),
        (names::DELIVERY, "dlv_1"),
        (names::REGISTRY, "0"),
    ]
    .map(|(name, value)| (name.into(), Bytes::copy_from_slice(value.as_bytes())))
    .into_iter()
    .collect();
    let delivery = Delivery::read(&headers).ok()?;
    let body = wire::format::render(format, &delivery, &headers, &kind.sample().into()).ok()?;
    let pretty = serde_json::from_slice::<Value>(&body.bytes)
        .ok()
        .and_then(|it| serde_json::to_string_pretty(&it).ok());
    let text = pretty.unwrap_or_else(|| String::from_utf8_lossy(&body.bytes).replace('&', "\n&"));
    Some((format.name(), body.content_type, text))
}

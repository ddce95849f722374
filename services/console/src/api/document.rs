//! The OpenAPI document, made from the routes and the types that they speak.

mod operations;
mod receivers;
mod schemas;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use schemars::json_schema;
use serde_json::{Map, Value, json};

use self::schemas::Schemas;
use super::operation::{Operation, operation};
use super::route::{self, Route, Section};
use super::sections;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let show = route::get(
        "/v1/openapi.json",
        show::<W>,
        operation("getDocument", "This document: OpenAPI 3.1")
            .open()
            .gives_shape(|_| json_schema!({"type": "object", "required": ["openapi", "info", "paths"]})),
    );
    vec![show]
}

async fn show<W: World>() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, document::<W>().to_string()).into_response()
}

/// The document. It is the same in every world.
pub(crate) fn document<W: World>() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| build(&described::<W>()))
}

/// What the routes do, by section.
pub(crate) fn described<W: World>() -> Vec<Section<Operation>> {
    sections::<W>().into_iter().map(|section| section.map(|route| route.operation)).collect()
}

fn build(sections: &[Section<Operation>]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for section in sections {
        for operation in &section.routes {
            let path = paths.entry(operation.path).or_insert_with(|| json!({}));
            path[operation.method.as_str().to_ascii_lowercase()] =
                operations::described(section.name, operation, &mut schemas);
        }
    }
    let webhooks = receivers::all(&mut schemas);
    let tags: Vec<_> =
        sections.iter().map(|section| json!({"name": section.name, "description": section.about})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Postbode",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Webhooks for a mail platform's events",
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The console that this came from"}],
        "tags": tags,
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas.finish(),
            "headers": operations::headers(),
            "securitySchemes": {"key": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, `pbk_…`. The list beside it in an operation names the scope that the key must have.",
            }},
        },
    })
}

const ABOUT: &str = "\
What the console's pages do, for programs.\n\n\
**Keys.** Requests carry `Authorization: Bearer pbk_…`. What belongs to another account is not there: 404.\n\n\
**Lists** come in pages: `next` is what `cursor` takes for the page after, null on the last one.\n\n\
**Changes.** A webhook's `ETag` is its revision; a change names the revision that it was made to by `If-Match`, and is \
refused with 409 where somebody was faster.\n\n\
**Errors** are problem details (RFC 9457) as `application/problem+json`. Their `code` is stable and for programs, \
`detail` is for people and may change. With 503 comes `Retry-After`.\n\n\
**Growth.** Answers may get more members: ignore what you do not know. Requests with members that the console does not \
know are refused. Times are RFC 3339 in UTC, durations texts such as `15s`.";

//! The platform's public keys, for receivers who would rather not ask DNS.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use schemars::json_schema;

use super::Shared;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let list = route::get(
        "/.well-known/postbode-keys",
        list::<W>,
        operation("listPlatformKeys", "The platform's public keys, as a JSON Web Key Set")
            .open()
            .gives_shape(|_| json_schema!({"type": "object", "required": ["keys"], "properties": {
                "keys": {"type": "array", "items": {"type": "object", "required": ["kty", "kid"], "properties": {
                    "kty": {"type": "string"}, "kid": {"type": "string", "description": "What a signature calls it"}
                }}}
            }}))
            .may(Refusal::NoSuch("platform-key")),
    );
    vec![list]
}

/// `GET /.well-known/postbode-keys`: a JSON Web Key Set, for everybody. 404 while the platform has no keys.
pub(super) async fn list<W: World>(State(console): Shared<W>) -> Result<Response, Refusal> {
    let ring = console.ring.as_ref().ok_or(Refusal::NoSuch("platform-key"))?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(ring.jwks())).into_response())
}

//! The platform's public keys, for receivers who would rather not ask DNS.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::Shared;
use crate::problem::Refusal;
use crate::world::World;

/// `GET /.well-known/postbode-keys`: a JSON Web Key Set, for everybody. 404 while the platform has no keys.
pub(super) async fn list<W: World>(State(console): Shared<W>) -> Result<Response, Refusal> {
    let ring = console.ring.as_ref().ok_or(Refusal::NoSuch("platform key"))?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(ring.jwks())).into_response())
}

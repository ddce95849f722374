//! Who asks: the key in `Authorization`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};

impl<W: World> FromRequestParts<Arc<Console<W>>> for Actor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console<W>>) -> Result<Self, Refusal> {
        let key = bearer(parts)?;
        let now = console.world.now();
        console.look(|registry| Self::of(registry, key, now))
    }
}

fn bearer(parts: &Parts) -> Result<&str, Refusal> {
    let value = parts.headers.get(header::AUTHORIZATION);
    let value = value.ok_or(Refusal::Unauthenticated("give an API key: Authorization: Bearer pbk_…"))?;
    let (scheme, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(key.trim())
    } else {
        Err(Refusal::Unauthenticated("this is no bearer key: write Authorization: Bearer pbk_…"))
    }
}

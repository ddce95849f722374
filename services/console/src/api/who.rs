//! Who asks, and from where: the key in `Authorization`, and what the connection says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::whence::{Door, Whence};
use crate::words::sentence;
use crate::world::{Console, World};

impl<W: World> FromRequestParts<Arc<Console<W>>> for Actor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console<W>>) -> Result<Self, Refusal> {
        // What stands around the routes asks, too: once is enough for a request.
        if let Some(actor) = parts.extensions.get::<Self>() {
            return Ok(actor.clone());
        }
        let key = bearer(parts)?;
        let now = console.world.now();
        let actor = console.look(|registry| Self::of(registry, key, now))?;
        let actor = actor.coming(whence(console, parts));
        parts.extensions.insert(actor.clone());
        Ok(actor)
    }
}

impl<W: World> FromRequestParts<Arc<Console<W>>> for Whence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console<W>>) -> Result<Self, Infallible> {
        Ok(whence(console, parts))
    }
}

/// Where a request comes from, as far as the connection, and proxies of ours, say.
pub(crate) fn whence<W: World>(console: &Console<W>, parts: &Parts) -> Whence {
    let lines = |name: &str| -> Vec<_> {
        parts.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect()
    };
    let (peer, hops) = (parts.extensions.get::<ConnectInfo<SocketAddr>>(), lines("x-forwarded-for"));
    let client = peer.map(|peer| console.proxies.client(peer.ip(), hops.iter().map(|hop| &**hop)));
    let agent = lines(header::USER_AGENT.as_str());
    Whence::new(Door::of_path(parts.uri.path()), client, agent.first().map(|agent| &**agent))
}

fn bearer(parts: &Parts) -> Result<&str, Refusal> {
    let value = parts.headers.get(header::AUTHORIZATION);
    let value = value.ok_or_else(|| Refusal::Unauthenticated(sentence!("key-missing")))?;
    let (scheme, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(key.trim())
    } else {
        Err(Refusal::Unauthenticated(sentence!("key-no-bearer")))
    }
}

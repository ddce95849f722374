//! How often a key may ask: told with every answer.
//!
//! Keys that nobody knows are not counted: they get nothing but a 401, and could be of any number.

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Shared;
use crate::problem::Refusal;
use crate::rates::Room;
use crate::rules::access::Actor;
use crate::world::World;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

pub(super) async fn limit<W: World>(State(console): Shared<W>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let actor = Actor::from_request_parts(&mut parts, &console).await.ok();
    let request = Request::from_parts(parts, body);
    let Some(room) = actor.and_then(|actor| console.rates.ask(actor.key().hash)) else {
        return next.run(request).await;
    };
    let response = match room.wait {
        Some(wait) => Refusal::RateLimited(wait).into_response(),
        None => next.run(request).await,
    };
    told(response, room)
}

fn told(mut response: Response, room: Room) -> Response {
    let Room { limit, remaining, reset, wait: _ } = room;
    for (name, value) in [(LIMIT, limit.into()), (REMAINING, remaining.into()), (RESET, reset)] {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}

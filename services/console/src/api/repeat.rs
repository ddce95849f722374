//! `Idempotency-Key`: a POST that is said again is not done again, but answered as it was the first time.
//!
//! Around every route of the API, so that none has to think of it. Answers are kept in the history's database for a day, for all
//! consoles that share it, sealed: some of them show a secret.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::Sealed;
use history::turns::{self, Answer, Turn};

use super::{Shared, body};
use crate::acts::chance;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::chance::{bytes, hex};
use crate::rules::repeats::{self, Repeatable, Said};
use crate::world::{Console, World};

/// For how long an answer is given again.
const KEEP: Duration = Duration::from_secs(24 * 3600);
/// Longer than any request takes: one without an answer by then died with its console.
const LEASE: Duration = Duration::from_secs(120);
const KEY: &str = "idempotency-key";
/// What tells that an answer is an old one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Headers that belong to an answer.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

pub(super) async fn once<W: World>(State(console): Shared<W>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let key = match repeats::key(request.headers().get_all(KEY).iter().map(HeaderValue::as_bytes)) {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(refusal) => return refusal.into_response(),
    };
    let (mut parts, body) = request.into_parts();
    match Actor::from_request_parts(&mut parts, &console).await {
        Ok(actor) => {
            let answered = first_or_again(&console, &actor, &key, (parts, body), next).await;
            answered.unwrap_or_else(Refusal::into_response)
        }
        // The route says so itself, and nothing is kept for strangers.
        Err(_) => next.run(Request::from_parts(parts, body)).await,
    }
}

async fn first_or_again<W: World>(
    console: &Console<W>,
    actor: &Actor,
    key: &str,
    (parts, body): (Parts, Body),
    next: Next,
) -> Result<Response, Refusal> {
    let bytes = body::whole(body).await?;
    let repeatable = Repeatable::new(actor, key, said(&parts, &bytes));
    let fingerprint = repeatable.fingerprint(&console.keyring);
    let owner = hex::<16>(&mut chance);
    let asked = turns::Request { name: &repeatable.name, fingerprint: &fingerprint, owner: &owner };
    let (found, answer) = match console.history().take_turn(console.world.now(), asked, LEASE, KEEP).await? {
        Turn::Ours => {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            return Ok(kept(console, &repeatable, asked, response).await);
        }
        Turn::Running(found) => (found, None),
        Turn::Answered(found, answer) => (found, Some(answer)),
    };
    if !repeatable.is(&found, &console.keyring) {
        return Err(Refusal::IdempotencyKeyReused);
    }
    again(console, &repeatable, &answer.ok_or(Refusal::IdempotencyKeyInUse)?)
}

fn said<'a>(parts: &'a Parts, body: &'a [u8]) -> Said<'a> {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    Said {
        route: parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str),
        target,
        if_match: parts.headers.get(header::IF_MATCH).map_or(&[], |value| value.as_bytes()),
        body,
    }
}

/// Keeps an answer, unless asking again may help. One that cannot be kept is given all the same: what was done is done.
async fn kept<W: World>(
    console: &Console<W>,
    repeatable: &Repeatable,
    asked: turns::Request<'_>,
    response: Response,
) -> Response {
    let (head, body) = response.into_parts();
    // It lies in memory already, and does not fail.
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let passing = matches!(head.status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
    let stored = if passing || head.status.is_server_error() {
        console.history().give_up_turn(asked).await
    } else {
        let sealed = console.keyring.seal(bytes(&mut chance), repeatable.place(), &body);
        let answer = Answer {
            status: i64::from(head.status.as_u16()),
            headers: written(&head.headers),
            sealed_by: sealed.key.to_string(),
            body: sealed.text.to_string(),
        };
        console.history().answer_turn(asked, &answer).await
    };
    if let Err(error) = stored {
        tracing::warn!(%error, "an answer could not be kept for those who ask again");
    }
    Response::from_parts(head, Body::from(body))
}

/// The answer of the first time.
fn again<W: World>(
    console: &Console<W>,
    repeatable: &Repeatable,
    answer: &Answer,
) -> Result<Response, Refusal> {
    let sealed = Sealed { key: answer.sealed_by.as_str().into(), text: answer.body.as_str().into() };
    let body = console.keyring.open(repeatable.place(), &sealed).map_err(|error| {
        tracing::error!(%error, "an answer that was kept cannot be opened");
        Refusal::Sealed
    })?;
    let status = u16::try_from(answer.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.unwrap_or(StatusCode::OK), body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.headers_mut().extend(read(&answer.headers));
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn written(headers: &HeaderMap) -> String {
    let kept = KEPT.iter().filter_map(|name| Some((name.as_str(), headers.get(name)?.to_str().ok()?)));
    serde_json::to_string(&kept.collect::<Vec<_>>()).unwrap_or_default()
}

fn read(text: &str) -> HeaderMap {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
    pairs.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?))).collect()
}

//! `/v1/events/stream`: an account's events as they happen, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Sse;
use axum::response::sse::Event;
use domain::{Scope, Types};
use futures::Stream;
use schemars::JsonSchema;
use serde::Deserialize;
use trigger::Filter;
use wire::api;
use wire::api::live::{FILTER_FAILED, FilterFailed, MISSED, Missed};

use super::Shared;
use super::operation::{Header, operation};
use super::route::{self, Route};
use crate::live::places::Places;
use crate::live::{self, Said, Wanted};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::fields::{self, Errors};
use crate::words::{Sentence, sentence};
use crate::world::World;

const LAST_EVENT_ID: Header = Header {
    name: "Last-Event-ID",
    about: "The id of the last message that came: the stream goes on behind it",
    example: "0:42,1:17",
};

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let open = route::get(
        "/v1/events/stream",
        open::<W>,
        operation(
            "streamEvents",
            "An account's events as they happen, as server-sent events with CloudEvents in them",
        )
        .needs(Scope::WebhooksRead)
        .asks_of_account::<Asked>()
        .hears(LAST_EVENT_ID)
        .gives_text("text/event-stream")
        .needs_events()
        .may(Refusal::TooManyStreams(10))
        .may(Refusal::NoRoom(1000)),
    );
    vec![open]
}

/// `?account=`, `?types=click,open`, `?filter=`.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Whose; the key's own account if left out, so only operators must name it.
    account: Option<String>,
    /// Which types, with commas between them; all if left out.
    types: Option<String>,
    /// A CEL expression that must be true.
    filter: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let query = Query::<Self>::try_from_uri(&parts.uri);
        query
            .map(|Query(asked)| asked)
            .map_err(|rejection| Refusal::field("query", Sentence::verbatim(rejection.body_text())))
    }
}

/// `GET /v1/events/stream`: [`wire::api::live`] has what is said on it. `Last-Event-ID` goes on where a stream stood.
pub(super) async fn open<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    let account = console.look(|registry| actor.account_meant(registry, asked.account.as_deref()))?;
    let mut errors = Errors::default();
    let types = types(asked.types.as_deref(), &mut errors);
    if let Some(Err(error)) = asked.filter.as_deref().map(Filter::compile) {
        errors.add("filter", error);
    }
    errors.finish()?;
    let from = last_event_id(&headers)?;
    let wanted = Wanted { account, types, filter: asked.filter.map(Arc::from) };
    let said = live::open(&console, actor, wanted, from).await?;
    let messages = futures::stream::unfold(said, |mut said| async {
        let message = message(&said.recv().await?);
        Some((Ok(message), said))
    });
    Ok(Sse::new(messages))
}

/// Comma-separated; all of them if it is left out or `*`.
fn types(text: Option<&str>, errors: &mut Errors) -> Types {
    match text {
        None | Some("*") => Types::All,
        Some(text) => {
            fields::types(&api::Types::only(text.split(',').map(|it| it.trim().to_owned())), errors)
        }
    }
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Places>, Refusal> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim() {
        "" => Ok(None),
        text => Places::parse(text)
            .map(Some)
            .ok_or_else(|| Refusal::field("Last-Event-ID", sentence!("last-event-strange"))),
    }
}

fn message(said: &Said) -> Event {
    match said {
        Said::Event { id, kind, data } => Event::default().id(id).event(kind).data(data),
        Said::Missed { id, missed } => {
            Event::default().id(id).event(MISSED).data(json(&Missed { missed: *missed }))
        }
        Said::FilterFailed(why) => {
            Event::default().event(FILTER_FAILED).data(json(&FilterFailed { message: why.clone() }))
        }
        Said::Beat { id } => Event::default().comment("alive").id(id),
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

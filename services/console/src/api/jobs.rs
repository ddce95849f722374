//! `/v1/jobs`, and what begins one.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use wire::api::{self, LetterAct, NewBackfill, NewLetterJob, Page};

use super::Shared;
use super::body::{Body, Id, JobListing};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

/// A job that was begun, and where it is to be found.
type Begun = (StatusCode, [(HeaderName, HeaderValue); 1], Json<api::Job>);

pub(super) async fn backfill<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(asked): Body<NewBackfill>,
) -> Result<Begun, Refusal> {
    console.begin_backfill(&actor, &id.as_str().into(), &asked).await.map(begun)
}

pub(super) async fn replay<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(asked): Body<NewLetterJob>,
) -> Result<Begun, Refusal> {
    console.begin_letters(&actor, LetterAct::Replay, &asked).await.map(begun)
}

pub(super) async fn discard<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(asked): Body<NewLetterJob>,
) -> Result<Begun, Refusal> {
    console.begin_letters(&actor, LetterAct::Discard, &asked).await.map(begun)
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: JobListing,
) -> Result<Json<Page<api::Job>>, Refusal> {
    let JobListing { account, webhook, limit } = listing;
    let items = console.list_jobs(&actor, account.as_deref(), webhook.as_deref(), limit).await?;
    Ok(Json(Page { items, next: None }))
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<api::Job>, Refusal> {
    console.show_job(&actor, &id).await.map(Json)
}

pub(super) async fn cancel<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<api::Job>, Refusal> {
    console.cancel_job(&actor, &id).await.map(Json)
}

fn begun(job: api::Job) -> Begun {
    let place = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id));
    let place = place.unwrap_or(HeaderValue::from_static("/v1/jobs"));
    (StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(job))
}

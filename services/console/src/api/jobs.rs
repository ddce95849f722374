//! `/v1/jobs`, and what begins one.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use domain::{Scope, WebhookId};
use history::jobs::{Job, NewJob};
use serde::Serialize;
use uuid::Uuid;
use wire::api::{self, NewBackfill, Page};

use super::body::{Body, Id, JobListing};
use super::{Shared, present};
use crate::jobs::Kind;
use crate::problem::Refusal;
use crate::rules::access::{self, Actor};
use crate::rules::backfill;
use crate::world::{Console, World};

/// A job that was begun, and where it is to be found.
type Begun = (StatusCode, [(HeaderName, HeaderValue); 1], Json<api::Job>);

pub(super) async fn backfill<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(asked): Body<NewBackfill>,
) -> Result<Begun, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    let (id, now) = (WebhookId::from(id.as_str()), console.world.now());
    let (account, request) = console.look(|registry| {
        let standing = access::webhook(registry, &actor, &id)?;
        let (state, shown) = (&standing.webhook.state, present::standing(registry, standing));
        let request = backfill::draft(&asked, state, shown, console.backfill, now)?;
        Ok((standing.webhook.account.to_string(), request))
    })?;
    let held_since = console.world.held_since().await;
    backfill::held(request.since, held_since.map_err(|error| Refusal::NoEvents(error.to_string()))?)?;
    begin(&console, &actor, Kind::Backfill, (account, &id), &request).await
}

/// The latest, the newest first.
pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: JobListing,
) -> Result<Json<Page<api::Job>>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    let account = console.look(|registry| actor.listed(registry, listing.account.as_deref()))?;
    let account = account.as_ref().map(|account| account.as_str());
    let found = console.history()?.jobs(account, listing.webhook.as_deref(), listing.limit).await;
    let items = found.map_err(away)?.into_iter().map(present::job).collect();
    Ok(Json(Page { items, next: None }))
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<api::Job>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    Ok(Json(present::job(job(&console, &actor, &id).await?)))
}

/// One that was cancelled already stays so.
pub(super) async fn cancel<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<api::Job>, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    job(&console, &actor, &id).await?;
    if console.history()?.cancel_job(console.world.now(), &id).await.map_err(away)? {
        tracing::info!(job.id = id, key.id = %actor.key().id, "a job was cancelled");
    }
    let job = present::job(job(&console, &actor, &id).await?);
    if job.state == "cancelled" {
        return Ok(Json(job));
    }
    let detail = format!("the job is {} already", job.state);
    Err(Refusal::Conflict { code: "job-ended", detail })
}

async fn begin<W: World>(
    console: &Console<W>,
    actor: &Actor,
    kind: Kind,
    (account, webhook): (String, &WebhookId),
    request: &impl Serialize,
) -> Result<Begun, Refusal> {
    let job = NewJob {
        id: format!("job_{}", Uuid::now_v7().simple()),
        account,
        webhook: Some(webhook.to_string()),
        kind: kind.name().to_owned(),
        request: serde_json::to_value(request).unwrap_or_default(),
        asked_by: actor.key().id.to_string(),
    };
    let added = console.history()?.add_job(console.world.now(), job).await.map_err(away)?;
    tracing::info!(job.id = added.asked.id, job.kind = kind.name(), key.id = %actor.key().id, "a job was asked for");
    let place = HeaderValue::from_str(&format!("/v1/jobs/{}", added.asked.id));
    let place = place.unwrap_or(HeaderValue::from_static("/v1/jobs"));
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(present::job(added))))
}

/// A job, if it is there for who asks.
async fn job<W: World>(console: &Console<W>, actor: &Actor, id: &str) -> Result<Job, Refusal> {
    let found = console.history()?.job(id).await.map_err(away)?;
    let found = found.filter(|job| actor.sees(&job.asked.account.as_str().into()));
    found.ok_or(Refusal::NoSuch("job"))
}

fn away(error: history::Error) -> Refusal {
    match error {
        history::Error::Busy(job) => Refusal::Busy { job },
        error @ (history::Error::NotAUrl
        | history::Error::Database(_)
        | history::Error::Tables(_)
        | history::Error::Unreadable(_)) => {
            tracing::warn!(%error, "the history did not answer");
            Refusal::NoHistory("try again in a moment".to_owned())
        }
    }
}

//! `/v1/jobs`, and what begins one.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use domain::Scope;
use serde_json::json;
use wire::api::{self, LetterAct, NewBackfill, NewLetterJob, Page};

use super::Shared;
use super::body::{Body, Id, JobListing, JobQuery};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    vec![
        route::get(
            "/v1/jobs",
            list::<W>,
            operation("listJobs", "Lists the latest jobs, the newest first")
                .needs(Scope::WebhooksRead)
                .asks_of_account::<JobQuery>()
                .lists::<api::Job>()
                .remembers(),
        ),
        route::get(
            "/v1/jobs/{id}",
            get::<W>,
            operation("getJob", "Shows a job and how far it is")
                .needs(Scope::WebhooksRead)
                .gives::<api::Job>()
                .remembers(),
        ),
        route::post(
            "/v1/jobs/{id}/cancel",
            cancel::<W>,
            operation("cancelJob", "Stops a job; what it did stays done")
                .needs(Scope::WebhooksWrite)
                .gives::<api::Job>()
                .conflicts("job-ended", sentence!("job-ended", state = "done"))
                .remembers(),
        ),
    ]
}

/// A webhook's backfill.
pub(super) fn of_webhooks<W: World>() -> Vec<Route<W>> {
    let backfill = route::post(
        "/v1/webhooks/{id}/backfill",
        backfill::<W>,
        operation(
            "backfillWebhook",
            "Begins to send again, or to count, what the webhook would have matched",
        )
        .needs(Scope::WebhooksWrite)
        .takes::<NewBackfill>(json!({"since": "2025-12-31T00:00:00Z", "dry_run": true}))
        .begins_job()
        .conflicts("not-active", sentence!("not-active", state = "unverified"))
        .needs_events(),
    );
    vec![backfill]
}

/// Decisions about dead letters.
pub(super) fn of_letters<W: World>() -> Vec<Route<W>> {
    let decides = |id, summary| {
        operation(id, summary)
            .needs(Scope::WebhooksWrite)
            .may_take::<NewLetterJob>(json!({"webhook": "wh_1", "reason": "exhausted", "note": "repaired"}))
            .begins_job()
            .may(Refusal::NoSuch("webhook"))
            .may(Refusal::NoSuch("account"))
    };
    vec![
        route::post(
            "/v1/dead-letters/replay",
            replay::<W>,
            decides("replayDeadLetters", "Begins to put open dead letters back on their way"),
        ),
        route::post(
            "/v1/dead-letters/discard",
            discard::<W>,
            decides("discardDeadLetters", "Begins to discard open dead letters"),
        ),
    ]
}

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
    console.show_job(&actor, &id).await.map(|(job, _)| Json(job))
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

//! `/v1/webhooks`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use domain::{Scope, Step, WebhookId};
use wire::api::{self, NewWebhook, Page, RotateSecret, Secret, WebhookPatch, WebhookWithSecret};

use super::Shared;
use super::body::{Body, Id, Listing};
use super::headers::{etag, expected, if_match};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::change::Expected;
use crate::world::World;

/// One webhook, with its revision as `ETag`.
pub(super) type Answer = ([(HeaderName, HeaderValue); 1], Json<api::Webhook>);
type WithSecret = (StatusCode, [(HeaderName, HeaderValue); 1], Json<WebhookWithSecret>);

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: Listing,
) -> Result<Json<Page<api::Webhook>>, Refusal> {
    console.list_webhooks(&actor, listing.account.as_deref(), &listing.paging).map(Json)
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Answer, Refusal> {
    console.show_webhook(&actor, &id.as_str().into()).map(answer)
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewWebhook>,
) -> Result<WithSecret, Refusal> {
    console.create_webhook(&actor, &new).await.map(|made| with_secret(StatusCode::CREATED, made))
}

pub(super) async fn change<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    Body(patch): Body<WebhookPatch>,
) -> Result<Answer, Refusal> {
    let id = WebhookId::from(id.as_str());
    console.webhook(&actor, Scope::WebhooksWrite, &id)?;
    let expected = expected(&headers, patch.revision)?;
    console.change_webhook(&actor, id, expected, &patch).await.map(answer)
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    console.delete_webhook(&actor, id.as_str().into(), expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn pause<W: World>(
    console: Shared<W>,
    actor: Actor,
    id: Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    step(console, actor, id, headers, Step::Pause).await
}

pub(super) async fn resume<W: World>(
    console: Shared<W>,
    actor: Actor,
    id: Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    step(console, actor, id, headers, Step::Resume).await
}

pub(super) async fn enable<W: World>(
    console: Shared<W>,
    actor: Actor,
    id: Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    step(console, actor, id, headers, Step::Enable).await
}

async fn step<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    step: Step,
) -> Result<Answer, Refusal> {
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    console.step_webhook(&actor, id.as_str().into(), expected, step).await.map(answer)
}

pub(super) async fn reveal_secret<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Secret>, Refusal> {
    console.reveal_secret(&actor, &id.as_str().into()).await.map(Json)
}

pub(super) async fn rotate_secret<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    Body(request): Body<RotateSecret>,
) -> Result<WithSecret, Refusal> {
    let id = WebhookId::from(id.as_str());
    console.webhook(&actor, Scope::WebhooksWrite, &id)?;
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    console.rotate_secret(&actor, id, expected, &request).await.map(|made| with_secret(StatusCode::OK, made))
}

pub(super) fn answer(webhook: api::Webhook) -> Answer {
    ([(header::ETAG, etag(webhook.revision))], Json(webhook))
}

fn with_secret(status: StatusCode, made: WebhookWithSecret) -> WithSecret {
    (status, [(header::ETAG, etag(made.webhook.revision))], Json(made))
}

//! `/v1/webhooks`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::{Scope, Step, WebhookId};
use serde_json::{Value, json};
use wire::api::{self, NewWebhook, Page, RotateSecret, Secret, WebhookPatch, WebhookWithSecret};

use super::Shared;
use super::body::{Body, Id, ListQuery, Listing};
use super::headers::{Tagged, expected, if_match, tagged};
use super::operation::{Operation, operation};
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::change::Expected;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    vec![
        route::get(
            "/v1/webhooks",
            list::<W>,
            operation("listWebhooks", "Lists webhooks: of all accounts for operators who name none")
                .needs(Scope::WebhooksRead)
                .asks_of_account::<ListQuery>()
                .lists::<api::Webhook>(),
        ),
        route::post(
            "/v1/webhooks",
            create::<W>,
            operation("createWebhook", "Makes a webhook; it is called once its URL is verified")
                .needs(Scope::WebhooksWrite)
                .takes::<NewWebhook>(new())
                .status(StatusCode::CREATED)
                .gives::<WebhookWithSecret>()
                .tags()
                .may(Refusal::NoSuch("account"))
                .writes(),
        ),
        route::get(
            "/v1/webhooks/{id}",
            get::<W>,
            operation("getWebhook", "Shows a webhook")
                .needs(Scope::WebhooksRead)
                .gives::<api::Webhook>()
                .tags(),
        ),
        route::patch(
            "/v1/webhooks/{id}",
            change::<W>,
            changes("changeWebhook", "Changes a webhook: what is left out stays")
                .takes::<WebhookPatch>(json!({"revision": 3, "name": "Orders", "limits": {"concurrency": 4}}))
                .gives::<api::Webhook>()
                .tags()
                .may(Refusal::RevisionMissing),
        ),
        route::delete(
            "/v1/webhooks/{id}",
            delete::<W>,
            changes("deleteWebhook", "Deletes a webhook; what was on its way to it dies")
                .status(StatusCode::NO_CONTENT),
        ),
    ]
}

/// What else is done to one.
pub(super) fn acts<W: World>() -> Vec<Route<W>> {
    let steps = |id, summary| {
        changes(id, summary)
            .gives::<api::Webhook>()
            .tags()
            .conflicts("illegal-step", sentence!("illegal-step", from = "unverified", step = "paused"))
    };
    vec![
        route::post(
            "/v1/webhooks/{id}/pause",
            pause::<W>,
            steps("pauseWebhook", "Pauses a webhook: nothing new is sent to it"),
        ),
        route::post(
            "/v1/webhooks/{id}/resume",
            resume::<W>,
            steps("resumeWebhook", "Lets a paused webhook go on"),
        ),
        route::post(
            "/v1/webhooks/{id}/enable",
            enable::<W>,
            steps("enableWebhook", "Lets a webhook go on that was disabled for its failures"),
        ),
        route::get(
            "/v1/webhooks/{id}/secret",
            reveal_secret::<W>,
            operation("getWebhookSecret", "Shows what receivers check signatures with")
                .needs(Scope::WebhooksWrite)
                .gives::<Secret>()
                .may(Refusal::Sealed),
        ),
        route::post(
            "/v1/webhooks/{id}/rotate-secret",
            rotate_secret::<W>,
            changes("rotateWebhookSecret", "Makes a new secret; the one before signs beside it for a while")
                .may_take::<RotateSecret>(json!({"keep_previous_for": "24h"}))
                .gives::<WebhookWithSecret>()
                .tags(),
        ),
        route::post(
            "/v1/webhooks/{id}/end-previous-secret",
            end_previous_secret::<W>,
            changes("endPreviousSecret", "Ends the secret before the present one now")
                .gives::<api::Webhook>()
                .tags(),
        ),
    ]
}

fn changes(id: &'static str, summary: &'static str) -> Operation {
    operation(id, summary).needs(Scope::WebhooksWrite).matches().writes()
}

fn new() -> Value {
    json!({"name": "Orders", "url": "https://hooks.example/postbode", "types": ["click", "open"],
        "filter": "data.recipient.endsWith('@example.com')", "format": "json", "headers": {"X-Tenant": "7"},
        "limits": {"per_second": 100, "timeout": "10s"}, "batch": {"max_events": 100}})
}

/// One webhook, with its revision as `ETag`.
pub(super) type Answer = Tagged<api::Webhook>;
type WithSecret = (StatusCode, Tagged<WebhookWithSecret>);

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

pub(super) async fn end_previous_secret<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    console.end_previous_secret(&actor, id.as_str().into(), expected).await.map(answer)
}

pub(super) fn answer(webhook: api::Webhook) -> Answer {
    tagged(webhook.revision, webhook)
}

fn with_secret(status: StatusCode, made: WebhookWithSecret) -> WithSecret {
    (status, tagged(made.webhook.revision, made))
}

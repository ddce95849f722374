//! `POST /v1/webhooks/{id}/test`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde_json::json;
use wire::api::{NewTrial, Trial};

use super::Shared;
use super::body::{Body, Id};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::words::Language;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let run = route::post(
        "/v1/webhooks/{id}/test",
        run::<W>,
        operation("testWebhook", "Calls a webhook by hand, and tells what was sent and answered")
            .needs(Scope::WebhooksWrite)
            .may_take::<NewTrial>(json!({"type": "click"}))
            .gives::<Trial>()
            .may(Refusal::Sealed),
    );
    vec![run]
}

pub(super) async fn run<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(new): Body<NewTrial>,
) -> Result<Json<Trial>, Refusal> {
    console.try_webhook(&actor, &id.as_str().into(), new, Language::English).await.map(Json)
}

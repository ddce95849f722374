//! Which of the last events a webhook would have got.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde_json::json;
use wire::api::{NewPreview, Preview};

use super::Shared;
use super::body::Body;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let run = route::post(
        "/v1/webhooks/preview",
        run::<W>,
        operation(
            "previewWebhook",
            "Tries types and conditions on an account's last events, and says what to expect",
        )
        .needs(Scope::WebhooksRead)
        .may_take::<NewPreview>(json!({"types": ["click"], "filter": "'spring-sale' in data.tags"}))
        .gives::<Preview>()
        .may(Refusal::NoSuch("account"))
        .needs_events(),
    );
    vec![run]
}

pub(super) async fn run<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(asked): Body<NewPreview>,
) -> Result<Json<Preview>, Refusal> {
    console.preview(&actor, &asked).await.map(Json)
}

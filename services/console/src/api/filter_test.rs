//! Trying conditions on an event, without a webhook.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde_json::json;
use wire::api::{FilterTest, FilterVerdict};

use super::Shared;
use super::body::Body;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let example = json!({"types": ["click"], "filter": "data.link.startsWith('https://shop.example/')",
        "event": {"type": "click"}});
    let run = route::post(
        "/v1/webhooks/filter-test",
        run::<W>,
        operation("testFilter", "Tries types, filter and conditions on an event; nothing is sent or changed")
            .needs(Scope::WebhooksRead)
            .takes::<FilterTest>(example)
            .gives::<FilterVerdict>()
            .may(Refusal::NoSuch("webhook"))
            .may(Refusal::NoSuch("account")),
    );
    vec![run]
}

pub(super) async fn run<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(test): Body<FilterTest>,
) -> Result<Json<FilterVerdict>, Refusal> {
    console.try_conditions(&actor, test).map(Json)
}

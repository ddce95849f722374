//! `/v1/accounts/{id}/erasures`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde_json::json;
use wire::api::{Erasure, NewErasure};

use super::Shared;
use super::body::{Body, Id};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    vec![route::post(
        "/v1/accounts/{id}/erasures",
        create::<W>,
        operation("eraseRecipient", "Takes a recipient of the account's mails out of the history")
            .needs(Scope::WebhooksWrite)
            .takes::<NewErasure>(json!({"recipient": "ann@example.com"}))
            .gives::<Erasure>()
            .remembers(),
    )]
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(asked): Body<NewErasure>,
) -> Result<Json<Erasure>, Refusal> {
    console.erase(&actor, &id, &asked).await.map(Json)
}

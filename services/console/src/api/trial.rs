//! `POST /v1/webhooks/{id}/test`.

use axum::Json;
use axum::extract::State;
use wire::api::{NewTrial, Trial};

use super::Shared;
use super::body::{Body, Id};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn run<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(new): Body<NewTrial>,
) -> Result<Json<Trial>, Refusal> {
    console.try_webhook(&actor, &id.as_str().into(), new).await.map(Json)
}

//! Trying conditions on an event, without a webhook.

use axum::Json;
use axum::extract::State;
use wire::api::{FilterTest, FilterVerdict};

use super::Shared;
use super::body::Body;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn run<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(test): Body<FilterTest>,
) -> Result<Json<FilterVerdict>, Refusal> {
    console.try_conditions(&actor, test).map(Json)
}

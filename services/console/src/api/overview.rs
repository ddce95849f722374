//! `/v1/overview`.

use axum::Json;
use axum::extract::State;
use wire::api::Overview;

use super::Shared;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    actor: Actor,
) -> Result<Json<Overview>, Refusal> {
    console.overview(&actor).await.map(Json)
}

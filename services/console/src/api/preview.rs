//! Which of the last events a webhook would have got.

use axum::Json;
use axum::extract::State;
use wire::api::{NewPreview, Preview};

use super::Shared;
use super::body::Body;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn run<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(asked): Body<NewPreview>,
) -> Result<Json<Preview>, Refusal> {
    console.preview(&actor, &asked).await.map(Json)
}

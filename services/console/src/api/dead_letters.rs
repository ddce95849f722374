//! `/v1/dead-letters`.

use axum::Json;
use axum::extract::State;
use wire::api::{DeadLetter, DeadLetterCounts, Page};

use super::Shared;
use super::body::Asked;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::LetterQuery;
use crate::world::World;

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<LetterQuery>,
) -> Result<Json<Page<DeadLetter>>, Refusal> {
    console.find_dead_letters(&actor, &query).await.map(Json)
}

pub(super) async fn counts<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<LetterQuery>,
) -> Result<Json<DeadLetterCounts>, Refusal> {
    let items = console.count_dead_letters(&actor, &query).await?;
    Ok(Json(DeadLetterCounts { items }))
}

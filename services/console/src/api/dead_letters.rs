//! `/v1/dead-letters`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::api::{DeadLetter, DeadLetterCounts, Page};

use super::Shared;
use super::body::Asked;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::LetterQuery;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    vec![
        route::get(
            "/v1/dead-letters",
            list::<W>,
            operation("listDeadLetters", "Searches what died, the newest first")
                .needs(Scope::WebhooksRead)
                .asks_of_account::<LetterQuery>()
                .lists::<DeadLetter>()
                .remembers(),
        ),
        route::get(
            "/v1/dead-letters/counts",
            counts::<W>,
            operation("countDeadLetters", "Counts what died, by webhook and reason")
                .needs(Scope::WebhooksRead)
                .asks_of_account::<LetterQuery>()
                .gives::<DeadLetterCounts>()
                .remembers(),
        ),
    ]
}

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

//! `/v1/dead-letters`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::api::{DeadLetter, DeadLetterCounts, DeadLetterRecord, Page};

use super::Shared;
use super::body::{Asked, Id};
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
        route::get(
            "/v1/dead-letters/{id}",
            record::<W>,
            operation("getDeadLetter", "Shows a dead letter's record, with its bytes")
                .needs(Scope::Operator)
                .gives::<DeadLetterRecord>()
                .needs_events(),
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

pub(super) async fn record<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<DeadLetterRecord>, Refusal> {
    console.dead_letter_record(&actor, &id).await.map(Json)
}

//! `/v1/dead-letters`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use history::dead_letters::LetterSearch;
use wire::api::{DeadLetter, DeadLetterCounts, Page};

use super::Shared;
use super::body::Asked;
use crate::acts::present_history as present;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::LetterQuery;
use crate::world::{Console, World};

/// Those that died last come first.
pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<LetterQuery>,
) -> Result<Json<Page<DeadLetter>>, Refusal> {
    let (search, paging) = (asked(&console, &actor, &query)?, query.paging()?);
    let found = console.history().dead_letters(&search, paging.behind()?.as_ref(), paging.enough()).await?;
    let page = paging.timed(found, |(letter, _)| (letter.died_at, &letter.place));
    Ok(Json(Page { items: page.items.into_iter().map(present::dead_letter).collect(), next: page.next }))
}

/// How many there are, by webhook and reason.
pub(super) async fn counts<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<LetterQuery>,
) -> Result<Json<DeadLetterCounts>, Refusal> {
    let search = asked(&console, &actor, &query)?;
    let counts = console.history().count_dead_letters(&search).await?;
    Ok(Json(DeadLetterCounts { items: counts.into_iter().map(present::count).collect() }))
}

fn asked<W: World>(
    console: &Console<W>,
    actor: &Actor,
    query: &LetterQuery,
) -> Result<LetterSearch, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    let account = console.look(|registry| actor.listed(registry, query.account.as_deref()))?;
    query.search(actor, account.as_ref().map(|account| account.as_str()))
}

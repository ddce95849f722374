//! `/v1/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{AccountId, Scope};
use wire::api::{Account, NewAccount, Page};

use super::Shared;
use super::body::{Body, Id, Listing};
use crate::acts::present;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::accounts;
use crate::world::World;

/// All of them for operators, one's own for others.
pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: Listing,
) -> Result<Json<Page<Account>>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    console.look(|registry| {
        let seen = registry.accounts().filter(|account| actor.sees(&account.id));
        let page = listing.paging.page(seen.map(present::account), |account: &Account| account.id.as_str());
        Ok(Json(page))
    })
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Account>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    console.look(|registry| {
        let id = actor.account(registry, &id)?;
        registry.account(&id).map(|account| Json(present::account(account))).ok_or(Refusal::NoSuch("account"))
    })
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Refusal> {
    actor.require(Scope::Operator)?;
    let account = accounts::draft(&new, console.world.now())?;
    let shown = present::account(&account);
    console.write(&actor, move |registry| accounts::create(registry, &account)).await?;
    tracing::info!(account.id = shown.id, key.id = %actor.key().id, "an account was made");
    Ok((StatusCode::CREATED, Json(shown)))
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    actor.require(Scope::Operator)?;
    let account = AccountId::from(id.as_str());
    console.write(&actor, move |registry| accounts::delete(registry, &account)).await?;
    tracing::info!(account.id = id, key.id = %actor.key().id, "an account was deleted");
    Ok(StatusCode::NO_CONTENT)
}

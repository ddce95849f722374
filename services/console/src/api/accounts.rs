//! `/v1/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{Account, NewAccount, Page};

use super::Shared;
use super::body::{Body, Id, Listing};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: Listing,
) -> Result<Json<Page<Account>>, Refusal> {
    console.list_accounts(&actor, &listing.paging).map(Json)
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Account>, Refusal> {
    console.show_account(&actor, &id).map(Json)
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Refusal> {
    Ok((StatusCode::CREATED, Json(console.create_account(&actor, &new).await?)))
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    console.delete_account(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

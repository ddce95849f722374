//! `/v1/keys` and `/v1/accounts/{id}/keys`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{CreatedKey, Key, NewKey, Page};

use super::Shared;
use super::body::{Body, Id, Listing};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

type Created = (StatusCode, Json<CreatedKey>);

/// Every key there is, for operators.
pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: Listing,
) -> Result<Json<Page<Key>>, Refusal> {
    console.list_keys(&actor, listing.account.as_deref(), &listing.paging).map(Json)
}

pub(super) async fn list_of_account<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    listing: Listing,
) -> Result<Json<Page<Key>>, Refusal> {
    console.list_keys_of(&actor, &id, &listing.paging).map(Json)
}

pub(super) async fn create_for_operator<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewKey>,
) -> Result<Created, Refusal> {
    Ok((StatusCode::CREATED, Json(console.create_key(&actor, None, &new).await?)))
}

pub(super) async fn create_for_account<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(new): Body<NewKey>,
) -> Result<Created, Refusal> {
    Ok((StatusCode::CREATED, Json(console.create_key(&actor, Some(&id), &new).await?)))
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    console.delete_key(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

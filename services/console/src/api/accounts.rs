//! `/v1/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use wire::api::{Account, AccountPatch, NewAccount, Page};

use super::Shared;
use super::body::{Body, Id, Listing};
use super::headers::{etag, expected};
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

type Answer = ([(HeaderName, HeaderValue); 1], Json<Account>);

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Answer, Refusal> {
    console.show_account(&actor, &id).map(answer)
}

fn answer(account: Account) -> Answer {
    ([(header::ETAG, etag(account.revision))], Json(account))
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Account>), Refusal> {
    Ok((StatusCode::CREATED, Json(console.create_account(&actor, &new).await?)))
}

pub(super) async fn change<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    Body(patch): Body<AccountPatch>,
) -> Result<Answer, Refusal> {
    let expected = expected(&headers, patch.revision)?;
    console.change_account(&actor, &id, expected, &patch).await.map(answer)
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    console.delete_account(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

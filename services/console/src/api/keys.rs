//! `/v1/keys` and `/v1/accounts/{id}/keys`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;
use serde_json::json;
use wire::api::{CreatedKey, Key, NewKey, Page};

use super::Shared;
use super::body::{Body, Id, ListQuery, Listing, PageQuery, Paged};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let new = json!({"name": "Our shop", "scopes": ["events:write", "webhooks:read", "webhooks:write"]});
    let operators = json!({"name": "On-call", "scopes": ["operator"]});
    vec![
        route::get(
            "/v1/accounts/{id}/keys",
            list_of_account::<W>,
            operation("listAccountKeys", "Lists an account's API keys, without the keys themselves")
                .needs(Scope::WebhooksRead)
                .asks::<PageQuery>()
                .lists::<Key>(),
        ),
        route::post(
            "/v1/accounts/{id}/keys",
            create_for_account::<W>,
            operation("createAccountKey", "Makes an API key for an account; it is shown this once")
                .needs(Scope::WebhooksWrite)
                .takes::<NewKey>(new)
                .status(StatusCode::CREATED)
                .gives::<CreatedKey>()
                .writes(),
        ),
        route::get(
            "/v1/keys",
            list::<W>,
            operation("listKeys", "Lists every API key there is")
                .needs(Scope::Operator)
                .asks::<ListQuery>()
                .lists::<Key>(),
        ),
        route::post(
            "/v1/keys",
            create_for_operator::<W>,
            operation("createOperatorKey", "Makes an API key for an operator; it is shown this once")
                .needs(Scope::Operator)
                .takes::<NewKey>(operators)
                .status(StatusCode::CREATED)
                .gives::<CreatedKey>()
                .writes(),
        ),
        route::delete(
            "/v1/keys/{id}",
            delete::<W>,
            operation("revokeKey", "Revokes an API key at once")
                .needs(Scope::WebhooksWrite)
                .status(StatusCode::NO_CONTENT)
                .conflicts("configured-key", sentence!("key-configured"))
                .writes(),
        ),
    ]
}

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
    Paged(paging): Paged,
) -> Result<Json<Page<Key>>, Refusal> {
    console.list_keys_of(&actor, &id, &paging).map(Json)
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

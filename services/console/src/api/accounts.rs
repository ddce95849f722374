//! `/v1/accounts`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::Scope;
use serde_json::json;
use wire::api::{Account, AccountPatch, NewAccount, Page};

use super::Shared;
use super::body::{Body, Id, PageQuery, Paged};
use super::headers::{Tagged, expected, tagged};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let new = json!({"id": "acme", "name": "Acme Ltd"});
    vec![
        route::get(
            "/v1/accounts",
            list::<W>,
            operation("listAccounts", "Lists the accounts: all of them for operators, one's own for others")
                .needs(Scope::WebhooksRead)
                .asks::<PageQuery>()
                .lists::<Account>(),
        ),
        route::post(
            "/v1/accounts",
            create::<W>,
            operation("createAccount", "Makes an account")
                .needs(Scope::Operator)
                .takes::<NewAccount>(new)
                .status(StatusCode::CREATED)
                .gives::<Account>()
                .conflicts("account-exists", sentence!("account-exists", account = "acme"))
                .writes(),
        ),
        route::get(
            "/v1/accounts/{id}",
            get::<W>,
            operation("getAccount", "Shows an account").needs(Scope::WebhooksRead).gives::<Account>().tags(),
        ),
        route::patch(
            "/v1/accounts/{id}",
            change::<W>,
            operation("changeAccount", "Changes an account, or whom to tell when a webhook fails")
                .needs(Scope::WebhooksWrite)
                .matches()
                .takes::<AccountPatch>(json!({"revision": 1, "contact": {"email": "ops@acme.example"}}))
                .gives::<Account>()
                .tags()
                .may(Refusal::RevisionMissing)
                .writes(),
        ),
        route::delete(
            "/v1/accounts/{id}",
            delete::<W>,
            operation("deleteAccount", "Deletes an account that has no webhooks, and its keys with it")
                .needs(Scope::Operator)
                .status(StatusCode::NO_CONTENT)
                .conflicts(
                    "account-has-webhooks",
                    sentence!("account-has-webhooks", account = "acme", count = 2),
                )
                .writes(),
        ),
    ]
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Paged(paging): Paged,
) -> Result<Json<Page<Account>>, Refusal> {
    console.list_accounts(&actor, &paging).map(Json)
}

type Answer = Tagged<Account>;

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Answer, Refusal> {
    console.show_account(&actor, &id).map(answer)
}

fn answer(account: Account) -> Answer {
    tagged(account.revision, account)
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

//! `/v1/keys` and `/v1/accounts/{id}/keys`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{AccountId, ApiKey, KeyId, Scope};
use wire::api::{CreatedKey, Key, NewKey, Page};

use super::Shared;
use super::body::{Body, Id, Listing};
use crate::acts::{chance, present};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::keys;
use crate::world::{Console, World};

type Created = (StatusCode, Json<CreatedKey>);

/// Every key there is, for operators.
pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: Listing,
) -> Result<Json<Page<Key>>, Refusal> {
    actor.require(Scope::Operator)?;
    let Listing { account, .. } = &listing;
    let wanted =
        |key: &ApiKey| account.is_none() || key.account.as_ref().map(AccountId::as_str) == account.as_deref();
    page(&console, &listing, wanted)
}

pub(super) async fn list_of_account<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    listing: Listing,
) -> Result<Json<Page<Key>>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    let account = console.look(|registry| actor.account(registry, &id))?;
    page(&console, &listing, |key| key.account.as_ref() == Some(&account))
}

pub(super) async fn create_for_operator<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewKey>,
) -> Result<Created, Refusal> {
    actor.require(Scope::Operator)?;
    create(&console, &actor, &new, None).await
}

pub(super) async fn create_for_account<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(new): Body<NewKey>,
) -> Result<Created, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    let account = console.look(|registry| actor.account(registry, &id))?;
    create(&console, &actor, &new, Some(account)).await
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    let (who, key) = (actor.clone(), KeyId::from(id.as_str()));
    console.write(&actor, move |registry| keys::delete(registry, &who, &key)).await?;
    tracing::info!(revoked.id = id, key.id = %actor.key().id, "a key was revoked");
    Ok(StatusCode::NO_CONTENT)
}

async fn create<W: World>(
    console: &Console<W>,
    actor: &Actor,
    new: &NewKey,
    account: Option<AccountId>,
) -> Result<Created, Refusal> {
    let keys::Draft { key, secret } = keys::prepare(new, account, actor, console.world.now(), &mut chance)?;
    let shown = present::key(&key);
    console.write(actor, move |registry| keys::create(registry, &key)).await?;
    tracing::info!(made.id = shown.id, key.id = %actor.key().id, "a key was made");
    Ok((StatusCode::CREATED, Json(CreatedKey { key: shown, secret })))
}

fn page<W: World>(
    console: &Console<W>,
    listing: &Listing,
    wanted: impl Fn(&ApiKey) -> bool,
) -> Result<Json<Page<Key>>, Refusal> {
    console.look(|registry| {
        let keys = registry.keys().filter(|key| wanted(key)).map(present::key);
        Ok(Json(listing.paging.page(keys, |key: &Key| key.id.as_str())))
    })
}

//! `POST /v1/accounts/{id}/portal-links`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;
use serde_json::json;
use wire::api::{NewPortalLink, PortalLink};

use super::Shared;
use super::body::{Body, Id};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let example = json!({"expires_in": "10m", "session": "1h", "platform": "Acme Mail", "colour": "#0a5fff",
        "return_url": "https://mail.example/settings"});
    let create = route::post(
        "/v1/accounts/{id}/portal-links",
        create::<W>,
        operation("createPortalLink", "Makes a link that signs one of the account's people in, once")
            .needs(Scope::WebhooksRead)
            .may_take::<NewPortalLink>(example)
            .status(StatusCode::CREATED)
            .gives::<PortalLink>()
            .conflicts("no-public-url", sentence!("no-public-url")),
    );
    vec![create]
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(account): Id,
    Body(new): Body<NewPortalLink>,
) -> Result<(StatusCode, Json<PortalLink>), Refusal> {
    let link = console.create_portal_link(&actor, &account, &new).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

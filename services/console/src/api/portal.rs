//! `POST /v1/accounts/{id}/portal-links`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{NewPortalLink, PortalLink};

use super::Shared;
use super::body::{Body, Id};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(account): Id,
    Body(new): Body<NewPortalLink>,
) -> Result<(StatusCode, Json<PortalLink>), Refusal> {
    let link = console.create_portal_link(&actor, &account, &new).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

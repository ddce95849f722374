//! `/v1/deliveries`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{Delivery, DeliveryInFull, Page};

use super::Shared;
use super::body::{Asked, Id};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::DeliveryQuery;
use crate::world::World;

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<DeliveryQuery>,
) -> Result<Json<Page<Delivery>>, Refusal> {
    console.find_deliveries(&actor, &query).await.map(Json)
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<DeliveryInFull>, Refusal> {
    console.show_delivery(&actor, &id).await.map(Json)
}

pub(super) async fn resend<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    console.resend_delivery(&actor, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

//! `/v1/deliveries`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;
use wire::api::{Delivery, DeliveryInFull, Page};

use super::Shared;
use super::body::{Asked, Id};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::DeliveryQuery;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    vec![
        route::get(
            "/v1/deliveries",
            list::<W>,
            operation("listDeliveries", "Searches deliveries, the newest first")
                .needs(Scope::WebhooksRead)
                .asks_of_account::<DeliveryQuery>()
                .lists::<Delivery>()
                .remembers(),
        ),
        route::get(
            "/v1/deliveries/{id}",
            get::<W>,
            operation("getDelivery", "Shows a delivery with every attempt and its event")
                .needs(Scope::WebhooksRead)
                .gives::<DeliveryInFull>()
                .remembers(),
        ),
        route::post(
            "/v1/deliveries/{id}/resend",
            resend::<W>,
            operation("resendDelivery", "Sends a delivery again, under the same webhook-id")
                .needs(Scope::WebhooksWrite)
                .status(StatusCode::ACCEPTED)
                .conflicts("still-retrying", sentence!("still-retrying"))
                .conflicts("webhook-inactive", sentence!("webhook-inactive"))
                .conflicts("event-gone", sentence!("event-gone"))
                .remembers()
                .needs_events(),
        ),
    ]
}

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
    console.show_delivery(&actor, &id).await.map(|(delivery, _)| Json(delivery))
}

pub(super) async fn resend<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    console.resend_delivery(&actor, &id).await?;
    Ok(StatusCode::ACCEPTED)
}

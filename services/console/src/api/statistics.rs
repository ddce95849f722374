//! `/v1/webhooks/{id}/statistics`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use schemars::JsonSchema;
use serde::Deserialize;
use wire::api::Statistics;

use super::Shared;
use super::body::{Asked, Id};
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::fields;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let show = route::get(
        "/v1/webhooks/{id}/statistics",
        get::<W>,
        operation("getWebhookStatistics", "Shows how a webhook did, hour by hour")
            .needs(Scope::WebhooksRead)
            .asks::<StatisticsQuery>()
            .gives::<Statistics>()
            .remembers(),
    );
    vec![show]
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StatisticsQuery {
    /// How many hours back: 24 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 2160))]
    hours: Option<String>,
}

/// A day, and as long as hours are kept.
const DEFAULT: u32 = 24;
const ALLOWED: std::ops::RangeInclusive<u32> = 1..=90 * 24;

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Asked(query): Asked<StatisticsQuery>,
) -> Result<Json<Statistics>, Refusal> {
    let hours = query.hours.as_deref().map_or(Some(DEFAULT), |text| text.parse().ok());
    let hours = hours.filter(|hours| ALLOWED.contains(hours));
    let hours = hours.ok_or_else(|| Refusal::field("hours", fields::range(&ALLOWED)))?;
    console.statistics(&actor, &id.as_str().into(), hours).await.map(Json)
}

//! `/v1/overview`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::api::Overview;

use super::Shared;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let show = route::get(
        "/v1/overview",
        show::<W>,
        operation("getOverview", "Shows the whole: accounts, what waits in the pipeline, what fails")
            .needs(Scope::Operator)
            .gives::<Overview>(),
    );
    vec![show]
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    actor: Actor,
) -> Result<Json<Overview>, Refusal> {
    console.overview(&actor).await.map(Json)
}

//! `/v1/audit`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::api::{AuditEntry, Page};

use super::Shared;
use super::body::Asked;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::AuditQuery;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let list = route::get(
        "/v1/audit",
        list::<W>,
        operation("listAudit", "Searches what somebody did to an account's things, the newest first")
            .needs(Scope::WebhooksRead)
            .asks_of_account::<AuditQuery>()
            .lists::<AuditEntry>()
            .remembers(),
    );
    vec![list]
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Refusal> {
    console.find_audit(&actor, &query).await.map(Json)
}

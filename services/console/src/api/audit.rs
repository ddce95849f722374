//! `/v1/audit`.

use axum::Json;
use axum::extract::State;
use wire::api::{AuditEntry, Page};

use super::Shared;
use super::body::Asked;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::AuditQuery;
use crate::world::World;

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Refusal> {
    console.find_audit(&actor, &query).await.map(Json)
}

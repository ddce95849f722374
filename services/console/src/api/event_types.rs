//! The catalogue of event types.

use axum::Json;
use wire::api::{EventField, EventType, Page};
use wire::catalogue::{self, EventKind};

use super::Shared;
use super::operation::operation;
use super::route::{self, Route};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    let list = route::get(
        "/v1/event-types",
        list::<W>,
        operation("listEventTypes", "Lists the types of events: their fields, a sample, a JSON Schema")
            .lists::<EventType>(),
    );
    vec![list]
}

pub(super) async fn list<W: World>(_: Shared<W>, _: Actor) -> Result<Json<Page<EventType>>, Refusal> {
    Ok(Json(Page {
        items: catalogue::types().iter().chain(catalogue::operational()).map(shown).collect(),
        next: None,
    }))
}

fn shown(kind: &EventKind) -> EventType {
    let fields = kind.fields.iter().map(|field| EventField {
        name: field.name.to_owned(),
        kind: field.kind.name().to_owned(),
        required: field.required,
        meaning: field.meaning.to_owned(),
    });
    EventType {
        name: kind.name.to_owned(),
        summary: kind.summary.to_owned(),
        sent: kind.sent,
        fields: fields.collect(),
        sample: serde_json::from_str(&kind.sample()).unwrap_or_default(),
        schema: kind.schema(),
    }
}

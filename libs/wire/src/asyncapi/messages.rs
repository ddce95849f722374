//! The messages: what a record of each kind holds.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::headers;
use crate::attempt::Attempt;
use crate::catalogue::{self, EventKind};
use crate::schema::{settings, tidy};
use crate::{audit, disposition, registry};

type Named = Map<String, Value>;

/// Messages and schemas, by name.
pub(super) fn all() -> (Named, Named) {
    let mut generator = settings().for_serialize().into_generator();
    let mut messages = Map::new();
    messages.extend(kinds().map(|kind| (name_of(kind), event(kind))));
    messages.insert("event".into(), another());
    messages.insert("cloudEvent".into(), structured());
    messages.extend(records(&mut generator));
    let attempt = generator.subschema_for::<Attempt<'_>>().to_value();
    let decided = disposition::schema(&mut generator).to_value();
    let audited = audit::schema(&mut generator).to_value();
    let data = data();
    for (name, headers, payload, about) in [
        ("delivery", headers::delivery(), data.clone(), "A delivery"),
        ("waitingDelivery", headers::waiting(), data.clone(), "A delivery that waits"),
        (
            "deadEvent",
            headers::dead_event(),
            json!({}),
            "An event that cannot be understood: its bytes, as they came",
        ),
        ("deadDelivery", headers::dead_delivery(), data, "A delivery that failed for good"),
        ("disposition", headers::disposition(), decided, "What became of a dead letter"),
        ("attempt", json!({"type": "object"}), attempt, "An attempt; of a batch, one for all of it"),
        ("audit", json!({"type": "object"}), audited, "Something that somebody did"),
    ] {
        messages.insert(
            name.into(),
            json!({"name": name, "summary": about, "headers": headers, "payload": payload}),
        );
    }
    let schemas = generator.take_definitions(true).into_iter().map(|(name, it)| (name, tidy(it)));
    (messages, schemas.collect())
}

/// Messages of the topic `events`.
pub(super) fn events() -> Vec<String> {
    let others = ["event", "cloudEvent"].map(str::to_owned);
    kinds().map(name_of).chain(others).collect()
}

/// Messages of the registry.
pub(super) fn registry() -> Vec<String> {
    ["webhook", "account", "key", "health", "filter"].map(|name| format!("registry.{name}")).to_vec()
}

fn kinds() -> impl Iterator<Item = &'static EventKind> {
    catalogue::types().iter().chain(catalogue::operational())
}

fn name_of(kind: &EventKind) -> String {
    format!("event.{}", kind.name)
}

/// An event of the catalogue, in binary mode. Its data need not say its type: the header does.
fn event(kind: &EventKind) -> Value {
    let mut payload = kind.schema();
    if let Some(required) = payload["required"].as_array_mut() {
        required.retain(|name| name != "type");
    }
    if let Some(members) = payload.as_object_mut() {
        members.remove("$schema");
    }
    let sample: Value = serde_json::from_str(&kind.sample()).unwrap_or_default();
    json!({"name": name_of(kind), "summary": kind.summary, "headers": headers::event(Some(kind.name)),
        "payload": payload, "examples": [{"payload": sample}]})
}

/// A type that the catalogue does not know is legal too.
fn another() -> Value {
    json!({"name": "event", "summary": "An event of any other type, in binary mode",
        "headers": headers::event(None), "payload": data()})
}

fn structured() -> Value {
    json!({"name": "cloudEvent", "summary": "An event in structured mode", "contentType": "application/cloudevents+json",
    "headers": headers::event(None), "payload": {
        "type": "object", "required": ["specversion", "type", "data"], "properties": {
            "specversion": {"const": "1.0"}, "id": {"type": "string"}, "source": {"type": "string"},
            "type": {"type": "string"}, "time": {"type": "string", "format": "date-time"},
            "account": {"type": "string"}, "partitionkey": {"type": "string"}, "data": data(),
        }}})
}

fn data() -> Value {
    json!({"type": "object", "description": "The event's data, byte for byte as its producer wrote it"})
}

/// Values of the registry: each has a version, and perhaps the name of its write.
fn records(generator: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let version = json!({"type": "object", "required": ["v"], "properties": {
        "v": {"const": registry::VERSION, "description": "The value's version"},
        "write": {"type": "string", "description": "The write that it is of, by which its writer knows it again"},
    }});
    let record = |(key, name, schema): (&str, &str, schemars::Schema)| {
        let name = format!("registry.{name}");
        let about = format!("What is said under `{key}…`");
        let payload = json!({"allOf": [version, schema.to_value()]});
        let shown =
            json!({"name": name, "summary": about, "headers": {"type": "object"}, "payload": payload});
        (name, shown)
    };
    registry::schemas(generator).into_iter().map(record).collect()
}

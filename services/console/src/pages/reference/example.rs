//! A value as a schema describes it.

use serde_json::{Map, Value, json};

use super::operation::members;
use super::table::{resolved, solid};
use super::text;

pub(super) fn of(document: &'static Value, schema: &'static Value) -> Value {
    let schema = solid(resolved(document, schema));
    let schema = resolved(document, schema);
    let given = [&schema["const"], &schema["examples"][0], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|it| !it.is_null()) {
        return given.clone();
    }
    let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
    match text(kind) {
        "object" => Value::Object(object(document, schema)),
        "array" if schema["prefixItems"].is_array() => {
            let parts = schema["prefixItems"].as_array().into_iter().flatten();
            parts.map(|it| of(document, it)).collect()
        }
        "array" => json!([of(document, &schema["items"])]),
        "string" if schema["format"] == "date-time" => json!("2026-01-31T12:00:00.000Z"),
        "string" => json!("…"),
        "integer" => json!(1),
        "number" => json!(12.5),
        "boolean" => json!(false),
        _ => json!({}),
    }
}

fn object(document: &'static Value, schema: &'static Value) -> Map<String, Value> {
    members(&schema["properties"]).map(|(name, member)| (name.clone(), of(document, member))).collect()
}

//! Schemas for documents: how they are made, and those of what is more than a text.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::HumanDuration;
use crate::text::{OptionalRfc3339, Rfc3339};

/// JSON Schema 2020-12, each type under `#/components/schemas`, where OpenAPI and AsyncAPI look for it.
pub fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

/// Takes out of a schema's descriptions what only the code's own documentation can follow.
pub fn tidy(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                *member = match member.as_str() {
                    Some(text) if name == "description" => plain(text).into(),
                    Some(_) | None => tidy(member.take()),
                };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = tidy(item.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

/// Links of rustdoc become the names that they show, and lines flow.
fn plain(text: &str) -> String {
    let text = text.replace("[`super::", "`").replace("[`crate::", "`").replace("[`", "`").replace("`]", "`");
    let paragraphs = text.split("\n\n").map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

impl JsonSchema for Rfc3339 {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

impl JsonSchema for OptionalRfc3339 {
    fn schema_name() -> Cow<'static, str> {
        "OptionalTime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "null"], "format": "date-time"})
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$", "examples": ["500ms", "30s", "24h"]})
    }
}

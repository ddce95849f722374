//! JSON Schema, made from the fields.

use serde_json::{Map, Value, json};

use super::{EventKind, Field, FieldType};

pub(super) fn of(kind: &EventKind) -> Value {
    let mut properties = Map::new();
    properties.insert("type".into(), json!({"const": kind.name}));
    properties.extend(kind.fields.iter().map(|field| (field.name.to_owned(), property(field))));
    let mut required = vec!["type"];
    required.extend(kind.fields.iter().filter(|field| field.required).map(|field| field.name));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name,
        "description": kind.summary,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": true,
    })
}

fn property(field: &Field) -> Value {
    let (types, limit) = match field.kind {
        FieldType::Text => (&["string"][..], None),
        FieldType::Integer => (&["integer"][..], None),
        FieldType::Identifier => (&["string", "integer"][..], None),
        FieldType::Texts => (&["array"][..], Some(("items", json!({"type": "string"})))),
        // An empty map may come as an empty list.
        FieldType::Map => (&["object", "array"][..], Some(("maxItems", json!(0)))),
        FieldType::ListOrMap => (&["array", "object"][..], None),
    };
    let mut types: Vec<_> = types.to_vec();
    if !field.required {
        types.push("null");
    }
    let mut property = Map::new();
    let kind = if types.len() == 1 { json!(types[0]) } else { json!(types) };
    property.insert("type".into(), kind);
    property.extend(limit.map(|(name, value)| (name.to_owned(), value)));
    property.insert("description".into(), field.meaning.into());
    Value::Object(property)
}

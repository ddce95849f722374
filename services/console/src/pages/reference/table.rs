//! Schemas as tables: a row for each member, those of members within named by their path.

use serde_json::Value;

use super::operation::members as entries;
use super::text;

/// A parameter, or a member of a body.
pub(super) struct Row {
    pub(super) name: String,
    /// Of a parameter: `path`, `query` or `header`.
    pub(super) place: &'static str,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) about: &'static str,
}

/// Deep enough for what the API speaks, and an end for what refers to itself.
const DEPTH: usize = 3;

pub(super) fn parameter(document: &'static Value, parameter: &'static Value) -> Row {
    Row {
        name: text(&parameter["name"]).to_owned(),
        place: text(&parameter["in"]),
        kind: kind(document, &parameter["schema"]),
        required: parameter["required"] == true,
        about: text(&parameter["description"]),
    }
}

/// The members of a body.
pub(super) fn members(document: &'static Value, schema: &'static Value) -> Vec<Row> {
    let mut rows = Vec::new();
    within(document, schema, "", DEPTH, &mut rows);
    rows
}

fn within(document: &'static Value, schema: &'static Value, prefix: &str, depth: usize, rows: &mut Vec<Row>) {
    let schema = resolved(document, schema);
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, member) in entries(&schema["properties"]) {
        let path = format!("{prefix}{name}");
        rows.push(Row {
            name: path.clone(),
            place: "",
            kind: kind(document, member),
            required: required.iter().any(|it| it == name),
            about: text(&member["description"]),
        });
        if depth > 1 {
            let is_list = member["items"].is_object();
            let (inner, mark) = if is_list { (&member["items"], "[].") } else { (solid(member), ".") };
            within(document, inner, &format!("{path}{mark}"), depth - 1, rows);
        }
    }
}

/// What a schema refers to, or itself.
pub(super) fn resolved(document: &'static Value, schema: &'static Value) -> &'static Value {
    let pointer = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// Of a schema or null, the schema.
pub(super) fn solid(schema: &'static Value) -> &'static Value {
    let choices = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
    choices.and_then(|all| all.iter().find(|it| it["type"] != "null")).unwrap_or(schema)
}

/// What may stand there, in words.
fn kind(document: &'static Value, schema: &'static Value) -> String {
    let named = |name: &str| match name {
        "array" if schema["items"].is_object() => format!("array of {}", kind(document, &schema["items"])),
        "string" => match schema["format"].as_str() {
            Some("date-time") => "time".to_owned(),
            Some(_) | None => "string".to_owned(),
        },
        name => name.to_owned(),
    };
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(|it| it.as_str().unwrap_or("null").to_owned())
            .collect::<Vec<_>>()
            .join(", ");
    }
    if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        return choices.iter().map(|it| kind(document, it)).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(name) => named(name),
        Value::Array(names) => names.iter().map(|it| named(text(it))).collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            match schema["$ref"].is_string() {
                true => kind(document, resolved(document, schema)),
                false => schema["const"].as_str().unwrap_or("any").to_owned(),
            }
        }
    }
}

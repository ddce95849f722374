//! One operation, as OpenAPI has it.

use std::collections::BTreeMap;

use axum::http::header;
use serde_json::{Map, Value, json};
use wire::api::Problem;

use super::schemas::Schemas;
use crate::api::operation::{Access, Content, Given, Header, Operation, Taken};
use crate::problem::Refusal;

/// What is said with every answer to a key.
const LIMITS: [(&str, &str); 3] = [
    ("RateLimit-Limit", "Requests that the key may have in a burst"),
    ("RateLimit-Remaining", "Those that are left of them"),
    ("RateLimit-Reset", "Seconds until all of them are there again"),
];

/// The headers that answers refer to.
pub(super) fn headers() -> Value {
    let header = |(name, about): (&str, &str)| {
        (name.to_owned(), json!({"description": about, "schema": {"type": "integer"}}))
    };
    Value::Object(LIMITS.into_iter().map(header).collect())
}

pub(super) fn described(section: &str, operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut shown = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [section],
        "security": security(operation.access),
        "responses": responses(operation, schemas),
    });
    let parameters = parameters(operation, schemas);
    if !parameters.is_empty() {
        shown["parameters"] = parameters.into();
    }
    if let Some(Taken { schema, required, example }) = &operation.body {
        let content = json!({"schema": schemas.taken(*schema), "example": example});
        shown["requestBody"] = json!({"required": required, "content": {"application/json": content}});
    }
    shown
}

/// Roles beside a bearer scheme are what OpenAPI 3.1 has for scopes.
fn security(access: Access) -> Value {
    match access {
        Access::Anybody => json!([]),
        Access::AnyKey => json!([{"key": []}]),
        Access::Scoped(scope) => json!([{"key": [scope.name()]}]),
    }
}

fn parameters(operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let thing = operation.thing().map(|thing| {
        json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"},
            "description": format!("The {thing}'s id")})
    });
    let members = operation.query.map(|query| schemas.members(query)).unwrap_or_default();
    let query = members.into_iter().map(|(name, schema)| asked(&name, schema));
    let headers = operation.headers.iter().map(|header| {
        let mut shown = told(header);
        shown["name"] = header.name.into();
        shown["in"] = "header".into();
        shown
    });
    thing.into_iter().chain(query).chain(headers).collect()
}

/// A member of a query: there or not, but never null.
fn asked(name: &str, mut schema: Value) -> Value {
    let about = schema.as_object_mut().and_then(|members| {
        members.remove("default");
        members.remove("description")
    });
    if let Some([kind, _]) = schema["type"].as_array().map(Vec::as_slice) {
        schema["type"] = kind.clone();
    }
    json!({"name": name, "in": "query", "description": about.unwrap_or_default(), "schema": schema})
}

fn told(header: &Header) -> Value {
    json!({"description": header.about, "schema": {"type": "string"}, "example": header.example})
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    let mut given = success(&operation.given, schemas);
    if operation.access != Access::Anybody {
        for name in LIMITS.map(|(name, _)| name) {
            given["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
    }
    responses.insert(operation.given.status.as_u16().to_string(), given);
    let mut by_status = BTreeMap::<u16, Vec<&Refusal>>::new();
    for refusal in &operation.refusals {
        by_status.entry(refusal.problem().status().as_u16()).or_default().push(refusal);
    }
    let refused = by_status.into_iter();
    responses.extend(refused.map(|(status, refusals)| (status.to_string(), no(&refusals, schemas))));
    Value::Object(responses)
}

fn success(given: &Given, schemas: &mut Schemas) -> Value {
    let about = given.status.canonical_reason().unwrap_or_default();
    let mut shown = json!({"description": about});
    match given.content {
        Content::Nothing => {}
        Content::Json(schema) => {
            shown["content"] = json!({"application/json": {"schema": schemas.given(schema)}});
        }
        Content::Text(media_type) => {
            shown["content"] = json!({media_type: {"schema": {"type": "string"}}});
        }
    }
    for header in &given.headers {
        shown["headers"][header.name] = told(header);
    }
    shown
}

/// Refusals of one status: their codes, and how each looks.
fn no(refusals: &[&Refusal], schemas: &mut Schemas) -> Value {
    let mut by_code = BTreeMap::<&str, Vec<String>>::new();
    let mut examples = Map::new();
    for refusal in refusals {
        let details = by_code.entry(refusal.code()).or_default();
        if !details.contains(&refusal.detail()) {
            details.push(refusal.detail());
        }
        examples.entry(refusal.code()).or_insert_with(|| json!({"value": refusal.problem().body()}));
    }
    let about: Vec<_> =
        by_code.iter().map(|(code, details)| format!("`{code}`: {}", details.join("; or "))).collect();
    let problem = schemas.given(|generator| generator.subschema_for::<Problem>());
    let code = json!({"properties": {"code": {"enum": by_code.keys().collect::<Vec<_>>()}}});
    let content = json!({"schema": {"allOf": [problem, code]}, "examples": examples});
    let mut shown =
        json!({"description": about.join("\n\n"), "content": {"application/problem+json": content}});
    if refusals.iter().any(|refusal| refusal.problem().says(&header::RETRY_AFTER)) {
        shown["headers"]["Retry-After"] =
            json!({"description": "Seconds to wait before the next try", "schema": {"type": "integer"}});
    }
    shown
}

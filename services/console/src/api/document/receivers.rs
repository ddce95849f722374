//! What receivers get: one webhook for each type of event, its body in every format.

use domain::Format;
use serde_json::{Map, Value, json};
use wire::catalogue::{self, EventKind};

use super::schemas::Schemas;

/// Every type that webhooks are called for.
pub(super) fn all(schemas: &mut Schemas) -> Map<String, Value> {
    let kinds = catalogue::types().iter().chain(catalogue::operational());
    kinds.map(|kind| (kind.name.to_owned(), json!({"post": call(kind, schemas)}))).collect()
}

fn call(kind: &EventKind, schemas: &mut Schemas) -> Value {
    json!({
        "operationId": format!("receive-{}", kind.name),
        "summary": kind.summary,
        "description": ABOUT,
        "security": [],
        "parameters": HEADERS.map(|(name, required, about)| {
            json!({"name": name, "in": "header", "required": required, "description": about, "schema": {"type": "string"}})
        }),
        "requestBody": {"required": true, "content": bodies(kind, schemas)},
        "responses": {
            "2XX": {"description": "Taken. Nothing else is success"},
            "410": {"description": "Gone: the webhook is disabled"},
            "429": again("Too much for now: later, after `Retry-After` if it says so"),
            "503": again("Not now: later, after `Retry-After` if it says so"),
            "default": {"description": "A failure, redirects too: it is tried again by the schedule, for days"},
        },
    })
}

fn again(about: &str) -> Value {
    let seconds = json!({"description": "Seconds, or a date", "schema": {"type": "string"}});
    json!({"description": about, "headers": {"Retry-After": seconds}})
}

/// Name, whether each call has it, and what it says.
const HEADERS: [(&str, bool, &str); 9] = [
    (
        "webhook-id",
        true,
        "The delivery's id, the same in every try: drop what you have seen. Of a batch, the batch's",
    ),
    ("webhook-timestamp", true, "When this try was signed, in seconds since the Unix epoch"),
    (
        "webhook-signature",
        true,
        "Standard Webhooks: `v1,` and the HMAC-SHA256 in base64; two of them, with a blank between, while a secret is being rotated",
    ),
    ("postbode-test", false, "`true` on a person's test"),
    ("traceparent", false, "W3C trace context"),
    ("Digest", false, "With `platform_signature`: `sha-256=` and the body's digest"),
    ("Date", false, "With `platform_signature`: when it was signed"),
    ("X-Nonce", false, "With `platform_signature`: a number used once"),
    ("Signature", false, "With `platform_signature`: rsa-sha256 by the platform's key"),
];

const ABOUT: &str = "\
A POST to the webhook's URL, signed. The webhook's `format` says which body it has; with `batch`, several events come \
as a list, each with its own id. It comes at least once, and what comes twice has the same `webhook-id` and body.";

/// The body by media type. Two formats are `application/json`.
fn bodies(kind: &EventKind, schemas: &mut Schemas) -> Value {
    let flat = schemas.add(format!("event.{}", kind.name), flat(kind));
    let data = schemas.add(format!("event.{}.data", kind.name), data(kind));
    let standard = json!({"type": "object", "required": ["type", "timestamp", "data"], "properties": {
        "type": {"const": kind.name}, "timestamp": {"type": ["string", "null"], "format": "date-time"}, "data": data,
    }});
    let cloud_event = json!({"type": "object", "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"}, "id": {"type": "string"}, "source": {"type": "string"},
            "type": {"const": kind.name}, "time": {"type": "string", "format": "date-time"},
            "account": {"type": "string"}, "datacontenttype": {"const": "application/json"}, "data": data,
        }, "additionalProperties": {"type": "string", "description": "The event's other attributes"}});
    let sample: Value = serde_json::from_str(&kind.sample()).unwrap_or_default();
    json!({
        "application/json": {
            "schema": {"anyOf": [flat, standard, list(&flat, "webhook-id"), list(&standard, "webhook-id")]},
            "examples": {Format::Json.name(): {"value": sample}},
        },
        "application/x-www-form-urlencoded": {"schema": flat},
        "application/cloudevents+json": {"schema": cloud_event},
        "application/cloudevents-batch+json": {"schema": list(&cloud_event, "webhookid")},
    })
}

/// A batch of them, each with its id under that name.
fn list(of: &Value, id: &str) -> Value {
    let named = json!({"type": "object", "required": [id], "properties": {id: {"type": "string"}}});
    json!({"type": "array", "minItems": 1, "items": {"allOf": [of, named]}})
}

fn flat(kind: &EventKind) -> Value {
    let mut schema = kind.schema();
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
    }
    schema
}

/// The same, without its type.
fn data(kind: &EventKind) -> Value {
    let mut schema = flat(kind);
    schema["title"] = format!("{} (data)", kind.name).into();
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("type");
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| name != "type");
    }
    schema
}

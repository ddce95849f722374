//! The document is what the API does: every answer that any test gets is held against it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::HeaderMap;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::api::document::document;
use crate::testing::Fake;

/// Fails where the document does not know this answer. What it does not know at all, the router must not either.
#[track_caller]
pub(super) fn check(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &Value) {
    let Some((place, operation)) = operation(method, path) else {
        assert!(matches!(status, 404 | 405), "{method} {path} is not in the document, and answers {status}");
        return;
    };
    let response = &operation["responses"][status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path} answers {status}, of which the document knows nothing: {body}"
    );
    let named = response["headers"].as_object().into_iter().flatten();
    for (name, _) in
        named.filter(|(name, _)| !["Retry-After", "Idempotent-Replayed"].contains(&name.as_str()))
    {
        assert!(headers.contains_key(name), "{method} {path} has no {name}");
    }
    let Some(content) = response["content"].as_object() else {
        return assert!(body.is_null(), "{method} {path} has a body: {body}");
    };
    let (media_type, content) = content.iter().next().unwrap();
    assert_eq!(headers["content-type"], media_type.as_str(), "{method} {path} {status}");
    if media_type.ends_with("json") {
        let validator = validator(format!("{place} {status}"), &content["schema"]);
        let wrong: Vec<_> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{method} {path} {status}: {wrong:#?}\n{body:#}");
    }
}

/// The operation behind a path, and its name. A path that says it literally comes before one with an id.
fn operation(method: &str, path: &str) -> Option<(String, &'static Value)> {
    let paths = document::<Fake>()["paths"].as_object().unwrap();
    let fits = |template: &&String| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template.zip(path).all(|(wanted, given)| wanted == "{id}" || wanted == given)
    };
    let template = paths.keys().filter(fits).min_by_key(|template| template.matches("{id}").count())?;
    let operation = paths[template].get(method.to_ascii_lowercase())?;
    Some((format!("{method} {template}"), operation))
}

/// Made once for each answer: that takes longer than the rest of a test.
fn validator(name: String, schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    let make = || {
        let mut schema = schema.clone();
        schema["components"] = json!({"schemas": document::<Fake>()["components"]["schemas"]});
        Arc::new(jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap())
    };
    Arc::clone(made.entry(name).or_insert_with(make))
}

#[test]
fn an_answer_that_the_document_does_not_know_is_found() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    for limit in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
        headers.insert(limit, "9".parse().unwrap());
    }
    let page = json!({"items": [], "next": null});
    let fails = |method: &'static str, path: &'static str, status, headers: &HeaderMap, body: &Value| {
        let (headers, body) = (headers.clone(), body.clone());
        std::panic::catch_unwind(move || check(method, path, status, &headers, &body)).is_err()
    };
    assert!(!fails("GET", "/v1/webhooks", 200, &headers, &page));
    assert!(fails("GET", "/v1/webhooks", 202, &headers, &page), "a status");
    let mut without = headers.clone();
    without.remove("ratelimit-reset");
    assert!(fails("GET", "/v1/webhooks", 200, &without, &page), "a header");
    assert!(
        fails("GET", "/v1/webhooks", 200, &headers, &json!({"items": [{"id": 7}], "next": null})),
        "a body"
    );
    assert!(fails("GET", "/v1/webhooks", 200, &HeaderMap::new(), &page), "a media type");
    assert!(fails("GET", "/v1/nowhere", 200, &headers, &page), "a path");
    assert!(fails("DELETE", "/v1/webhooks/x", 204, &headers, &page), "a body where none is");
    headers.insert("content-type", "application/problem+json".parse().unwrap());
    let mut problem = json!({"status": 404, "code": "not-found", "detail": "there is no such webhook"});
    assert!(!fails("GET", "/v1/webhooks/x", 404, &headers, &problem));
    problem["code"] = "another".into();
    assert!(fails("GET", "/v1/webhooks/x", 404, &headers, &problem), "a code");
}

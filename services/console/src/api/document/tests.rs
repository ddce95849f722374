//! What the document promises of itself; `api::tests::contract` holds every answer of the other tests against it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{described, document};
use crate::api::{router, sections};
use crate::testing::{Fake, registry};

fn openapi() -> &'static Value {
    document::<Fake>()
}

/// Path, method and operation.
fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = openapi()["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, methods)| methods.as_object().unwrap().iter().map(move |it| (path, it)))
        .map(|(path, (method, operation))| (path.clone(), method.to_ascii_uppercase(), operation))
        .collect()
}

/// A schema of the document, with the others that it refers to.
fn validator(mut schema: Value) -> Validator {
    schema["components"] = json!({"schemas": openapi()["components"]["schemas"]});
    jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap()
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The committed document, made anew first where `POSTBODE_DOCUMENTS=write` says so: `make documents`.
#[expect(clippy::disallowed_methods, reason = "whoever runs a test can only tell it so")]
fn committed(name: &str, made: &Value) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var("POSTBODE_DOCUMENTS").is_ok_and(|value| value == "write") {
        std::fs::write(&path, format!("{:#}\n", sorted(made))).unwrap();
    }
    serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_default()).unwrap_or_default()
}

/// Members by name: maps of JSON keep another order where another crate of the build asks for that.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, it)| (name, sorted(it))).collect();
            members.into_iter().map(|(name, it)| (name.clone(), it)).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    assert!(
        committed("openapi.json", openapi()) == *openapi(),
        "docs/openapi.json is old: run make documents"
    );
}

#[tokio::test]
async fn everybody_can_read_it() {
    let request = Request::get("/v1/openapi.json").body(Body::empty()).unwrap();
    let response = router(Fake::new(registry()).console()).oneshot(request).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (200, &json_type()));
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(&serde_json::from_slice::<Value>(&body).unwrap(), openapi());
}

fn json_type() -> axum::http::HeaderValue {
    axum::http::HeaderValue::from_static("application/json")
}

/// The schema is the OpenAPI Initiative's own, of 2022-10-07.
#[test]
fn it_is_openapi_3_1() {
    let schema = include_str!("../../../fixtures/openapi-3.1.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    assert_eq!(errors(&schema, openapi()), Vec::<String>::new());
    assert!(!errors(&schema, &json!({"openapi": "3.1.0"})).is_empty(), "the schema asks for something");
}

#[test]
fn every_schema_is_json_schema_and_refers_to_what_is_there() {
    for (name, schema) in openapi()["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
        validator(schema.clone());
    }
    for (_, _, operation) in operations() {
        let text = operation.to_string();
        for named in text.split("\"#/components/schemas/").skip(1) {
            let name = named.split('"').next().unwrap();
            assert!(openapi()["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}

#[test]
fn a_type_that_is_read_and_written_looks_the_same_both_ways() {
    let mut schemas = super::Schemas::new();
    for operation in described::<Fake>().iter().flat_map(|section| &section.routes) {
        super::operations::described("", operation, &mut schemas);
    }
    assert_eq!(schemas.differences(), Vec::<String>::new());
}

/// Asks the router itself: it knows no route by name, but prints them, and says which methods a path takes.
#[tokio::test]
async fn the_router_has_exactly_the_documents_operations() {
    let router = router(Fake::new(registry()).console());
    let printed = format!("{router:?}");
    let ours = |text: &&str| text.starts_with("/v1/") || text.starts_with("/.well-known/");
    let routed: BTreeSet<_> = printed.split('"').filter(ours).collect();
    let documented: BTreeSet<_> =
        openapi()["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(routed, documented);
    for path in documented {
        let request = Request::builder().method("TRACE").uri(path.replace("{id}", "x")).body(Body::empty());
        let response = router.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        let allowed = response.headers()["allow"].to_str().unwrap().split(',').filter(|it| *it != "HEAD");
        let methods = operations().into_iter().filter(|it| it.0 == path).map(|it| it.1);
        assert_eq!(BTreeSet::from_iter(allowed.map(str::to_owned)), BTreeSet::from_iter(methods), "{path}");
    }
}

#[test]
fn every_operation_is_told_in_full() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|it| it.len() > 10), "{id}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{id}");
        let names: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
        assert_eq!(path.contains("{id}"), names.iter().any(|it| it["in"] == "path"), "{method} {path}");
        assert!(names.iter().all(|it| it["description"].as_str().is_some_and(|it| !it.is_empty())), "{id}");
        let keyed = operation["security"] != json!([]);
        assert_eq!(keyed, operation["responses"]["401"].is_object(), "{id}");
    }
    assert_eq!(ids.len(), sections::<Fake>().iter().map(|section| section.routes.len()).sum::<usize>());
}

#[test]
fn every_schemas_member_is_explained() {
    for (name, schema) in openapi()["components"]["schemas"].as_object().unwrap() {
        for (member, shown) in schema["properties"].as_object().into_iter().flatten() {
            let explained = shown["description"].is_string() || shown["const"].is_string();
            assert!(explained, "{name}.{member}");
        }
        assert!(!schema.to_string().contains("[`"), "{name} has a link that only rustdoc follows");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut seen = 0;
    for (_, _, operation) in operations() {
        let body = &operation["requestBody"]["content"]["application/json"];
        if body.is_object() {
            assert_eq!(errors(&validator(body["schema"].clone()), &body["example"]), Vec::<String>::new());
            seen += 1;
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let problem = &response["content"]["application/problem+json"];
            for (code, example) in problem["examples"].as_object().into_iter().flatten() {
                let wrong = errors(&validator(problem["schema"].clone()), &example["value"]);
                assert_eq!(wrong, Vec::<String>::new(), "{status} {code}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn receivers_are_told_of_every_type_and_samples_are_what_their_schemas_say() {
    let webhooks = openapi()["webhooks"].as_object().unwrap();
    for kind in wire::catalogue::types().iter().chain(wire::catalogue::operational()) {
        let content = &webhooks[kind.name]["post"]["requestBody"]["content"];
        for n in 0..20 {
            let sample: Value = serde_json::from_str(&wire::catalogue::sample(kind.name, n)).unwrap();
            let json = validator(content["application/json"]["schema"].clone());
            let form = validator(content["application/x-www-form-urlencoded"]["schema"].clone());
            let wrapped = json!({"type": kind.name, "timestamp": "2026-01-01T00:00:00Z", "data": sample});
            let mut element = sample.clone();
            element["webhook-id"] = "dlv_1".into();
            for body in [&sample, &wrapped, &json!([element])] {
                assert_eq!(errors(&json, body), Vec::<String>::new(), "{body}");
            }
            assert_eq!(errors(&form, &sample), Vec::<String>::new());
            assert!(!errors(&json, &json!({"type": "another"})).is_empty());
            assert!(!errors(&json, &json!([sample])).is_empty(), "an element without its id");
        }
    }
    assert_eq!(webhooks.len(), wire::catalogue::types().len() + wire::catalogue::operational().len());
}

#[test]
fn the_committed_document_of_the_topics_is_what_the_code_says() {
    let made = wire::asyncapi::document().unwrap();
    assert!(committed("asyncapi.json", &made) == made, "docs/asyncapi.json is old: run make documents");
}

/// Records of version 1 as they were always written, and samples as they come.
#[test]
fn records_are_what_the_topics_schemas_say() {
    let document = wire::asyncapi::document().unwrap();
    let validator = |message: &str| {
        let mut schema = document["components"]["messages"][message]["payload"].clone();
        assert!(schema.is_object(), "{message}");
        schema["components"] = json!({"schemas": document["components"]["schemas"]});
        jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../libs/wire/fixtures/registry/v1");
    let mut kinds = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let kind = path.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
        let record: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let validator = validator(&format!("registry.{kind}"));
        assert_eq!(errors(&validator, &record), Vec::<String>::new(), "{}", path.display());
        assert!(!errors(&validator, &json!({"v": 1})).is_empty(), "{kind}");
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 5);
    for kind in wire::catalogue::types().iter().chain(wire::catalogue::operational()) {
        let sample = serde_json::from_str(&kind.sample()).unwrap();
        assert_eq!(errors(&validator(&format!("event.{}", kind.name)), &sample), Vec::<String>::new());
    }
}

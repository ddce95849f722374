use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{call, created, new_webhook, send};
use crate::testing::*;

#[tokio::test]
async fn without_a_good_key_nothing_is_answered_but_how_to_give_one() {
    let world = Fake::new(registry());
    for authorization in [None, Some("Basic abc"), Some("Bearer"), Some("Bearer nobody"), Some("")] {
        let mut request = Request::get("/v1/webhooks");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let answer = send(&world, request.body(Body::empty()).unwrap()).await.expect(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{authorization:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.text("code"), "unauthenticated");
    }
}

#[tokio::test]
async fn every_way_to_fail_has_its_status_and_code() {
    let world = Fake::new(registry());
    let post = |content_type: &'static str, body: Vec<u8>| {
        let request = Request::post("/v1/webhooks")
            .header("authorization", format!("Bearer {ACME}"))
            .header("content-type", content_type);
        request.body(Body::from(body)).unwrap()
    };
    for (request, status, code) in [
        (post("text/plain", b"{}".to_vec()), 415, "unsupported-media-type"),
        (post("application/json", b"{".to_vec()), 400, "malformed-json"),
        (post("application/json", b"{} x".to_vec()), 422, "invalid"),
        (post("application/json; charset=utf-8", vec![b' '; 128 * 1024 + 1]), 413, "too-large"),
        (post("application/json", Vec::new()), 422, "invalid"),
    ] {
        let answer = send(&world, request).await.expect(status);
        assert_eq!(answer.text("code"), code);
    }
    let unknown = call(&world, ACME, "GET", "/v2/anything", Value::Null).await.expect(404);
    assert_eq!(unknown.text("code"), "not-found");
    let method = call(&world, ACME, "PUT", "/v1/webhooks", Value::Null).await.expect(405);
    assert_eq!(method.text("code"), "method-not-allowed");
    assert!(method.header("allow").contains("POST"), "{:?}", method.headers);
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_told_where() {
    let world = Fake::new(registry());
    for (member, value, field) in [
        ("signing", json!("x"), "signing"),
        ("batch", json!({"max_events": "many"}), "batch.max_events"),
        ("batch", json!({"max_time": 5}), "batch.max_time"),
        ("name", json!(5), "name"),
        ("types", json!(5), "types"),
        ("limits", json!({"timeout": 5}), "limits.timeout"),
        ("limits", json!({"timeout": "soon"}), "limits.timeout"),
        ("limits", json!({"speed": 5}), "limits.speed"),
        ("limits", json!({"concurrency": -1}), "limits.concurrency"),
        ("headers", json!({"X-A": 5}), "headers.X-A"),
        ("url", Value::Null, "url"),
    ] {
        let mut body = new_webhook();
        body[member] = value.clone();
        let answer = call(&world, ACME, "POST", "/v1/webhooks", body).await.expect(422);
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.text);
    }
    let mut body = new_webhook();
    body.as_object_mut().unwrap().remove("url");
    let answer = call(&world, ACME, "POST", "/v1/webhooks", body).await.expect(422);
    assert_eq!(answer.body["errors"], json!([{"field": "url", "message": "is missing"}]));
    let later = call(&world, ACME, "POST", "/v1/webhooks", json!({"signing": "x"})).await.expect(422);
    assert!(later.text("detail").starts_with("signing: is not known here: expected one of account, name"));
}

#[tokio::test]
async fn a_console_that_has_just_started_says_when_to_come_back() {
    let world = Fake::new(registry());
    world.starting();
    let answer = call(&world, ACME, "GET", "/v1/webhooks", Value::Null).await.expect(503);
    assert_eq!((answer.text("code").as_str(), answer.header("retry-after")), ("starting", "2"));
}

#[tokio::test]
async fn a_registry_that_cannot_be_written_can_still_be_read() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}", created(&world).await.id());
    world.cut_off();
    let answer = call(&world, ACME, "POST", "/v1/webhooks", new_webhook()).await.expect(503);
    assert_eq!((answer.text("code").as_str(), answer.header("retry-after")), ("registry-unavailable", "2"));
    call(&world, ACME, "GET", &path, Value::Null).await.expect(200);
}

#[tokio::test]
async fn the_catalogue_is_there_for_every_key() {
    let world = Fake::new(registry());
    let types = call(&world, READER, "GET", "/v1/event-types", Value::Null).await.expect(200);
    let page: wire::api::Page<wire::api::EventType> = serde_json::from_value(types.body).unwrap();
    assert!(
        page.items
            .iter()
            .any(|kind| kind.name == "click" && kind.sample.is_object() && !kind.fields.is_empty())
    );
    assert!(
        page.items.iter().any(|kind| kind.name == "postbode.webhook.disabled"),
        "what Postbode itself sends"
    );
}

#[tokio::test]
async fn answers_are_what_the_wire_crate_says() {
    let world = Fake::new(registry());
    let made = created(&world).await;
    let with_secret: wire::api::WebhookWithSecret = serde_json::from_value(made.body.clone()).unwrap();
    assert_eq!(with_secret.webhook.id, made.id());
    let stored = world.stored(&made.id());
    assert_eq!(&*stored.url, with_secret.webhook.url);
    let refused = call(&world, ACME, "POST", "/v1/webhooks", json!({"name": 5})).await.expect(422);
    let problem: wire::api::Problem = serde_json::from_value(refused.body).unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (422, "invalid"));
}

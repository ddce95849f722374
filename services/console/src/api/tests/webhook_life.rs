use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use domain::{Change, DisabledReason, Health, Revision};
use serde_json::{Value, json};

use super::{call, call_with, created, new_webhook, publish, send, verified};
use crate::testing::*;

#[tokio::test]
async fn a_webhook_is_made_and_shown_without_its_secrets() {
    let world = Fake::new(registry());
    let made = created(&world).await;
    assert_eq!((made.text("state"), made.header("etag")), ("unverified".into(), "\"1\""));
    assert!(made.text("secret").starts_with("whsec_"));
    assert_eq!(made.body["headers"], json!(["X-Key"]));
    let path = format!("/v1/webhooks/{}", made.id());
    let shown = call(&world, READER, "GET", &path, Value::Null).await.expect(200);
    assert_eq!((shown.header("etag"), shown.header("cache-control")), ("\"1\"", "no-store"));
    let list = call(&world, READER, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    assert_eq!(list.body, json!({"items": [shown.body], "next": null}));
    for text in [&shown.text, &list.text] {
        assert!(!text.contains("geheim") && !text.contains("whsec_"), "{text}");
    }
    let secret = call(&world, ACME, "GET", &format!("{path}/secret"), Value::Null).await.expect(200);
    assert_eq!(secret.body, json!({"secret": made.text("secret"), "previous": null}));
    call(&world, READER, "GET", &format!("{path}/secret"), Value::Null).await.expect(403);
}

#[tokio::test]
async fn a_url_is_verified_by_its_file() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}", created(&world).await.id());
    let verify = format!("{path}/verify");
    let failed = call(&world, ACME, "POST", &verify, Value::Null).await.expect(422);
    assert_eq!(failed.text("code"), "verification-failed");
    let asked = call(&world, ACME, "GET", &format!("{path}/verification"), Value::Null).await.expect(200);
    let tried: Vec<_> = failed.body["attempts"].as_array().unwrap().iter().map(|it| &it["url"]).collect();
    assert_eq!(tried, asked.body["places"].as_array().unwrap().iter().collect::<Vec<_>>());
    assert!(failed.body["attempts"][0]["message"].as_str().unwrap().contains("the file is not there"));

    publish(&world, &path).await;
    call(&world, READER, "POST", &verify, Value::Null).await.expect(403);
    let proven = call(&world, ACME, "POST", &verify, Value::Null).await.expect(200);
    assert_eq!((proven.text("state"), proven.header("etag")), ("active".into(), "\"2\""));
    world.serve(|_| answered(404, ""));
    let again = call(&world, ACME, "POST", &verify, Value::Null).await.expect(200);
    assert_eq!(again.body, proven.body, "the file may be gone once it was seen");
}

#[tokio::test]
async fn a_url_is_verified_by_dns_by_handshake_or_by_a_code_and_each_says_what_is_missing() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}", created(&world).await.id());
    let verify = format!("{path}/verify");
    let by = |way: &str| json!({ "by": way });
    for (way, said) in [("dns", "no TXT record"), ("handshake", "405")] {
        let refused = call(&world, ACME, "POST", &verify, by(way)).await.expect(422);
        assert_eq!(refused.text("code"), "verification-failed");
        let message = refused.body["attempts"][0]["message"].as_str().unwrap();
        assert!(message.contains(said), "{message}");
    }
    for wrong in
        [by("prayer"), by("code"), json!({"code": "X"}), json!({"by": "code", "code": "00000-00000"})]
    {
        assert_eq!(call(&world, ACME, "POST", &verify, wrong).await.expect(422).text("code"), "invalid");
    }
    let asked = call(&world, ACME, "GET", &format!("{path}/verification"), Value::Null).await.expect(200);
    let text = |member: &Value| member.as_str().unwrap().to_owned();
    world.publish(&text(&asked.body["dns"]["name"]), &text(&asked.body["dns"]["text"]));
    let proven = call(&world, ACME, "POST", &verify, by("dns")).await.expect(200);
    assert_eq!(proven.text("state"), "active");

    let move_to = async |url: &str| {
        let change = json!({"url": url});
        call_with(&world, ACME, "PATCH", &path, &[("if-match", "*")], change).await.expect(200);
    };
    move_to("https://b.example/hook").await;
    world.allow("mail.example");
    let moved = call(&world, ACME, "POST", &verify, by("handshake")).await.expect(200);
    assert_eq!(moved.text("url"), "https://b.example/hook", "the pending URL is live");

    move_to("https://c.example/hook").await;
    world.serve(|_| answered(401, "who are you?"));
    let send = format!("{path}/verification/code");
    let sent = call(&world, ACME, "POST", &send, Value::Null).await.expect(200);
    assert_eq!((sent.text("url"), &sent.body["status"]), ("https://c.example/hook".into(), &json!(401)));
    let posted: Value = serde_json::from_slice(&world.posted().unwrap().body).unwrap();
    let code = json!({"by": "code", "code": posted["code"]});
    assert!(!sent.text.contains(posted["code"].as_str().unwrap()), "only the endpoint is told");
    let moved = call(&world, ACME, "POST", &verify, code).await.expect(200);
    assert_eq!(moved.text("url"), "https://c.example/hook");
}

#[tokio::test]
async fn the_file_is_downloaded_under_its_name() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}/verification", created(&world).await.id());
    let asked = call(&world, READER, "GET", &path, Value::Null).await.expect(200);
    let file = call(&world, READER, "GET", &format!("{path}/file"), Value::Null).await.expect(200);
    assert_eq!(file.text.trim(), asked.text("content"));
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    let disposition = format!("attachment; filename=\"{}\"", asked.text("file_name"));
    assert_eq!(file.header("content-disposition"), disposition);
}

#[tokio::test]
async fn a_change_names_the_revision_that_it_was_made_to() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}", created(&world).await.id());
    let patch = |headers: &'static [(&str, &str)], body: Value| {
        call_with(&world, ACME, "PATCH", &path, headers, body)
    };
    assert_eq!(patch(&[], json!({"name": "a"})).await.expect(428).text("code"), "revision-required");
    let changed = patch(&[("if-match", "\"1\"")], json!({"name": "a"})).await.expect(200);
    assert_eq!((changed.header("etag"), changed.text("name")), ("\"2\"", "a".into()));
    let stale = patch(&[("if-match", "\"1\"")], json!({"name": "b"})).await.expect(409);
    assert_eq!((stale.text("code"), &stale.body["revision"]), ("stale-revision".into(), &json!(2)));
    patch(&[], json!({"name": "b", "revision": 1})).await.expect(409);
    patch(&[], json!({"name": "b", "revision": 2})).await.expect(200);
    patch(&[("if-match", "*")], json!({"name": "c"})).await.expect(200);
    assert_eq!(patch(&[("if-match", "4")], json!({"name": "c"})).await.expect(200).header("etag"), "\"4\"");
    patch(&[("if-match", "\"4\"")], json!({"name": "c", "revision": 3})).await.expect(422);
    patch(&[("if-match", "\"x\"")], json!({"name": "c"})).await.expect(422);
}

#[tokio::test]
async fn pausing_and_resuming_can_be_repeated() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    for (step, state, etag) in [
        ("pause", "paused", "\"3\""),
        ("pause", "paused", "\"3\""),
        ("resume", "active", "\"4\""),
        ("resume", "active", "\"4\""),
    ] {
        let answer = call(&world, ACME, "POST", &format!("{path}/{step}"), Value::Null).await.expect(200);
        assert_eq!((answer.text("state").as_str(), answer.header("etag")), (state, etag), "{step}");
    }
    let stale = [("if-match", "\"1\"")];
    call_with(&world, ACME, "POST", &format!("{path}/pause"), &stale, Value::Null).await.expect(409);
    let unverified = format!("/v1/webhooks/{}/pause", created(&world).await.id());
    assert_eq!(
        call(&world, ACME, "POST", &unverified, Value::Null).await.expect(409).text("code"),
        "illegal-step"
    );
}

#[tokio::test]
async fn a_disabled_webhook_shows_why_and_is_enabled() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    let webhook = path.rsplit('/').next().unwrap().into();
    let health = Health {
        webhook,
        revision: Revision(2),
        failing_since: Some(NOW),
        disabled: Some(DisabledReason::Failing),
    };
    world.put(Change::Health(health));
    let shown = call(&world, ACME, "GET", &path, Value::Null).await.expect(200);
    assert_eq!((shown.text("state"), shown.text("disabled_reason")), ("disabled".into(), "failing".into()));
    assert_eq!(shown.text("failing_since"), "2026-01-01T00:00:00.000Z");
    assert_eq!(shown.text("breaker"), "open");
    call(&world, ACME, "POST", &format!("{path}/resume"), Value::Null).await.expect(409);
    let enabled = call(&world, ACME, "POST", &format!("{path}/enable"), Value::Null).await.expect(200);
    assert_eq!((enabled.text("state"), &enabled.body["failing_since"]), ("active".into(), &Value::Null));
}

#[tokio::test]
async fn a_secret_is_rotated_with_an_overlap() {
    let world = Fake::new(registry());
    let made = created(&world).await;
    let path = format!("/v1/webhooks/{}", made.id());
    let rotate = format!("{path}/rotate-secret");
    let rotated = call(&world, ACME, "POST", &rotate, Value::Null).await.expect(200);
    assert_ne!(rotated.text("secret"), made.text("secret"));
    assert_eq!(rotated.text("previous_secret_until"), "2026-01-02T00:00:00.000Z");
    let both = call(&world, ACME, "GET", &format!("{path}/secret"), Value::Null).await.expect(200);
    assert_eq!(both.text("secret"), rotated.text("secret"));
    assert_eq!(both.body["previous"]["secret"], made.body["secret"]);
    world.later(Duration::from_secs(24 * 3600));
    let one = call(&world, ACME, "GET", &format!("{path}/secret"), Value::Null).await.expect(200);
    assert_eq!(one.body["previous"], Value::Null);
    let end = format!("{path}/end-previous-secret");
    let ended = call(&world, ACME, "POST", &end, Value::Null).await.expect(200);
    assert!(ended.body.get("previous_secret_until").is_none_or(Value::is_null), "{:?}", ended.body);
    let alone = call(&world, ACME, "GET", &format!("{path}/secret"), Value::Null).await.expect(200);
    assert_eq!(alone.text("secret"), rotated.text("secret"), "the new one stays");
    let again = call(&world, ACME, "POST", &end, Value::Null).await.expect(200);
    assert_eq!(again.body["revision"], ended.body["revision"], "there is nothing to end");
    assert_eq!(world.audited().iter().filter(|it| it.action == "secret.ended").count(), 1);
    let at_once = call(&world, ACME, "POST", &rotate, json!({"keep_previous_for": "0s"})).await.expect(200);
    assert_eq!(at_once.body["previous_secret_until"], Value::Null);
    call(&world, ACME, "POST", &rotate, json!({"keep_previous_for": "8d"})).await.expect(422);
}

#[tokio::test]
async fn a_new_url_is_pending_until_its_own_file_is_found() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    let patch = json!({"url": "https://b.example/hook", "revision": 2});
    let moved = call(&world, ACME, "PATCH", &path, patch).await.expect(200);
    assert_eq!(moved.text("url"), "https://a.example/dir/hook.php");
    assert_eq!(
        (moved.text("pending_url"), moved.text("state")),
        ("https://b.example/hook".into(), "active".into())
    );
    call(&world, ACME, "POST", &format!("{path}/verify"), Value::Null).await.expect(422);
    publish(&world, &path).await;
    let proven = call(&world, ACME, "POST", &format!("{path}/verify"), Value::Null).await.expect(200);
    assert_eq!(
        (proven.text("url"), &proven.body["pending_url"]),
        ("https://b.example/hook".into(), &Value::Null)
    );
}

#[tokio::test]
async fn a_deleted_webhook_is_gone() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}", created(&world).await.id());
    let stale = [("if-match", "\"9\"")];
    call_with(&world, ACME, "DELETE", &path, &stale, Value::Null).await.expect(409);
    call(&world, ACME, "DELETE", &path, Value::Null).await.expect(204);
    call(&world, ACME, "GET", &path, Value::Null).await.expect(404);
    call(&world, ACME, "DELETE", &path, Value::Null).await.expect(404);
}

#[tokio::test]
async fn steps_need_no_body_and_no_content_type() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    for step in ["pause", "rotate-secret"] {
        let request =
            Request::post(format!("{path}/{step}")).header("authorization", format!("bearer {ACME}"));
        send(&world, request.body(Body::empty()).unwrap()).await.expect(200);
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = Fake::new(registry());
    for n in 0..5 {
        let mut body = new_webhook();
        body["account"] = json!(if n % 2 == 0 { "acme" } else { "bolt" });
        call(&world, OPERATOR, "POST", "/v1/webhooks", body).await.expect(201);
    }
    let first = call(&world, OPERATOR, "GET", "/v1/webhooks?limit=3", Value::Null).await.expect(200);
    let next = format!("/v1/webhooks?limit=3&cursor={}", first.text("next"));
    let second = call(&world, OPERATOR, "GET", &next, Value::Null).await.expect(200);
    assert_eq!(
        (first.body["items"].as_array().unwrap().len(), second.body["items"].as_array().unwrap().len()),
        (3, 2)
    );
    assert_eq!(second.body["next"], Value::Null);
    let own = call(&world, ACME, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    assert_eq!(own.body["items"].as_array().unwrap().len(), 3);
    let named = call(&world, OPERATOR, "GET", "/v1/webhooks?account=bolt", Value::Null).await.expect(200);
    assert_eq!(named.body["items"].as_array().unwrap().len(), 2);
    call(&world, ACME, "GET", "/v1/webhooks?account=bolt", Value::Null).await.expect(404);
    call(&world, ACME, "GET", "/v1/webhooks?limit=0", Value::Null).await.expect(422);
    call(&world, ACME, "GET", "/v1/webhooks?page=2", Value::Null).await.expect(422);
}

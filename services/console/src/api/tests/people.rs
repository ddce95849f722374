use std::time::Duration;

use serde_json::{Value, json};

use super::{call, created, new_webhook};
use crate::testing::*;

#[tokio::test]
async fn an_operator_makes_an_account_its_key_and_its_webhook() {
    let world = Fake::new(registry());
    let made =
        call(&world, OPERATOR, "POST", "/v1/accounts", json!({"id": "new", "name": "New"})).await.expect(201);
    assert_eq!(
        made.body,
        json!({
            "id": "new", "name": "New", "keep": {"details": "all"},
            "created_at": "2026-01-01T00:00:00.000Z", "revision": 1,
        })
    );
    let twice =
        call(&world, OPERATOR, "POST", "/v1/accounts", json!({"id": "new", "name": "N"})).await.expect(409);
    assert_eq!(twice.text("code"), "account-exists");
    let body = json!({"name": "k", "scopes": ["webhooks:read", "webhooks:write"], "expires_at": "2026-01-01T01:00:00Z"});
    let key = call(&world, OPERATOR, "POST", "/v1/accounts/new/keys", body).await.expect(201);
    assert_eq!(
        (key.text("account"), key.text("expires_at")),
        ("new".into(), "2026-01-01T01:00:00.000Z".into())
    );
    let secret = key.text("secret");
    let webhook = call(&world, &secret, "POST", "/v1/webhooks", new_webhook()).await.expect(201);
    assert_eq!(webhook.text("account"), "new");
    let keys = call(&world, &secret, "GET", "/v1/accounts/new/keys", Value::Null).await.expect(200);
    assert_eq!(keys.body["items"][0]["id"], key.body["id"]);
    assert!(!keys.text.contains(&secret));
    assert_eq!(
        call(&world, OPERATOR, "DELETE", "/v1/accounts/new", Value::Null).await.expect(409).text("code"),
        "account-has-webhooks"
    );
    world.later(Duration::from_secs(3600));
    call(&world, &secret, "GET", "/v1/webhooks", Value::Null).await.expect(401);
}

#[tokio::test]
async fn operators_keys_are_made_listed_and_revoked_by_operators() {
    let world = Fake::new(registry());
    let body = json!({"name": "second", "scopes": ["operator"]});
    call(&world, ACME, "POST", "/v1/keys", body.clone()).await.expect(403);
    let key = call(&world, OPERATOR, "POST", "/v1/keys", body).await.expect(201);
    let (secret, path) = (key.text("secret"), format!("/v1/keys/{}", key.id()));
    assert_eq!(key.body["account"], Value::Null);
    let all = call(&world, &secret, "GET", "/v1/keys", Value::Null).await.expect(200);
    assert_eq!(all.body["items"].as_array().unwrap().len(), 5);
    let of_bolt = call(&world, &secret, "GET", "/v1/keys?account=bolt", Value::Null).await.expect(200);
    assert_eq!(of_bolt.body["items"].as_array().unwrap().len(), 1);
    call(&world, ACME, "GET", "/v1/keys", Value::Null).await.expect(403);
    call(&world, ACME, "DELETE", &path, Value::Null).await.expect(404);
    call(&world, &secret, "DELETE", &path, Value::Null).await.expect(204);
    call(&world, &secret, "GET", "/v1/keys", Value::Null).await.expect(401);
}

#[tokio::test]
async fn nobody_sees_or_touches_what_is_anothers() {
    let world = Fake::new(registry());
    let webhook = format!("/v1/webhooks/{}", created(&world).await.id());
    let patch = json!({"name": "mine", "revision": 1});
    for (method, path, body) in [
        ("GET", webhook.clone(), Value::Null),
        ("PATCH", webhook.clone(), patch),
        ("DELETE", webhook.clone(), Value::Null),
        ("POST", format!("{webhook}/pause"), Value::Null),
        ("POST", format!("{webhook}/resume"), Value::Null),
        ("POST", format!("{webhook}/enable"), Value::Null),
        ("GET", format!("{webhook}/secret"), Value::Null),
        ("POST", format!("{webhook}/rotate-secret"), Value::Null),
        ("GET", format!("{webhook}/verification"), Value::Null),
        ("GET", format!("{webhook}/verification/file"), Value::Null),
        ("POST", format!("{webhook}/verify"), Value::Null),
        ("GET", "/v1/accounts/acme".to_owned(), Value::Null),
        ("GET", "/v1/accounts/acme/keys".to_owned(), Value::Null),
        ("POST", "/v1/accounts/acme/keys".to_owned(), json!({"name": "k", "scopes": ["webhooks:read"]})),
        ("DELETE", format!("/v1/keys/key_{READER}"), Value::Null),
    ] {
        let answer = call(&world, BOLT, method, &path, body).await.expect(404);
        assert_eq!(answer.text("code"), "not-found", "{method} {path}");
    }
    let mut body = new_webhook();
    body["account"] = json!("acme");
    call(&world, BOLT, "POST", "/v1/webhooks", body).await.expect(404);
    let accounts = call(&world, BOLT, "GET", "/v1/accounts", Value::Null).await.expect(200);
    assert_eq!(accounts.body["items"].as_array().unwrap().len(), 1);
    let webhooks = call(&world, BOLT, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    assert_eq!(webhooks.body["items"], json!([]));
}

#[tokio::test]
async fn a_key_without_the_scope_is_told_which_it_lacks() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}", created(&world).await.id());
    for (method, path, scope) in [
        ("POST", "/v1/webhooks".to_owned(), "webhooks:write"),
        ("PATCH", path.clone(), "webhooks:write"),
        ("DELETE", path.clone(), "webhooks:write"),
        ("POST", format!("{path}/pause"), "webhooks:write"),
        ("POST", format!("{path}/rotate-secret"), "webhooks:write"),
        ("POST", "/v1/accounts/acme/keys".to_owned(), "webhooks:write"),
        ("POST", "/v1/accounts".to_owned(), "operator"),
        ("DELETE", "/v1/accounts/acme".to_owned(), "operator"),
        ("GET", "/v1/keys".to_owned(), "operator"),
    ] {
        let mut body = Value::Null;
        if method == "POST" && path == "/v1/webhooks" {
            body = new_webhook();
        } else if path.ends_with("/keys") && method == "POST" {
            body = json!({"name": "k", "scopes": ["webhooks:read"]});
        } else if path == "/v1/accounts" {
            body = json!({"id": "x", "name": "X"});
        }
        let answer = call(&world, READER, method, &path, body).await.expect(403);
        assert_eq!(answer.text("scope"), scope, "{method} {path}");
        assert!(answer.header("www-authenticate").contains(scope));
    }
}

#[tokio::test]
async fn an_account_says_who_is_told_of_its_failures_and_only_operators_rename_it() {
    let world = Fake::new(registry());
    let before = call(&world, ACME, "GET", "/v1/accounts/acme", Value::Null).await.expect(200);
    assert_eq!(before.header("etag"), "\"1\"");
    let change = async |key: &str, body: Value| call(&world, key, "PATCH", "/v1/accounts/acme", body).await;
    let contact = json!({"contact": {"email": "ops@acme.example", "language": "nl"}, "revision": 1});
    let changed = change(ACME, contact.clone()).await.expect(200);
    assert_eq!(
        (&changed.body["contact"]["email"], &changed.body["revision"]),
        (&json!("ops@acme.example"), &json!(2))
    );
    assert_eq!(change(ACME, contact).await.expect(409).body["revision"], 2);
    change(ACME, json!({"contact": null})).await.expect(428);
    change(ACME, json!({"name": "Acme & Sons", "revision": 2})).await.expect(403);
    change(OPERATOR, json!({"name": "Acme & Sons", "revision": 2})).await.expect(200);
    change(BOLT, json!({"contact": null, "revision": 3})).await.expect(404);
    change(READER, json!({"contact": null, "revision": 3})).await.expect(403);
    let wrong = json!({"contact": {"email": "nobody", "language": "fr"}, "revision": 3});
    let wrong = change(ACME, wrong).await.expect(422);
    let fields: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["contact.email", "contact.language"]);
    let gone = change(ACME, json!({"contact": null, "revision": 3})).await.expect(200);
    assert_eq!(gone.body.get("contact"), None);
}

#[tokio::test]
async fn an_account_says_what_is_kept_of_its_attempts() {
    let world = Fake::new(registry());
    let change = async |body: Value| call(&world, ACME, "PATCH", "/v1/accounts/acme", body).await;
    let keep = json!({"details": "nothing", "days": 7});
    let changed = change(json!({"keep": keep, "revision": 1})).await.expect(200);
    assert_eq!(changed.body["keep"], keep);
    assert_eq!(world.audited().last().unwrap().fields, ["keep"]);
    let wrong = change(json!({"keep": {"details": "some", "days": 0}, "revision": 2})).await.expect(422);
    let fields: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().map(|it| &it["field"]).collect();
    assert_eq!(fields, ["keep.details", "keep.days"]);
    let usual = change(json!({"keep": {}, "revision": 2})).await.expect(200);
    assert_eq!(usual.body["keep"], json!({"details": "all"}));
}

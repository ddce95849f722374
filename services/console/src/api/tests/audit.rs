//! Who did what.

use ::history::entry::{Audit, Entry, Read};
use domain::{Offset, Partition};
use serde_json::{Value, json};
use wire::api::AuditEntry;

use super::*;

fn actions(world: &Fake) -> Vec<String> {
    world.audited().into_iter().map(|entry| entry.action).collect()
}

/// What the audit log says, as the indexer reads it.
pub(super) fn read(entries: &[AuditEntry]) -> Vec<Read> {
    let entry = |entry: &AuditEntry| Audit {
        id: entry.id.as_str().into(),
        at: entry.at,
        action: entry.action.as_str().into(),
        account: entry.account.as_deref().map(Into::into),
        object: entry.object.as_deref().map(Into::into),
        by: entry.by.as_deref().map(Into::into),
        record: {
            let record = wire::audit::to_record(entry, &"postbode.audit".into());
            String::from_utf8(record.value.unwrap().to_vec()).unwrap()
        },
    };
    let read = |(offset, of): (i64, &AuditEntry)| Read {
        topic: "postbode.audit".into(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: of.at,
        entry: Some(Entry::Audit(entry(of))),
    };
    (0..).zip(entries).map(read).collect()
}

#[tokio::test]
async fn every_change_of_a_webhook_is_written_down_with_who_did_it_and_without_a_value() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    let patch = json!({"revision": 2, "name": "Renamed", "headers": {"X-Key": "geheim2"}});
    call(&world, ACME, "PATCH", &path, patch.clone()).await.expect(200);
    call(&world, ACME, "PATCH", &path, patch).await.expect(409);
    for step in ["pause", "pause", "resume", "rotate-secret"] {
        call(&world, ACME, "POST", &format!("{path}/{step}"), Value::Null).await.expect(200);
    }
    let shown = call(&world, ACME, "GET", &format!("{path}/secret"), Value::Null).await.expect(200);
    call(&world, BOLT, "DELETE", &path, Value::Null).await.expect(404);
    call(&world, OPERATOR, "DELETE", &path, Value::Null).await.expect(204);

    let log = world.audited();
    let expected = [
        "webhook.created",
        "webhook.verified",
        "webhook.changed",
        "webhook.paused",
        "webhook.resumed",
        "secret.rotated",
        "secret.revealed",
        "webhook.deleted",
    ];
    assert_eq!(actions(&world), expected, "what came to nothing is not told");
    assert!(log.iter().all(|it| it.object.as_deref() == Some(&id) && it.account.as_deref() == Some("acme")));
    assert_eq!(log[2].fields, ["name", "headers.X-Key"]);
    assert_eq!((log[0].by.as_deref(), log[0].operator), (Some("key_acme-key"), false));
    assert_eq!((log[7].by.as_deref(), log[7].operator), (Some("key_operator-key"), true));
    let all = serde_json::to_string(&log).unwrap();
    assert!(!all.contains("geheim") && !all.contains(&shown.text("secret")));
}

#[tokio::test]
async fn accounts_keys_and_links_are_told_too() {
    let world = Fake::new(registry());
    world.with_history().await;
    call(&world, OPERATOR, "POST", "/v1/accounts", json!({"id": "new", "name": "N"})).await.expect(201);
    let contact = json!({"contact": {"email": "ops@new.example"}, "revision": 1});
    call(&world, OPERATOR, "PATCH", "/v1/accounts/new", contact).await.expect(200);
    let body = json!({"name": "k", "scopes": ["webhooks:read"]});
    let key = call(&world, OPERATOR, "POST", "/v1/accounts/new/keys", body).await.expect(201);
    call(&world, OPERATOR, "POST", "/v1/accounts/new/portal-links", json!({})).await.expect(201);
    call(&world, OPERATOR, "DELETE", &format!("/v1/keys/{}", key.id()), Value::Null).await.expect(204);
    call(&world, OPERATOR, "DELETE", "/v1/accounts/new", Value::Null).await.expect(204);
    let expected = [
        "account.created",
        "account.changed",
        "key.created",
        "portal_link.created",
        "key.deleted",
        "account.deleted",
    ];
    assert_eq!(actions(&world), expected);
    let log = world.audited();
    assert!(log.iter().all(|it| it.account.as_deref() == Some("new")));
    assert_eq!((log[1].fields.as_slice(), &log[2].object), (&["contact".to_owned()][..], &Some(key.id())));
}

#[tokio::test]
async fn what_cannot_be_written_down_stands_all_the_same() {
    let world = Fake::new(registry());
    world.lose_audit();
    let made = created(&world).await;
    let path = format!("/v1/webhooks/{}", made.id());
    call(&world, ACME, "GET", &path, Value::Null).await.expect(200);
}

#[tokio::test]
async fn an_account_reads_what_was_done_to_its_own_things_and_an_operator_all() {
    let world = Fake::new(registry());
    let history = world.with_history().await;
    created(&world).await;
    world.later(std::time::Duration::from_secs(1));
    call(&world, BOLT, "POST", "/v1/webhooks", new_webhook()).await.expect(201);
    world.later(std::time::Duration::from_secs(1));
    call(&world, OPERATOR, "POST", "/v1/keys", json!({"name": "o", "scopes": ["operator"]}))
        .await
        .expect(201);
    history.write(&read(&world.audited())).await.unwrap();

    let seen = async |key: &str, query: &str| -> Vec<String> {
        let answer = call(&world, key, "GET", &format!("/v1/audit{query}"), Value::Null).await.expect(200);
        let of = |it: &Value| format!("{} {}", it["action"].as_str().unwrap(), it["account"]);
        answer.body["items"].as_array().unwrap().iter().map(of).collect()
    };
    let (acme, bolt) = ("webhook.created \"acme\"".to_owned(), "webhook.created \"bolt\"".to_owned());
    assert_eq!(seen(ACME, "").await, std::slice::from_ref(&acme));
    assert_eq!(seen(READER, "?action=webhook.created").await, std::slice::from_ref(&acme));
    assert_eq!(seen(OPERATOR, "").await, ["key.created null".to_owned(), bolt.clone(), acme]);
    assert_eq!(seen(OPERATOR, "?account=bolt").await, [bolt]);
    assert_eq!(seen(OPERATOR, "?object=none").await, Vec::<String>::new());
    call(&world, ACME, "GET", "/v1/audit?account=bolt", Value::Null).await.expect(404);
    call(&world, ACME, "GET", "/v1/audit?action=webhook.eaten", Value::Null).await.expect(422);
    let first = call(&world, OPERATOR, "GET", "/v1/audit?limit=2", Value::Null).await.expect(200);
    let rest = format!("?limit=2&cursor={}", first.text("next"));
    assert_eq!(seen(OPERATOR, &rest).await.len(), 1);
}

#[tokio::test]
async fn where_somebody_comes_from_is_told_and_proxies_of_ours_are_believed() {
    let world = Fake::new(registry());
    for (peer, expected) in [([192, 0, 2, 1], "192.0.2.1"), ([10, 0, 0, 1], "198.51.100.7")] {
        let request = Request::builder()
            .method("POST")
            .uri("/v1/webhooks")
            .header("authorization", format!("Bearer {ACME}"))
            .header("content-type", "application/json")
            .header("user-agent", "curl/8")
            .header("x-forwarded-for", "203.0.113.9, 198.51.100.7")
            .extension(axum::extract::ConnectInfo(std::net::SocketAddr::from((peer, 1))));
        send(&world, request.body(Body::from(new_webhook().to_string())).unwrap()).await.expect(201);
        assert_eq!(world.audited().last().unwrap().address.as_deref(), Some(expected));
    }
    let first = &world.audited()[0];
    assert_eq!((first.user_agent.as_deref(), first.door.as_str()), (Some("curl/8"), "api"));
}

//! Requests that are said again.

use serde_json::{Value, json};

use super::*;

async fn post(world: &Fake, key: &str, path: &str, name: &str, body: Value) -> Answer {
    call_with(world, key, "POST", path, &[("idempotency-key", name)], body).await
}

async fn webhooks(world: &Fake, key: &str) -> usize {
    let all = call(world, key, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    all.body["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_said_again_is_done_once_and_answered_alike_with_its_secret_that_nobody_reads_at_rest() {
    let world = Fake::new(registry());
    world.with_history().await;
    let first = post(&world, ACME, "/v1/webhooks", "\"k1\"", new_webhook()).await.expect(201);
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = post(&world, ACME, "/v1/webhooks", "k1", new_webhook()).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((&again.text, again.header("etag")), (&first.text, first.header("etag")));
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(webhooks(&world, ACME).await, 1);
    let now = crate::world::World::now(&world);
    let name = repeats_name(&world);
    let asked = ::history::turns::Request { name: &name, fingerprint: "", owner: "" };
    let day = std::time::Duration::from_secs(1);
    let turn = crate::world::World::history(&world).take_turn(now, asked, day, day).await.unwrap();
    let kept = format!("{turn:?}");
    assert!(kept.contains("201") && !kept.contains("whsec_") && !kept.contains("a.example"), "{kept}");

    world.later(std::time::Duration::from_secs(24 * 3600));
    let late = post(&world, ACME, "/v1/webhooks", "k1", new_webhook()).await.expect(201);
    assert_ne!(late.id(), first.id(), "a day is over");
}

/// What the request above goes by.
fn repeats_name(world: &Fake) -> String {
    use crate::rules::repeats::{Repeatable, Said};
    let console = world.console();
    let actor = console.look(|registry| Ok(actor(registry, ACME))).unwrap();
    let said = Said { route: "/v1/webhooks", target: "", if_match: b"", body: b"" };
    Repeatable::new(&actor, "k1", said).name
}

#[tokio::test]
async fn a_key_is_one_requests_on_its_route_and_its_owners_alone() {
    let world = Fake::new(registry());
    world.with_history().await;
    let made = post(&world, ACME, "/v1/webhooks", "k", new_webhook()).await.expect(201);
    let other = json!({"name": "Other", "url": "https://a.example/", "types": "*"});
    let reused = post(&world, ACME, "/v1/webhooks", "k", other.clone()).await.expect(422);
    assert_eq!(reused.text("code"), "idempotency-key-reused");
    post(&world, BOLT, "/v1/webhooks", "k", other).await.expect(201);
    let path = format!("/v1/webhooks/{}/rotate-secret", made.id());
    let rotated = post(&world, ACME, &path, "k", Value::Null).await.expect(200);
    let again = post(&world, ACME, &path, "k", Value::Null).await.expect(200);
    assert_eq!(rotated.text("secret"), again.text("secret"));
    assert_eq!((webhooks(&world, ACME).await, webhooks(&world, BOLT).await), (1, 1));
    let elsewhere = path.replace(&made.id(), "wh_other");
    post(&world, ACME, &elsewhere, "k", Value::Null).await.expect(422);
}

#[tokio::test]
async fn of_two_at_once_one_is_done() {
    let world = Fake::new(registry());
    world.with_history().await;
    let say = || post(&world, ACME, "/v1/webhooks", "k", new_webhook());
    let both = tokio::join!(say(), say());
    let mut status = [both.0.status.as_u16(), both.1.status.as_u16()];
    status.sort_unstable();
    assert!(matches!(status, [201, 201 | 409]), "{status:?}");
    assert_eq!(webhooks(&world, ACME).await, 1);
    for answer in [&both.0, &both.1].into_iter().filter(|answer| answer.status == 409) {
        assert_eq!(answer.text("code"), "idempotency-key-in-use");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(say().await.expect(201).header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn refusals_are_said_again_and_failures_tried_again() {
    let world = Fake::new(registry());
    world.with_history().await;
    let wrong = json!({"name": "", "url": "nowhere", "types": "*"});
    let first = post(&world, ACME, "/v1/webhooks", "w", wrong.clone()).await.expect(422);
    let again = post(&world, ACME, "/v1/webhooks", "w", wrong).await.expect(422);
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
    assert_eq!(again.header("content-type"), "application/problem+json");

    world.starting();
    post(&world, ACME, "/v1/webhooks", "s", new_webhook()).await.expect(503);
    let world = Fake::new(registry());
    world.with_history().await;
    world.cut_off();
    post(&world, ACME, "/v1/webhooks", "c", new_webhook()).await.expect(503);
    let again = post(&world, ACME, "/v1/webhooks", "c", new_webhook()).await.expect(503);
    assert_eq!(again.header("idempotent-replayed"), "", "it was tried again");
}

#[tokio::test]
async fn what_cannot_be_promised_is_refused_before_anything_is_done() {
    let world = Fake::new(registry());
    let malformed = post(&world, ACME, "/v1/webhooks", "\"k", new_webhook()).await.expect(400);
    assert_eq!(malformed.text("code"), "idempotency-key-malformed");
    // The database is away.
    let away = post(&world, ACME, "/v1/webhooks", "k", new_webhook()).await.expect(503);
    assert_eq!(away.text("code"), "history-unavailable");
    post(&world, "none", "/v1/webhooks", "k", new_webhook()).await.expect(401);
    assert_eq!(webhooks(&world, ACME).await, 0);
}

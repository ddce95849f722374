//! Jobs over HTTP: asked for, seen, cancelled.

use std::time::Duration;

use domain::{Change, State};
use history::{History, HistorySettings};
use serde_json::{Value, json};
use stream::ScanError;
use tempfile::TempDir;

use super::{Answer, call};
use crate::testing::*;

const BACKFILL: &str = "/v1/webhooks/wh_1/backfill";

/// A world with an active webhook and a database, on which nobody works.
async fn world() -> (Fake, TempDir) {
    let (world, folder) = (Fake::new(registry()), tempfile::tempdir().unwrap());
    world.put(Change::Webhook(Box::new(webhook("wh_1", "acme", State::Active))));
    let url = format!("sqlite:{}", folder.path().join("history.db").display());
    world.remember(History::open(&HistorySettings { url, ..HistorySettings::default() }).await.unwrap());
    (world, folder)
}

async fn asked(world: &Fake, body: Value) -> Answer {
    call(world, ACME, "POST", BACKFILL, body).await
}

fn since() -> Value {
    json!({"since": "2025-12-31T00:00:00Z"})
}

#[tokio::test]
async fn a_backfill_is_begun_as_a_job_that_says_what_it_will_do() {
    let (world, _folder) = world().await;
    let begun = asked(&world, since()).await.expect(202);
    let path = format!("/v1/jobs/{}", begun.id());
    assert_eq!((begun.header("location"), begun.text("state")), (path.as_str(), "waiting".to_owned()));
    let request = json!({"since": "2025-12-31T00:00:00.000Z", "until": "2026-01-01T00:00:00.000Z", "dry_run": false,
        "rate": 200, "revision": 1, "types": ["click"], "filter": null, "database": null, "collection": null,
        "callers": null, "fields": []});
    assert_eq!((&begun.body["request"], &begun.body["progress"]), (&request, &Value::Null));
    let shown = call(&world, READER, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(shown.body, begun.body);
    let list = call(&world, READER, "GET", "/v1/jobs?webhook=wh_1", Value::Null).await.expect(200);
    assert_eq!(list.body, json!({"items": [begun.body], "next": null}));
    assert_eq!(
        call(&world, READER, "GET", "/v1/jobs?webhook=wh_2", Value::Null).await.body["items"],
        json!([])
    );
    call(&world, READER, "GET", "/v1/jobs?limit=0", Value::Null).await.expect(422);
}

#[tokio::test]
async fn a_webhook_has_one_backfill_at_a_time_and_a_cancelled_one_makes_room() {
    let (world, _folder) = world().await;
    let first = asked(&world, since()).await.expect(202).id();
    let busy = asked(&world, json!({"since": "2025-12-31T00:00:00Z", "dry_run": true})).await.expect(409);
    assert_eq!((busy.text("code"), busy.text("job")), ("job-running".to_owned(), first.clone()));
    let cancel = format!("/v1/jobs/{first}/cancel");
    call(&world, READER, "POST", &cancel, Value::Null).await.expect(403);
    let cancelled = call(&world, ACME, "POST", &cancel, Value::Null).await.expect(200);
    assert_eq!(cancelled.text("state"), "cancelled");
    call(&world, ACME, "POST", &cancel, Value::Null).await.expect(200);
    asked(&world, since()).await.expect(202);
}

#[tokio::test]
async fn jobs_of_others_are_not_there() {
    let (world, _folder) = world().await;
    let id = asked(&world, since()).await.expect(202).id();
    call(&world, BOLT, "POST", BACKFILL, since()).await.expect(404);
    for (method, path) in [("GET", format!("/v1/jobs/{id}")), ("POST", format!("/v1/jobs/{id}/cancel"))] {
        call(&world, BOLT, method, &path, Value::Null).await.expect(404);
    }
    assert_eq!(call(&world, BOLT, "GET", "/v1/jobs", Value::Null).await.expect(200).body["items"], json!([]));
    call(&world, BOLT, "GET", "/v1/jobs?account=acme", Value::Null).await.expect(404);
    for path in ["/v1/jobs", "/v1/jobs?account=acme"] {
        let seen = call(&world, OPERATOR, "GET", path, Value::Null).await.expect(200);
        assert_eq!(seen.body["items"].as_array().unwrap().len(), 1, "{path}");
    }
    call(&world, READER, "POST", BACKFILL, since()).await.expect(403);
}

#[tokio::test]
async fn a_webhook_that_may_not_be_called_is_told_what_to_do_first() {
    let (world, _folder) = world().await;
    for (state, first) in [(State::Paused, "resume it first"), (State::Unverified, "verify its URL first")] {
        world.put(Change::Webhook(Box::new(webhook("wh_1", "acme", state))));
        let refused = asked(&world, since()).await.expect(409);
        assert!(
            refused.text("code") == "not-active" && refused.text("detail").contains(first),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn what_cannot_be_done_names_its_field() {
    let (world, _folder) = world().await;
    for (body, field) in [
        (json!({}), "since"),
        (json!({"since": "yesterday"}), "since"),
        (json!({"since": "2026-01-01T00:00:00Z"}), "since"),
        (json!({"since": "2025-12-31T00:00:00Z", "until": "2025-12-31T00:00:00Z"}), "since"),
        (json!({"since": "2025-12-31T00:00:00Z", "until": "2026-01-02T00:00:00Z"}), "until"),
        (json!({"since": "2025-12-31T00:00:00Z", "rate": 0}), "rate"),
        (json!({"since": "2025-12-31T00:00:00Z", "rate": 2001}), "rate"),
        (json!({"since": "2025-12-31T00:00:00Z", "speed": 1}), "speed"),
    ] {
        let refused = asked(&world, body).await.expect(422);
        assert_eq!(refused.body["errors"][0]["field"], field, "{}", refused.text);
    }
    world.held_since(Ok(Some(NOW - Duration::from_secs(3600))));
    let refused = asked(&world, since()).await.expect(422);
    assert!(refused.text.contains("all are held since 2025-12-31T23:00:00.000Z"), "{}", refused.text);
    asked(&world, json!({"since": "2025-12-31T23:00:00Z"})).await.expect(202);
}

#[tokio::test]
async fn without_a_database_or_kafka_only_jobs_are_refused() {
    let world = Fake::new(registry());
    world.put(Change::Webhook(Box::new(webhook("wh_1", "acme", State::Active))));
    for (method, path, body) in [
        ("POST", BACKFILL, since()),
        ("GET", "/v1/jobs", Value::Null),
        ("GET", "/v1/jobs/job_1", Value::Null),
    ] {
        let refused = call(&world, ACME, method, path, body).await.expect(503);
        assert_eq!(refused.text("code"), "history-unavailable");
        assert!(!refused.header("retry-after").is_empty());
    }
    call(&world, ACME, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    let why = "no broker".to_owned();
    world.held_since(Err(ScanError::Failed { topic: "events".into(), servers: "kafka".into(), why }));
    let refused = asked(&world, since()).await.expect(503);
    assert_eq!(refused.text("code"), "events-unavailable");
}

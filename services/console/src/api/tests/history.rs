use bytes::Bytes;
use domain::{Change, DeathReason, Offset, Partition, State, Timestamp};
use history::entry::{Attempt, DeadLetter, Disposition, Entry, Member, Read};
use serde_json::{Value, json};
use wire::{Headers, Record, names};

use super::{Answer, call};
use crate::testing::*;

/// Seconds before the present.
fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() - seconds * 1000)
}

pub(crate) fn attempt(delivery: &str, account: &str, webhook: &str, seconds: i64, status: u16) -> Attempt {
    let (outcome, error) = match status {
        200 => ("success", None),
        _ => ("server-error", Some(format!("the endpoint answered {status}"))),
    };
    let record = json!({"v": 1, "webhook": webhook, "account": account, "delivery": delivery, "event": "e1",
        "type": "click", "number": 1, "started_at": wire::text::rfc3339(ago(seconds)), "duration": {"total_ms": 20.0},
        "url": "https://a.example/", "request_headers": [["webhook-id", delivery]], "outcome": outcome,
        "status": status, "error": error, "response_headers": [["server", "x"]], "response_body": "thanks", "trace": "abc"});
    Attempt {
        name: delivery.into(),
        webhook: webhook.into(),
        account: account.into(),
        number: 1,
        started_at: ago(seconds),
        took_ms: 20.0,
        outcome: outcome.into(),
        status: Some(status),
        next_due: None,
        test: false,
        members: vec![Member {
            delivery: delivery.into(),
            event: "e1".into(),
            kind: "click".into(),
            message: Some(format!("m-{delivery}").into()),
            recipient: Some("a@example.com".into()),
            origin: Some("3-42".into()),
            replays: 0,
        }],
        record: record.to_string(),
    }
}

pub(crate) fn letter(place: &str, account: Option<&str>, seconds: i64, reason: DeathReason) -> DeadLetter {
    let is_event = reason == DeathReason::Malformed;
    DeadLetter {
        place: place.into(),
        died_at: ago(seconds),
        is_event,
        account: account.map(Into::into),
        webhook: (!is_event).then(|| "wh_a".into()),
        delivery: None,
        event: Some("e1".into()),
        kind: Some("click".into()),
        reason,
        explanation: "it was tried for too long".into(),
        attempts: 3,
        status: Some(503),
        error: None,
    }
}

/// Three deliveries of acme's and one of bolt's; three dead letters and a disposition.
pub(crate) async fn filled() -> Fake {
    let world = Fake::new(registry());
    world.put(Change::Webhook(webhook("wh_a", "acme", State::Active).into()));
    let entries = [
        Entry::Attempt(attempt("d1", "acme", "wh_a", 400, 200)),
        Entry::Attempt(attempt("d2", "acme", "wh_a", 300, 500)),
        Entry::Attempt(attempt("d3", "acme", "wh_a", 200, 200)),
        Entry::Attempt(attempt("d4", "bolt", "wh_b", 100, 200)),
        Entry::DeadLetter(letter("dead-0-1", Some("acme"), 90, DeathReason::Exhausted)),
        Entry::DeadLetter(letter("dead-0-2", Some("acme"), 80, DeathReason::Gone)),
        Entry::DeadLetter(letter("bad-0-1", Some("acme"), 70, DeathReason::Malformed)),
        Entry::Disposition(
            "dead-0-1".into(),
            Some(Disposition { what: "replayed".into(), by: "ops".into(), at: NOW, note: None, died: None }),
        ),
    ];
    let read = |(offset, entry)| Read {
        topic: "t".into(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: NOW,
        entry: Some(entry),
    };
    let reads: Vec<_> = (0..).zip(entries).map(read).collect();
    world.with_history().await.write(&reads).await.unwrap();
    world
}

async fn get(world: &Fake, key: &str, path: &str) -> Answer {
    call(world, key, "GET", path, Value::Null).await
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn deliveries_are_found_by_each_filter_and_paged_newest_first() {
    let world = filled().await;
    for (query, expected) in [
        ("", &["d3", "d2", "d1"][..]),
        ("?message=m-d2", &["d2"]),
        ("?recipient=a@example.com", &["d3", "d2", "d1"]),
        ("?event=e1&state=delivered", &["d3", "d1"]),
        ("?event=e2", &[]),
        ("?type=open", &[]),
        ("?webhook=wh_a", &["d3", "d2", "d1"]),
        ("?state=retrying", &["d2"]),
        ("?outcome=server-error", &["d2"]),
        ("?status=500", &["d2"]),
        ("?status=", &["d3", "d2", "d1"]),
        ("?since=2025-12-31T23:56:00Z", &["d3"]),
        ("?until=2026-01-01T00:54:00+01:00", &["d1"]),
    ] {
        let found = get(&world, ACME, &format!("/v1/deliveries{query}")).await.expect(200);
        assert_eq!(ids(&found), expected, "{query}");
    }
    let first = get(&world, ACME, "/v1/deliveries?limit=2").await.expect(200);
    assert_eq!(ids(&first), ["d3", "d2"]);
    let next = format!("/v1/deliveries?limit=2&cursor={}", first.text("next"));
    let second = get(&world, ACME, &next).await.expect(200);
    assert_eq!((ids(&second), &second.body["next"]), (vec!["d1"], &Value::Null));
    let operators = get(&world, OPERATOR, "/v1/deliveries").await.expect(200);
    assert_eq!(ids(&operators), ["d4", "d3", "d2", "d1"]);
    let named = get(&world, OPERATOR, "/v1/deliveries?account=bolt").await.expect(200);
    assert_eq!(ids(&named), ["d4"]);
}

#[tokio::test]
async fn a_filter_that_will_not_do_is_named() {
    let world = filled().await;
    for (path, field) in [
        ("/v1/deliveries?state=lost", "state"),
        ("/v1/deliveries?status=9", "status"),
        ("/v1/deliveries?since=yesterday", "since"),
        ("/v1/deliveries?until=x", "until"),
        ("/v1/deliveries?limit=0", "limit"),
        ("/v1/deliveries?cursor=aWQ", "cursor"),
        ("/v1/deliveries?colour=red", "query"),
        ("/v1/dead-letters?reason=sadness", "reason"),
        ("/v1/dead-letters?disposition=lost", "disposition"),
        ("/v1/webhooks/wh_a/statistics?hours=0", "hours"),
    ] {
        let refused = get(&world, ACME, path).await.expect(422);
        assert_eq!(refused.body["errors"][0]["field"], field, "{path}");
    }
}

#[tokio::test]
async fn one_delivery_is_shown_with_its_attempts_and_the_event_as_kafka_has_it() {
    let world = filled().await;
    let gone = get(&world, ACME, "/v1/deliveries/d1").await.expect(200);
    assert_eq!(gone.body["tries"][0]["response_body"], "thanks");
    assert_eq!(gone.body["tries"][0]["request_headers"], json!([["webhook-id", "d1"]]));
    assert_eq!((&gone.body["state"], &gone.body["data"]), (&json!("delivered"), &Value::Null));
    assert_eq!(gone.text("data_missing"), "the event is no longer held by Kafka");

    let event = |id: &'static str| {
        let mut headers = Headers::new();
        for (name, value) in [(names::CE_ID, id), (names::CE_TYPE, "click"), (names::CE_ACCOUNT, "acme")] {
            headers.push(name, value);
        }
        let (topic, partition, value) =
            ("postbode.events".into(), Partition(3), Some(Bytes::from_static(b"{\"id\":\"m\"}")));
        Record { topic, partition, offset: Offset(42), timestamp: NOW, key: None, value, headers }
    };
    world.hold(vec![event("another")]);
    let other = get(&world, ACME, "/v1/deliveries/d1").await.expect(200);
    assert_eq!(other.body["data"], Value::Null, "the topic was made anew");
    world.hold(vec![event("e1")]);
    let found = get(&world, ACME, "/v1/deliveries/d1").await.expect(200);
    assert_eq!((&found.body["data"], &found.body["data_missing"]), (&json!({"id": "m"}), &Value::Null));
}

#[tokio::test]
async fn an_account_never_finds_anothers_delivery_whatever_it_searches() {
    let world = filled().await;
    for query in [
        "",
        "?webhook=wh_a",
        "?message=m-d1",
        "?recipient=a@example.com",
        "?event=e1",
        "?type=click",
        "?state=delivered",
        "?outcome=success",
        "?status=200",
        "?since=2020-01-01T00:00:00Z",
    ] {
        let found = get(&world, BOLT, &format!("/v1/deliveries{query}")).await.expect(200);
        assert!(ids(&found).iter().all(|id| *id == "d4"), "{query}: {}", found.text);
    }
    for path in [
        "/v1/deliveries?account=acme",
        "/v1/deliveries/d1",
        "/v1/dead-letters?account=acme",
        "/v1/dead-letters/counts?account=acme",
        "/v1/webhooks/wh_a/statistics",
    ] {
        let refused = get(&world, BOLT, path).await.expect(404);
        assert_eq!(refused.text("code"), "not-found", "{path}");
    }
    assert_eq!(ids(&get(&world, BOLT, "/v1/dead-letters").await.expect(200)), [""; 0]);
    get(&world, "nobody", "/v1/deliveries").await.expect(401);
}

#[tokio::test]
async fn dead_letters_are_listed_and_counted_and_events_are_the_operators() {
    let world = filled().await;
    for (key, query, expected) in [
        (ACME, "", &["dead-0-2", "dead-0-1"][..]),
        (ACME, "?disposition=open", &["dead-0-2"]),
        (ACME, "?reason=exhausted&webhook=wh_a&type=click", &["dead-0-1"]),
        (ACME, "?since=2025-12-31T23:58:35Z", &["dead-0-2"]),
        (ACME, "?reason=malformed", &[]),
        (OPERATOR, "", &["bad-0-1", "dead-0-2", "dead-0-1"]),
        (OPERATOR, "?account=bolt", &[]),
    ] {
        let found = get(&world, key, &format!("/v1/dead-letters{query}")).await.expect(200);
        assert_eq!(ids(&found), expected, "{query}");
    }
    let replayed = get(&world, ACME, "/v1/dead-letters?disposition=replayed").await.expect(200);
    assert_eq!(replayed.body["items"][0]["disposition"]["by"], "ops");
    let counts = get(&world, ACME, "/v1/dead-letters/counts").await.expect(200);
    assert_eq!(
        counts.body["items"],
        json!([
            {"webhook": "wh_a", "reason": "exhausted", "open": 0, "replayed": 1, "discarded": 0},
            {"webhook": "wh_a", "reason": "gone", "open": 1, "replayed": 0, "discarded": 0},
        ])
    );
}

#[tokio::test]
async fn statistics_tell_each_hour_and_all_of_them() {
    let world = filled().await;
    let told = get(&world, ACME, "/v1/webhooks/wh_a/statistics?hours=3").await.expect(200);
    let hours = told.body["hours"].as_array().unwrap();
    let begins: Vec<_> = hours.iter().map(|hour| hour["begins_at"].as_str().unwrap()).collect();
    assert_eq!(begins, ["2025-12-31T22:00:00.000Z", "2025-12-31T23:00:00.000Z", "2026-01-01T00:00:00.000Z"]);
    let counts: Vec<_> = hours.iter().map(|hour| (&hour["successes"], &hour["failures"])).collect();
    assert_eq!(counts, [(&json!(0), &json!(0)), (&json!(2), &json!(1)), (&json!(0), &json!(0))]);
    assert_eq!(hours[0]["p95_ms"], Value::Null);
    let p95 = told.body["total"]["p95_ms"].as_f64().unwrap();
    assert!((18.0..24.0).contains(&p95), "{p95}");
}

#[tokio::test]
async fn a_database_that_is_away_takes_nothing_else_with_it() {
    let world = Fake::new(registry());
    world.put(Change::Webhook(webhook("wh_a", "acme", State::Active).into()));
    for path in [
        "/v1/deliveries",
        "/v1/deliveries/d1",
        "/v1/dead-letters",
        "/v1/dead-letters/counts",
        "/v1/webhooks/wh_a/statistics",
    ] {
        let away = get(&world, ACME, path).await.expect(503);
        assert_eq!(
            (away.text("code").as_str(), away.header("retry-after")),
            ("history-unavailable", "2"),
            "{path}"
        );
        assert!(!away.text.contains("table"), "why is for the log: {}", away.text);
    }
    get(&world, ACME, "/v1/webhooks/wh_a").await.expect(200);
}

//! Erasing a person.

use serde_json::{Value, json};

use super::call;
use super::history::filled;
use crate::testing::*;

const PLACE: &str = "/v1/accounts/acme/erasures";

#[tokio::test]
async fn a_recipient_is_erased_from_the_history_and_what_kafka_holds_is_said() {
    let world = filled().await;
    let ann = json!({"recipient": "A@Example.com"});
    let erased = call(&world, ACME, "POST", PLACE, ann).await.expect(200).body;
    assert_eq!((&erased["deliveries"], &erased["attempts"]), (&json!(3), &json!(3)));
    let held = erased["held"].as_array().unwrap();
    assert!(
        held.contains(&json!({"topic": "postbode.events", "until": "2026-01-08T00:00:00.000Z"})),
        "{held:?}"
    );
    assert!(!held.iter().any(|it| it["topic"] == "postbode.webhooks"), "nobody's mail is in there");
    let left = call(&world, OPERATOR, "GET", "/v1/deliveries?recipient=a@example.com", Value::Null).await;
    assert_eq!(left.expect(200).body["items"].as_array().unwrap().len(), 1, "another account's");
    let log = world.audited();
    assert_eq!(log.last().unwrap().action, "recipient.erased");
    assert!(!serde_json::to_string(&log).unwrap().contains("xample.com"), "not even here");
}

#[tokio::test]
async fn who_only_reads_erases_nothing_and_nobody_erases_nobody() {
    let world = filled().await;
    call(&world, READER, "POST", PLACE, json!({"recipient": "a@example.com"})).await.expect(403);
    let empty = call(&world, ACME, "POST", PLACE, json!({"recipient": " "})).await.expect(422);
    assert_eq!(empty.body["errors"][0]["field"], "recipient");
}

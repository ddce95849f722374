//! The whole, for operators.

use domain::{Change, Health, Revision, State};
use serde_json::{Value, json};
use wire::api::{Backlog, Waiting};

use super::call;
use super::history::filled;
use crate::testing::*;

#[tokio::test]
async fn an_operator_sees_what_every_account_has_and_does() {
    let world = filled().await;
    world.put(Change::Webhook(webhook("wh_p", "acme", State::Paused).into()));
    world.put(Change::Webhook(webhook("wh_b", "bolt", State::Active).into()));
    let failing =
        Health { webhook: "wh_b".into(), revision: Revision(1), failing_since: Some(NOW), disabled: None };
    world.put(Change::Health(failing));
    let (service, topic) = ("fanout".to_owned(), "postbode.events".to_owned());
    let waiting = vec![Waiting { service, topic, partitions: 2, records: 7 }];
    world.waiting(Backlog { at: NOW, waiting });
    let told = call(&world, OPERATOR, "GET", "/v1/overview", Value::Null).await.expect(200).body;
    let mut accounts = told["accounts"].clone();
    for account in accounts.as_array_mut().unwrap() {
        account
            .as_object_mut()
            .unwrap()
            .retain(|member, _| !["name", "keep", "created_at", "revision"].contains(&member.as_str()));
    }
    assert_eq!(
        accounts,
        json!([
            {"id": "acme", "webhooks": 2, "active": 1, "keys": 2, "attempts": 3, "successes": 2},
            {"id": "bolt", "webhooks": 1, "active": 1, "keys": 1, "attempts": 1, "successes": 1},
        ])
    );
    assert_eq!(told["failing"].as_array().unwrap().len(), 1);
    assert_eq!(told["failing"][0]["id"], "wh_b");
    assert_eq!(told["backlog"]["waiting"][0]["records"], 7);
    assert_eq!(told["history"], true);
}

#[tokio::test]
async fn without_a_history_the_rest_is_seen_and_nobody_else_sees_any() {
    let world = Fake::new(registry());
    world.put(Change::Webhook(webhook("wh_1", "acme", State::Active).into()));
    let told = call(&world, OPERATOR, "GET", "/v1/overview", Value::Null).await.expect(200).body;
    assert_eq!((&told["history"], &told["backlog"]), (&json!(false), &Value::Null));
    assert_eq!(told["accounts"].as_array().unwrap().len(), 2);
    call(&world, ACME, "GET", "/v1/overview", Value::Null).await.expect(403);
}

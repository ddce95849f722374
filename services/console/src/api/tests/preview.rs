//! Conditions, tried on the last events.

use serde_json::{Value, json};

use super::call;
use crate::testing::*;

async fn preview(world: &Fake, key: &str, asked: Value) -> super::Answer {
    call(world, key, "POST", "/v1/webhooks/preview", asked).await
}

#[tokio::test]
async fn a_filter_is_tried_on_the_last_events_of_the_account_and_on_nobody_elses() {
    let world = Fake::new(registry());
    for (account, kind, data) in [
        ("acme", "click", "{\"n\": 1}"),
        ("acme", "click", "{\"n\": 2}"),
        ("globex", "click", "{\"n\": 2}"),
        ("acme", "open", "{}"),
    ] {
        world.happen(event(account, kind, data));
    }
    let asked = json!({"types": ["click"], "filter": "data.n > 1"});
    let told = preview(&world, READER, asked).await.expect(200).body;
    assert_eq!(told["matches"], 1);
    assert_eq!(told["matches_since"], 1);
    let reasons: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|it| it["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 3, "{told}");
    for reason in ["matched", "filter", "type"] {
        assert!(reasons.contains(&reason), "{reason} in {reasons:?}");
    }
}

#[tokio::test]
async fn a_preview_names_what_is_wrong_and_says_when_the_events_cannot_be_read() {
    let world = Fake::new(registry());
    let wrong = preview(&world, ACME, json!({"filter": "data.n >"})).await.expect(422);
    assert_eq!(wrong.body["errors"][0]["field"], "filter");
    let whose = preview(&world, OPERATOR, json!({})).await.expect(422);
    assert_eq!(whose.body["errors"][0]["field"], "account");
    preview(&world, ACME, json!({"account": "globex"})).await.expect(404);
    world.lose_events();
    assert_eq!(preview(&world, ACME, json!({})).await.expect(503).text("code"), "events-unavailable");
}

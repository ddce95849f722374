//! Webhooks that may not be called.

use std::time::Duration;

use harness::{Answer, Hook, Kind, Receiver, World, WorldOptions};
use reqwest::Method;
use serde_json::json;
use wire::{Headers, OutRecord, names};

async fn change(world: &World, hook: &Hook, what: &str) {
    let path = format!("/v1/webhooks/{}/{what}", hook.id);
    let answer = world.console(Method::POST, &path, None).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

/// Waits until an event that nobody was to get has been routed.
async fn routed(world: &World, before: f64, count: f64) {
    harness::eventually(Duration::from_secs(20), "the events are routed", || async {
        let now = world.service(Kind::Fanout).metric("postbode_fanout_events_total").await;
        if now >= before + count { Ok(()) } else { Err(format!("{now}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_a_paused_and_a_deleted_webhook_get_nothing() {
    let world = World::start("states").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.create_hook("acme", &receiver.url("/unverified"), &[], json!({})).await;
    let paused = world.hook("acme", &receiver, &[], json!({})).await;
    let deleted = world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 1).await;
    receiver.until_accepted(2).await;

    change(&world, &paused, "pause").await;
    let gone = world.console(Method::DELETE, &format!("/v1/webhooks/{}", deleted.id), None).await;
    assert_eq!(gone.status(), 204);
    world.registry_seen().await;
    world.stop_books(&paused);
    world.stop_books(&deleted);
    let before = world.service(Kind::Fanout).metric("postbode_fanout_events_total").await;
    world.clicks("acme", 20).await;
    routed(&world, before, 20.0).await;
    assert_eq!((receiver.calls().len(), world.read(&world.topics.deliveries).await.len()), (2, 2));

    change(&world, &paused, "resume").await;
    world.registry_seen().await;
    world.keep_books(&paused, &receiver);
    world.clicks("acme", 1).await;
    receiver.until_accepted(3).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_made_before_a_pause_wait_without_spending_an_attempt() {
    let world = World::start("waiting").await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer::status(if before == 0 { 500 } else { 200 })).await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 5).await;
    receiver.until_called(5).await;
    change(&world, &hook, "pause").await;
    let deferred = || async {
        let deferred = world.service(Kind::Delivery).metric("postbode_delivery_deferred_total").await;
        if deferred >= 10.0 { Ok(()) } else { Err(format!("{deferred} deferrals")) }
    };
    harness::eventually(Duration::from_secs(20), "the deliveries wait", deferred).await;
    let called = receiver.calls().len();
    change(&world, &hook, "resume").await;
    receiver.until_accepted(5).await;
    world.settled().await;
    assert!(called <= 10, "a call that ran when the pause came may finish, no more: {called}");
    assert!(world.dead().await.is_empty(), "waiting spends no attempt");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_a_deleted_webhook_dies_and_one_that_the_view_lags_behind_waits() {
    let world = World::start("lagging").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    let delivery = |id: &str, webhook: &str, registry: i64| {
        let mut headers = Headers::new();
        for (name, value) in [
            (names::CE_ID, id),
            (names::CE_SOURCE, "/story"),
            (names::CE_TYPE, "click"),
            (names::CE_ACCOUNT, "acme"),
            (names::WEBHOOK, webhook),
            (names::DELIVERY, id),
        ] {
            headers.push(name, value.to_owned());
        }
        headers.push(names::REGISTRY, registry.to_string());
        let topic = std::sync::Arc::clone(&world.topics.deliveries);
        OutRecord { topic, key: Some(webhook.to_owned().into()), value: Some("{}".into()), headers }
    };
    let (sink, next) = (world.sink(), world.registry_end().await);
    // As fan-out would have written them: after reading what no other view has yet, and after a record long passed.
    sink.send(&delivery("dlv_ahead", &hook.id, next)).await.unwrap();
    sink.send(&delivery("dlv_unknown_ahead", "wh_new", next)).await.unwrap();
    sink.send(&delivery("dlv_unknown", "wh_deleted", 0)).await.unwrap();
    let letter = world.until_written(&world.topics.dead_deliveries, 1).await.remove(0);
    assert_eq!(letter.headers.text(names::DELIVERY), Some("dlv_unknown"));
    assert_eq!(letter.headers.text(names::REASON), Some("unknown-webhook"));
    let early = (receiver.calls().len(), world.dead().await.len());
    assert_eq!(early, (0, 1), "what the view has not reached waits");

    world.account("bolt").await;
    receiver.until_accepted(1).await;
    assert_eq!(receiver.calls()[0].id(), "dlv_ahead", "the view has passed it");
    let letters = world.until_written(&world.topics.dead_deliveries, 2).await;
    assert!(letters.iter().any(|letter| letter.headers.text(names::DELIVERY) == Some("dlv_unknown_ahead")));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_slept_through_a_webhooks_making_waits_for_its_view_and_delivers() {
    let world = World::start("asleep").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.service(Kind::Delivery).signal("STOP");
    let hook = world.create_hook("acme", &receiver.url("/hook"), &[], json!({})).await;
    world.verify(&hook, &receiver).await;
    let (end, fanout) = (world.registry_end().await as f64, world.service(Kind::Fanout));
    harness::eventually(Duration::from_secs(10), "fan-out knows the webhook", || async {
        let position = fanout.metric("postbode_registry_position").await;
        if position >= end { Ok(()) } else { Err(format!("{position} of {end}")) }
    })
    .await;
    world.keep_books(&hook, &receiver);
    world.clicks("acme", 5).await;
    world.until_written(&world.topics.deliveries, 5).await;
    world.service(Kind::Delivery).signal("CONT");
    receiver.until_accepted(5).await;
    assert!(world.dead().await.is_empty(), "nothing is unknown-webhook");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_a_tier_for_a_webhook_that_is_deleted_dies_as_unknown_webhook() {
    let patient = vec![("POSTBODE__DELIVERY__SCHEDULE", "1s,1s,1s,1s,1s,1s".to_owned())];
    let options = WorldOptions { environment: patient, ..WorldOptions::default() };
    let world = World::with("deleted", options).await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, _| Answer::status(500)).await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 3).await;
    receiver.until_called(3).await;
    let gone = world.console(Method::DELETE, &format!("/v1/webhooks/{}", hook.id), None).await;
    assert_eq!(gone.status(), 204);
    let letters = world.until_written(&world.topics.dead_deliveries, 3).await;
    let reasons = letters.iter().map(|letter| letter.headers.text(names::REASON));
    assert!(reasons.into_iter().all(|reason| reason == Some("unknown-webhook")), "{letters:?}");
    world.close().await;
}

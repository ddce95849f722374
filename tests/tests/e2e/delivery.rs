//! Who gets what, and how it is signed.

use harness::{Receiver, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn one_event_reaches_each_webhook_that_wants_its_type_and_nobody_elses() {
    let world = World::start("matching").await;
    let (clicks, all, other) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.account("acme").await;
    world.account("bolt").await;
    let for_clicks = world.hook("acme", &clicks, &["click"], json!({})).await;
    world.hook("acme", &all, &[], json!({})).await;
    world.hook("bolt", &other, &[], json!({})).await;

    let sent = world.clicks("acme", 3).await;
    world.events("acme", "open", 2).await;
    clicks.until_accepted(3).await;
    all.until_accepted(5).await;
    world.settled().await;

    assert!(clicks.calls().iter().all(|call| call.json()["type"] == "click"));
    let named: Vec<_> = sent.iter().map(|event| for_clicks.delivery(event).to_string()).collect();
    assert!(clicks.calls().iter().all(|call| named.contains(&call.id())));
    assert_eq!((clicks.duplicates(), all.duplicates(), other.calls().len()), (0, 0, 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_verifies_with_the_standardwebhooks_library() {
    let world = World::start("formats").await;
    world.account("acme").await;
    let mut ends = Vec::new();
    for format in ["json", "standard", "cloudevents"] {
        let receiver = Receiver::start().await;
        let extra = json!({"format": format, "headers": {"X-Own": "mine"}});
        let hook = world.hook("acme", &receiver, &["click"], extra).await;
        ends.push((format, receiver, hook));
    }
    let event = world.clicks("acme", 1).await.remove(0);
    let stranger = ends[0].2.secret.clone();
    for (format, receiver, hook) in &ends {
        receiver.until_accepted(1).await;
        let call = receiver.calls().remove(0);
        assert!(call.verifies(&hook.secret), "{format}");
        assert!(*format == "json" || !call.verifies(&stranger), "{format} is signed with its own secret");
        assert_eq!(call.header("x-own"), "mine");
        assert!(call.header("user-agent").starts_with("Postbode/"));
        let body = call.json();
        let data = match *format {
            "json" => &body,
            _ => &body["data"],
        };
        assert!(data["recipient"].is_string(), "{body}");
        if *format == "cloudevents" {
            assert_eq!(
                (call.header("content-type"), &body["id"]),
                ("application/cloudevents+json", &json!(event.id.as_str()))
            );
        }
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_and_the_one_before_both_verify() {
    let world = World::start("rotation").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    let path = format!("/v1/webhooks/{}/rotate-secret", hook.id);
    let rotated = world.console(reqwest::Method::POST, &path, Some(json!({"keep_previous_for": "1h"}))).await;
    assert_eq!(rotated.status(), 200);
    let rotated: serde_json::Value = rotated.json().await.unwrap();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, hook.secret);
    world.registry_seen().await;
    world.clicks("acme", 1).await;
    receiver.until_accepted(1).await;
    let call = receiver.calls().remove(0);
    assert!(call.verifies(new) && call.verifies(&hook.secret), "{}", call.header("webhook-signature"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producers_trace_arrives_at_the_receiver() {
    let world = World::start("trace").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.hook("acme", &receiver, &[], json!({})).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let body = wire::catalogue::sample("click", 1);
    let headers = [("content-type", "application/json"), ("traceparent", trace)];
    assert_eq!(world.post_events("?account=acme", &headers, body).await.status(), 202);
    receiver.until_accepted(1).await;
    assert!(receiver.calls()[0].header("traceparent").contains("0af7651916cd43dd8448eb211c80319c"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_made_verified_and_hit_within_a_second_gets_its_first_event() {
    let world = World::start("at-once").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let began = tokio::time::Instant::now();
    let hook = world.create_hook("acme", &receiver.url("/hook"), &[], json!({})).await;
    world.verify(&hook, &receiver).await;
    // Fan-out knows the webhook from here on; delivery may not yet.
    let seen = || async {
        let events = world.clicks("acme", 1).await;
        if world.read(&world.topics.deliveries).await.is_empty() {
            Err(format!("{events:?}"))
        } else {
            Ok(())
        }
    };
    harness::eventually(std::time::Duration::from_secs(5), "fan-out knows the webhook", seen).await;
    receiver.until_accepted(1).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
    assert!(world.dead().await.is_empty(), "nothing is unknown-webhook");
    world.close().await;
}

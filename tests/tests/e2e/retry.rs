//! Endpoints that fail, for a while or for good.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::DeathReason;
use harness::{Answer, Receiver, World};
use serde_json::json;
use wire::{dead_letter, names};

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_three_times_and_then_accepts_gets_the_same_call_four_times() {
    let world = World::start("flaky").await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer::status(if before < 3 { 500 } else { 200 })).await;
    world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 1).await;
    let calls = receiver.until_called(4).await;
    world.settled().await;
    assert_eq!(calls.iter().map(harness::Call::id).collect::<BTreeSet<_>>().len(), 1, "one id");
    assert_eq!(calls.iter().map(|call| call.body.clone()).collect::<BTreeSet<_>>().len(), 1, "one body");
    let waits: Vec<Duration> = calls.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    let planned = [Duration::from_millis(300), Duration::from_millis(300), Duration::from_secs(1)];
    for (wait, planned) in waits.iter().zip(planned) {
        // The call is noted when it is answered, which is before the retry's clock starts.
        assert!(*wait >= planned, "{wait:?} is earlier than {planned:?}");
    }
    assert_eq!(receiver.calls().len(), 4);
    assert!(world.dead().await.is_empty());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_never_accepts_ends_in_the_dead_letters_and_a_replay_delivers_it() {
    let world = World::start("dead").await;
    world.account("acme").await;
    let well = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let receiver = Receiver::scripted({
        let well = std::sync::Arc::clone(&well);
        move |_, _| Answer::status(if well.load(std::sync::atomic::Ordering::SeqCst) { 204 } else { 503 })
    })
    .await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    let event = world.clicks("acme", 1).await.remove(0);
    let letter = world.until_written(&world.topics.dead_deliveries, 1).await.remove(0);

    let (death, from) = dead_letter::read(&letter.headers).unwrap();
    assert_eq!((death.reason, death.attempts, death.last_status), (DeathReason::Exhausted, 4, Some(503)));
    assert_eq!(from.topic, world.topics.deliveries);
    for name in [
        names::CE_SPECVERSION,
        names::CE_ID,
        names::CE_SOURCE,
        names::CE_TYPE,
        names::CE_TIME,
        names::CE_ACCOUNT,
        names::CONTENT_TYPE,
        names::WEBHOOK,
        names::DELIVERY,
        names::ORIGIN,
        names::REGISTRY,
        names::ATTEMPT,
        names::DEFERRALS,
        names::FIRST_ATTEMPT_AT,
        names::DLQ_TOPIC,
        names::DLQ_PARTITION,
        names::DLQ_OFFSET,
        names::DLQ_GROUP,
        names::DLQ_COUNT,
        names::DLQ_MESSAGE,
        names::LAST_STATUS,
        names::LAST_ERROR,
        names::REASON,
    ] {
        assert!(letter.headers.text(name).is_some_and(|text| !text.is_empty()), "{name} is there, and text");
    }
    assert_eq!(letter.key.as_deref(), Some(hook.id.as_bytes()));
    assert!(letter.timestamp > from.timestamp, "it is dated by its death");

    let id = hook.delivery(&event).to_string();
    let listed = world.postbode(&["dlq", "ls", "--json", "--topic", "deliveries"]).await;
    assert!(listed.contains(&id) && listed.contains("exhausted"), "{listed}");
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    world.postbode(&["dlq", "replay", "--topic", "deliveries", "--reason", "exhausted"]).await;
    receiver.until_accepted(1).await;
    assert_eq!(receiver.accepted(), BTreeSet::from([id]));
    world.postbode(&["dlq", "replay", "--topic", "deliveries", "--reason", "exhausted"]).await;
    world.settled().await;
    assert_eq!(receiver.duplicates(), 0, "a second replay finds nothing left to do");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_disabled_and_its_delivery_is_buried() {
    let world = World::start("gone").await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, _| Answer::status(410)).await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    world.clicks("acme", 1).await;
    let letter = world.until_written(&world.topics.dead_deliveries, 1).await.remove(0);
    assert_eq!(letter.headers.text(names::REASON), Some("gone"));
    harness::eventually(Duration::from_secs(10), "the webhook is disabled", || async {
        let path = format!("/v1/webhooks/{}", hook.id);
        let shown: serde_json::Value =
            world.console(reqwest::Method::GET, &path, None).await.json().await.unwrap();
        if shown["state"] == "disabled" && shown["disabled_reason"] == "gone" {
            Ok(())
        } else {
            Err(shown.to_string())
        }
    })
    .await;
    world.registry_seen().await;
    world.stop_books(&hook);
    world.clicks("acme", 2).await;
    world.close().await;
    assert_eq!(receiver.calls().len(), 1);
}

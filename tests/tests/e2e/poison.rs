//! Records that are no events, and events that are too large.

use std::sync::Arc;

use bytes::Bytes;
use domain::DeathReason;
use harness::{Answer, Receiver, World};
use serde_json::json;
use wire::{Headers, OutRecord, dead_letter, names};

fn record(topic: &Arc<str>, key: &'static [u8], value: Option<Bytes>) -> OutRecord {
    let mut headers = Headers::new();
    headers.push(names::CE_ID, uuid::Uuid::now_v7().to_string());
    headers.push(names::CE_SOURCE, "/kafka");
    headers.push(names::CE_TYPE, "click");
    headers.push(names::CE_ACCOUNT, "acme");
    OutRecord { topic: Arc::clone(topic), key: Some(Bytes::from_static(key)), value, headers }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_poison_is_buried_with_its_reasons_and_stops_nobody() {
    let world = World::start("poison").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.hook("acme", &receiver, &[], json!({})).await;
    let (sink, events) = (world.sink(), &world.topics.events);
    let poison = [
        Some(Bytes::from_static(b"\xff\xfe\x00")),
        Some(Bytes::from_static(b"{\"a\":")),
        None,
        Some(Bytes::new()),
    ];
    for n in 0..400 {
        let value = poison[n % poison.len()].clone();
        drop(sink.send(&record(events, b"\x00\x01\xff", value)));
    }
    let good = Some(Bytes::from_static(b"{\"id\":\"m\"}"));
    for _ in 0..20 {
        sink.send(&record(events, b"\x00\x01\xff", good.clone())).await.unwrap();
    }
    receiver.until_accepted(20).await;
    let letters = world.until_written(&world.topics.dead_events, 400).await;
    assert_eq!(letters.len(), 400);
    for letter in &letters {
        let (death, from) = dead_letter::read(&letter.headers).unwrap();
        assert_eq!((death.reason, &from.topic), (DeathReason::Malformed, events));
        assert_eq!(letter.key.as_deref(), Some(&b"\x00\x01\xff"[..]), "binary keys are kept");
    }
    assert!(
        letters.iter().any(|letter| letter.value.as_deref() == Some(&b"\xff\xfe\x00"[..])),
        "bytes are kept"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_exactly_the_limit_goes_all_the_way_into_the_dead_letters() {
    let world = World::start("largest").await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, _| Answer::status(500)).await;
    world.hook("acme", &receiver, &[], json!({})).await;
    let frame = "{\"type\":\"note\",\"mime\":\"\"}".len();
    let limit = world.topics.event_max_bytes();
    let event = |size: usize| format!("{{\"type\":\"note\",\"mime\":\"{}\"}}", "x".repeat(size - frame));
    let headers = [("content-type", "application/json")];

    let over = world.post_events("?account=acme", &headers, event(limit + 1)).await;
    assert_eq!(over.status(), 413);
    assert!(over.text().await.unwrap().contains(&limit.to_string()), "the limit is named");
    let two = world.post_events("?account=acme", &headers, event(2 * 1024 * 1024)).await;
    assert_eq!(two.status(), 413);

    assert_eq!(world.post_events("?account=acme", &headers, event(limit)).await.status(), 202);
    let letter = world.until_written(&world.topics.dead_deliveries, 1).await.remove(0);
    assert_eq!(letter.value.map(|value| value.len()), Some(limit), "whole");
    assert_eq!(letter.headers.text(names::REASON), Some("exhausted"));
    assert_eq!(receiver.calls().len(), 4);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_over_the_limit_that_kafka_took_is_buried_as_too_large() {
    // Everyone was told of a smaller limit than the topics have room for.
    let small = vec![("POSTBODE__TOPICS__EVENT_MAX_BYTES", "2000".to_owned())];
    let options = harness::WorldOptions { environment: small, ..Default::default() };
    let world = World::with("too-large", options).await;
    let value = Some(Bytes::from(format!("{{\"a\":\"{}\"}}", "x".repeat(5_000))));
    world.sink().send(&record(&world.topics.events, b"k", value)).await.unwrap();
    let letter = world.until_written(&world.topics.dead_events, 1).await.remove(0);
    let (death, _) = dead_letter::read(&letter.headers).unwrap();
    assert_eq!(death.reason, DeathReason::TooLarge);
    assert!(death.message.contains("2000"), "{}", death.message);
    world.close().await;
}

//! Several deliveries in one call.

use std::collections::BTreeSet;

use harness::{Answer, Call, Kind, Receiver, World};
use serde_json::json;

/// The ids of the deliveries in a call, each checked to be there once.
fn members(call: &Call) -> Vec<String> {
    let list = call.json();
    list.as_array()
        .unwrap()
        .iter()
        .map(|element| element["webhook-id"].as_str().unwrap().to_owned())
        .collect()
}

fn delivered(calls: &[Call]) -> Vec<String> {
    calls.iter().filter(|call| call.accepted()).flat_map(members).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fails_is_sent_again_as_it_was_and_each_delivery_arrives_once() {
    let world = World::start("batches").await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer::status(if before == 0 { 503 } else { 200 })).await;
    let batch = json!({"batch": {"max_events": 20, "max_wait_ms": 500}, "limits": {"concurrency": 1}});
    let hook = world.hook("acme", &receiver, &[], batch).await;
    world.stop_books(&hook);
    let events = world.clicks("acme", 60).await;
    let due: BTreeSet<_> = events.iter().map(|event| hook.delivery(event).to_string()).collect();
    harness::eventually(std::time::Duration::from_secs(60), "all arrive", || async {
        let got: BTreeSet<_> = delivered(&receiver.calls()).into_iter().collect();
        if got == due { Ok(()) } else { Err(format!("{} of {}", got.len(), due.len())) }
    })
    .await;
    let calls = receiver.calls();
    assert_eq!(delivered(&calls).len(), 60, "each once");
    assert!(calls.iter().all(|call| members(call).len() <= 20 && call.verifies(&hook.secret)));
    let retried = calls
        .iter()
        .filter(|call| call.accepted() && calls.iter().any(|c| !c.accepted() && c.id() == call.id()));
    assert!(retried.clone().count() > 0, "a failed batch keeps its name");
    for call in retried {
        let first = calls.iter().find(|other| other.id() == call.id()).unwrap();
        assert_eq!(first.body, call.body, "and every byte of it");
    }
    assert!(world.dead().await.is_empty());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_killed_amid_batches_loses_nothing() {
    let mut world = World::start("batches-killed").await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, _| Answer {
        delay: std::time::Duration::from_millis(20),
        ..Answer::default()
    })
    .await;
    let hook =
        world.hook("acme", &receiver, &[], json!({"batch": {"max_events": 7, "max_wait_ms": 100}})).await;
    world.stop_books(&hook);
    let events = world.clicks("acme", 600).await;
    receiver.until_called(10).await;
    let mut victim = world.take(Kind::Delivery);
    victim.signal("KILL");
    victim.ended().await;
    world.add(Kind::Delivery).await;
    let due: BTreeSet<_> = events.iter().map(|event| hook.delivery(event).to_string()).collect();
    harness::eventually(std::time::Duration::from_secs(60), "all arrive", || async {
        let got: BTreeSet<_> = delivered(&receiver.calls()).into_iter().collect();
        if got == due { Ok(()) } else { Err(format!("{} of {}", got.len(), due.len())) }
    })
    .await;
    world.close().await;
}

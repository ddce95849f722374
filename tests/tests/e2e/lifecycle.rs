//! Processes that stop, die, come and go.

use std::time::Duration;

use harness::{Answer, Kind, Receiver, World, WorldOptions};
use serde_json::json;

/// Takes its time, so that there is always something under way.
async fn slow() -> Receiver {
    Receiver::scripted(|_, _| Answer { delay: Duration::from_millis(20), ..Answer::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_duplicates_nothing() {
    let mut world = World::start("sigterm").await;
    world.account("acme").await;
    let receiver = slow().await;
    world.hook("acme", &receiver, &[], json!({"limits": {"concurrency": 8}})).await;
    for _ in 0..3 {
        world.clicks("acme", 400).await;
        receiver.until_accepted(receiver.accepted().len() + 100).await;
        let old = world.take(Kind::Delivery);
        old.stop().await;
        world.add(Kind::Delivery).await;
        let old = world.take(Kind::Fanout);
        old.stop().await;
        world.add(Kind::Fanout).await;
    }
    receiver.until_accepted(1_200).await;
    world.close().await;
    assert_eq!((receiver.accepted().len(), receiver.duplicates()), (1_200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_delivery_loses_nothing_and_repeats_no_more_than_was_not_committed() {
    let mut world = World::start("sigkill").await;
    world.account("acme").await;
    let receiver = slow().await;
    world.hook("acme", &receiver, &[], json!({"limits": {"concurrency": 8}})).await;
    world.clicks("acme", 1_000).await;
    for _ in 0..2 {
        receiver.until_accepted(receiver.accepted().len() + 200).await;
        let mut victim = world.take(Kind::Delivery);
        victim.signal("KILL");
        victim.ended().await;
        world.add(Kind::Delivery).await;
    }
    receiver.until_accepted(1_000).await;
    world.close().await;
    // At eight calls of 20 ms at once, half a second's work and what was in flight is 208 calls, per kill.
    assert!(receiver.duplicates() <= 2 * 260, "{} duplicates", receiver.duplicates());
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_come_and_go_under_load_share_the_work_and_lose_nothing() {
    let mut world = World::start("sharing").await;
    world.account("acme").await;
    let mut receivers = Vec::new();
    for _ in 0..4 {
        let receiver = slow().await;
        world.hook("acme", &receiver, &[], json!({"limits": {"concurrency": 8}})).await;
        receivers.push(receiver);
    }
    world.clicks("acme", 300).await;
    world.add(Kind::Delivery).await;
    world.add(Kind::Fanout).await;
    world.clicks("acme", 300).await;
    harness::eventually(Duration::from_secs(20), "the partitions are shared", || async {
        for service in world.services.iter().filter(|s| matches!(s.kind, Kind::Fanout | Kind::Delivery)) {
            let partitions = service.metric("postbode_partitions").await;
            if !(1.0..=2.0).contains(&partitions) {
                return Err(format!("{} has {partitions}", service.kind.name()));
            }
        }
        Ok(())
    })
    .await;
    world.take(Kind::Delivery).stop().await;
    world.take(Kind::Fanout).stop().await;
    world.clicks("acme", 300).await;
    for receiver in &receivers {
        receiver.until_accepted(900).await;
    }
    world.close().await;
    let twice: usize = receivers.iter().map(Receiver::duplicates).sum();
    assert_eq!(twice, 0, "each drain was shorter than two seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_and_console_stop_cleanly_and_a_killed_retry_loses_nothing() {
    // Each delivery's own first call fails: no endpoint does that, and a breaker would take it for one that is down.
    let environment = vec![("POSTBODE__DELIVERY__BREAKER_FAILURES", "0".to_owned())];
    let options = WorldOptions { environment, ..WorldOptions::default() };
    let mut world = World::with("retry-killed", options).await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer::status(if before == 0 { 503 } else { 200 })).await;
    world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 300).await;
    receiver.until_called(50).await;
    let mut victim = world.take(Kind::Retry);
    victim.signal("KILL");
    victim.ended().await;
    world.add(Kind::Retry).await;
    receiver.until_accepted(300).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_fanout_loses_nothing_and_what_it_makes_again_keeps_its_id() {
    let mut world = World::start("fanout-killed").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    let mut events = world.clicks("acme", 1_000).await;
    receiver.until_accepted(100).await;
    let mut victim = world.take(Kind::Fanout);
    victim.signal("KILL");
    victim.ended().await;
    events.extend(world.clicks("acme", 100).await);
    world.add(Kind::Fanout).await;
    receiver.until_accepted(1_100).await;
    let due = events.iter().map(|event| hook.delivery(event).to_string()).collect();
    assert_eq!(receiver.accepted(), due, "these, and by these ids");
    world.close().await;
}

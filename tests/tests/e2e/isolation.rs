//! One endpoint's trouble is its own.

use std::time::Duration;

use harness::{Answer, Receiver, World};
use serde_json::json;
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_endpoint_does_not_hold_up_a_healthy_one_of_the_same_events() {
    let world = World::start("hanging").await;
    world.account("acme").await;
    let healthy = Receiver::start().await;
    let hanging =
        Receiver::scripted(|_, _| Answer { delay: Duration::from_secs(20), ..Answer::default() }).await;
    let hook = world.hook("acme", &hanging, &[], json!({"limits": {"timeout": "2s"}})).await;
    world.hook("acme", &healthy, &[], json!({})).await;
    world.stop_books(&hook);
    let began = Instant::now();
    world.clicks("acme", 2_000).await;
    healthy.until_accepted(2_000).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_with_a_rate_is_called_no_faster_and_misses_nothing() {
    let world = World::start("rate").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.hook("acme", &receiver, &[], json!({"limits": {"per_second": 20}})).await;
    world.clicks("acme", 100).await;
    receiver.until_accepted(100).await;
    let times: Vec<Instant> = receiver.calls().iter().map(|call| call.at).collect();
    for (first, last) in times.iter().zip(times.iter().skip(30)) {
        assert!(*last - *first >= Duration::from_millis(1_200), "30 calls within {:?}", *last - *first);
    }
    world.close().await;
}

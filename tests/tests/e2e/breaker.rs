//! Endpoints that fail are left alone, and in the end for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Answer, Hook, Kind, Receiver, World, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};

async fn shown(world: &World, hook: &Hook) -> Value {
    world.console(Method::GET, &format!("/v1/webhooks/{}", hook.id), None).await.json().await.unwrap()
}

async fn until_shown(world: &World, hook: &Hook, what: &str, is_so: impl Fn(&Value) -> bool) {
    harness::eventually(Duration::from_secs(30), what, || async {
        let webhook = shown(world, hook).await;
        if is_so(&webhook) { Ok(()) } else { Err(webhook.to_string()) }
    })
    .await;
}

/// A receiver that fails until it is healed.
async fn failing(status: u16) -> (Receiver, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let healed = Arc::clone(&well);
    let script = move |_: &_, _| Answer::status(if well.load(Ordering::SeqCst) { 200 } else { status });
    (Receiver::scripted(script).await, healed)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_is_left_alone_shown_as_failing_and_gets_everything_once_it_is_well() {
    let world = World::start("breaker").await;
    world.account("acme").await;
    let (receiver, healed) = failing(500).await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 100).await;
    until_shown(&world, &hook, "it is shown as failing", |it| it["breaker"] == "open").await;
    assert!(shown(&world, &hook).await["failing_since"].is_string());
    harness::eventually(Duration::from_secs(10), "it is counted", || async {
        let open = world.service(Kind::Delivery).metric("postbode_delivery_breakers_open").await;
        if open == 1.0 { Ok(()) } else { Err(format!("{open}")) }
    })
    .await;
    let before = receiver.calls().len();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let probes = receiver.calls().len() - before;
    assert!(probes <= 8, "{probes} calls in two seconds: it is asked, not hit");
    assert!(world.dead().await.is_empty(), "waiting spends no attempt");

    healed.store(true, Ordering::SeqCst);
    receiver.until_accepted(100).await;
    until_shown(&world, &hook, "it is shown as well", |it| it["breaker"] == "closed").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_failures_for_long_disables_a_webhook_and_tells_its_account_through_another_one() {
    let environment = vec![("POSTBODE__DELIVERY__GIVE_UP", "3s".to_owned())];
    let world = World::with("give-up", WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let (receiver, _) = failing(500).await;
    let watcher = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    world.hook("acme", &watcher, &["postbode.webhook.disabled"], json!({})).await;
    world.stop_books(&hook);
    world.clicks("acme", 50).await;
    until_shown(&world, &hook, "it is disabled", |it| it["state"] == "disabled").await;
    watcher.until_called(1).await;
    let told = watcher.calls()[0].json();
    assert_eq!((&told["type"], &told["webhook"]), (&json!("postbode.webhook.disabled"), &json!(hook.id)));
    assert_eq!((&told["reason"], told["failing_since"].is_string()), (&json!("failing"), true));
    assert_eq!(watcher.accepted().len(), 1, "told once, however often it was found out");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_asks_for_a_pause_is_left_alone_for_so_long() {
    let environment = vec![("POSTBODE__DELIVERY__BREAKER_LONGEST", "10s".to_owned())];
    let world = World::with("throttled", WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, _| Answer::status(200)).await;
    let throttling = Receiver::scripted({
        let first = AtomicBool::new(true);
        move |_, _| match first.swap(false, Ordering::SeqCst) {
            true => Answer { retry_after: Some(2), ..Answer::status(429) },
            false => Answer::status(200),
        }
    })
    .await;
    world.hook("acme", &receiver, &[], json!({})).await;
    world.hook("acme", &throttling, &[], json!({"limits": {"concurrency": 1}})).await;
    world.clicks("acme", 20).await;
    receiver.until_accepted(20).await;
    throttling.until_accepted(20).await;
    let calls = throttling.calls();
    let pause = calls[1].at - calls[0].at;
    assert!(pause >= Duration::from_millis(1_900), "the lane waits, not only the record: {pause:?}");
    world.close().await;
}

//! A webhook's page while events arrive.

use std::time::Duration;

use harness::{Browser, Receiver, World, browse, eventually};
use serde_json::json;

use super::{pages, sign_in};

const ROWS: &str = "#deliveries tbody tr";

async fn until_rows(browser: &Browser, count: usize) {
    eventually(Duration::from_secs(30), "rows come by themselves", || async {
        let rows = browser.count(ROWS).await;
        if rows >= count { Ok(()) } else { Err(format!("{rows} of {count}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_appear_by_themselves_until_the_reader_stops_them() {
    browse("live", async |browsers| {
        let world = World::start("browser-live").await;
        let (key, receiver) = (world.account("acme").await, Receiver::start().await);
        let hook = world.hook("acme", &receiver, &[], json!({})).await;
        let (browser, console) = (browsers.open().await, pages(&world));
        sign_in(&browser, &console, &key).await;
        browser.go(&format!("{console}/webhooks/{}", hook.id)).await;
        browser.see("#deliveries .none").await;
        world.clicks("acme", 2).await;
        browser.see(ROWS).await;
        until_rows(&browser, 2).await;

        browser.press("[data-live-switch] input").await;
        world.clicks("acme", 1).await;
        receiver.until_accepted(3).await;
        let history = format!("{console}/deliveries?webhook={}", hook.id);
        let other = browsers.open().await;
        sign_in(&other, &console, &key).await;
        eventually(Duration::from_secs(30), "the third is in the history", || async {
            other.go(&history).await;
            if other.count("main tbody tr").await == 3 { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        assert_eq!(browser.count(ROWS).await, 2, "nothing moves under who reads");
        browser.press("[data-live-switch] input").await;
        until_rows(&browser, 3).await;

        browser.press("#deliveries tbody a").await;
        browser.see_text("webhook-signature").await;
        assert!(browser.path().await.starts_with("/deliveries/"));
        world.close().await;
    })
    .await;
}

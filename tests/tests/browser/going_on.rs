//! What scripts show as it goes on: a test of all webhooks, and the count of what one has missed.

use std::time::Duration;

use harness::{Answer, Browser, Kind, Receiver, World, WorldOptions, browse, eventually};
use serde_json::json;

use super::{pages, sign_in};

/// Long enough to see that one has ended and the other has not.
const SLOW: Duration = Duration::from_secs(4);

async fn test_all(browser: &Browser, console: &str) {
    browser.go(&format!("{console}/webhooks")).await;
    browser.press("form[action$='/test-all'] button").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_result_of_a_test_of_all_webhooks_is_seen_as_it_ends_and_they_end_as_without_scripts() {
    browse("test-all", async |browsers| {
        let services = Some(vec![Kind::Console]);
        let world =
            World::with("browser-test-all", WorldOptions { services, ..WorldOptions::default() }).await;
        let key = world.account("acme").await;
        let quick = Receiver::start().await;
        let slow = Receiver::scripted(|_, _| Answer { status: 500, delay: SLOW, ..Answer::default() }).await;
        for (receiver, name) in [(&quick, "quick"), (&slow, "slow")] {
            world.hook("acme", receiver, &[], json!({"name": name})).await;
        }
        let (browser, console) = (browsers.open().await, pages(&world));
        sign_in(&browser, &console, &key).await;
        test_all(&browser, &console).await;
        browser.see("tr[data-passed]").await;
        browser.see("tr[data-test]").await;
        assert_eq!(browser.text("tr[data-test] .state").await, "testing…");
        assert_eq!(browser.attribute("progress", "max").await, "2");
        assert_eq!(browser.run("return document.getElementById('far').value").await, json!(1));
        browser.see_text("1 of 2 passed.").await;
        assert_eq!(browser.count("tr[data-test]").await, 0);
        let shown = browser.text("main tbody").await;

        let plain = browsers.open_without_scripts().await;
        sign_in(&plain, &console, &key).await;
        test_all(&plain, &console).await;
        plain.see_text("1 of 2 passed.").await;
        let without_times = |text: &str| -> Vec<String> {
            text.split_whitespace().filter(|word| word.parse::<f64>().is_err()).map(str::to_owned).collect()
        };
        assert_eq!(without_times(&shown), without_times(&plain.text("main tbody").await));
        world.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_in_a_pause_is_counted_beside_its_offer_and_then_sent() {
    browse("missed", async |browsers| {
        let world = World::start("browser-missed").await;
        let (key, receiver) = (world.account("acme").await, Receiver::start().await);
        let hook = world.hook("acme", &receiver, &[], json!({})).await;
        let (browser, console) = (browsers.open().await, pages(&world));
        sign_in(&browser, &console, &key).await;
        let page = format!("{console}/webhooks/{}", hook.id);
        browser.go(&page).await;
        browser.press_named("Pause").await;
        browser.see_text("Paused.").await;
        world.registry_seen().await;
        world.clicks("acme", 3).await;
        let log = format!("{console}/audit?action=webhook.paused&object={}", hook.id);
        eventually(Duration::from_secs(30), "the pause is in the log", || async {
            browser.go(&log).await;
            if browser.count("main tbody tr").await == 1 { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        assert_eq!(receiver.calls().len(), 0, "nothing is sent while it is paused");

        browser.go(&page).await;
        browser.press_named("Resume").await;
        browser.see("#offer time[title]").await;
        browser.press("#offer a").await;
        browser.see("#offer button.primary").await;
        assert!(browser.text("#offer .facts").await.contains('3'));
        browser.press("#offer button.primary").await;
        receiver.until_accepted(3).await;
        assert!(browser.path().await.starts_with("/jobs/"));
        world.close().await;
    })
    .await;
}

//! What scripts add for those who let them run.

use harness::{Browser, Kind, Receiver, World, WorldOptions, browse};
use serde_json::json;

use super::{pages, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_judged_boxes_exclude_each_other_and_a_secret_is_copied() {
    browse("comfort", async |browsers| {
        let services = Some(vec![Kind::Console]);
        let world =
            World::with("browser-comfort", WorldOptions { services, ..WorldOptions::default() }).await;
        let (key, receiver) = (world.account("acme").await, Receiver::start().await);
        let (browser, console) = (browsers.open().await, pages(&world));
        sign_in(&browser, &console, &key).await;
        browser.press_named("Make your first webhook").await;
        urls_are_judged(&browser, &receiver).await;
        boxes_exclude_each_other(&browser).await;
        browser.press("form.stack button.primary").await;
        the_secret_is_copied(&browser).await;
        world.close().await;
    })
    .await;
}

async fn urls_are_judged(browser: &Browser, receiver: &Receiver) {
    for bad in ["ftp://example.com/hook", "https://10.0.0.1/hook", "no URL at all"] {
        browser.fill("#url", bad).await;
        browser.see("#url-said.bad").await;
        assert!(!browser.text("#url-said").await.is_empty(), "{bad}");
    }
    browser.fill("#url", &receiver.url("/hook")).await;
    browser.see("#url-said.good").await;
    assert_eq!(browser.text("#url-said").await, "This URL can be called.");
}

async fn boxes_exclude_each_other(browser: &Browser) {
    let (all, click, open) = ("input[data-all]", "input[value='click']", "input[value='open']");
    assert!(browser.is_ticked(all).await, "all types, until somebody chooses");
    browser.press(click).await;
    browser.press(open).await;
    assert!(!browser.is_ticked(all).await && browser.is_ticked(click).await && browser.is_ticked(open).await);
    browser.press(all).await;
    assert!(
        browser.is_ticked(all).await && !browser.is_ticked(click).await && !browser.is_ticked(open).await
    );
}

async fn the_secret_is_copied(browser: &Browser) {
    let secret = browser.text("#secret").await;
    assert!(secret.starts_with("whsec_"), "{secret}");
    browser.press("button[data-copy='secret']").await;
    browser.see_text("Copy ✓").await;
    browser.press("details > summary").await;
    browser.press("#code").await;
    browser.paste().await;
    let pasted = browser.run("return document.getElementById('code').value").await;
    assert_eq!(pasted, json!(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_shown_in_the_readers_zone_and_in_utc_on_hover() {
    browse("times", async |browsers| {
        let services = Some(vec![Kind::Console]);
        let world = World::with("browser-times", WorldOptions { services, ..WorldOptions::default() }).await;
        let key = world.account("acme").await;
        let hook = world.create_hook("acme", "https://hooks.example.com/a", &[], json!({})).await;
        let (browser, console) = (browsers.open().await, pages(&world));
        sign_in(&browser, &console, &key).await;
        browser.go(&format!("{console}/webhooks/{}", hook.id)).await;
        browser.press_named("Rotate secret").await;
        browser.see("#secrets time[title]").await;
        let time = browser.run(
            "const time = document.querySelector('#secrets time');
             const zone = {timeZone: 'Europe/Amsterdam', dateStyle: 'medium', timeStyle: 'medium'};
             return {shown: time.textContent, hover: time.title, at: time.dateTime,
                     expected: new Intl.DateTimeFormat('en', zone).format(new Date(time.dateTime))};",
        );
        let time = time.await;
        assert_eq!(time["shown"], time["expected"], "{time}");
        let (hover, at) = (time["hover"].as_str().unwrap(), time["at"].as_str().unwrap());
        assert_eq!(hover, format!("{} {} UTC", &at[..10], &at[11..19]));
        assert_ne!(time["shown"], time["hover"]);
        world.close().await;
    })
    .await;
}

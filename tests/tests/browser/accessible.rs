//! Every page: by rules of accessibility, and on a phone.

use std::time::Duration;

use harness::{Answer, Browser, BrowserOptions, Language, Receiver, World, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::{pages, sign_in};

/// Every page of a console that has something to show.
async fn all_pages(world: &World, key: &str, hook: &str) -> Vec<String> {
    let deliveries = eventually(Duration::from_secs(60), "a delivery is in the history", || async {
        let found: Value =
            world.console_as(key, Method::GET, "/v1/deliveries", None).await.json().await.unwrap_or_default();
        found["items"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| found.to_string())
    })
    .await;
    let job: Value = world
        .console_as(key, Method::POST, "/v1/dead-letters/replay", Some(json!({})))
        .await
        .json()
        .await
        .unwrap_or_default();
    let webhook = format!("/webhooks/{hook}");
    vec![
        format!("/jobs/{}", job["id"].as_str().expect("a job")),
        "/webhooks".to_owned(),
        "/webhooks/new".to_owned(),
        format!("{webhook}/edit"),
        format!("{webhook}/verify"),
        webhook,
        "/deliveries".to_owned(),
        format!("/deliveries/{deliveries}"),
        "/dead-letters".to_owned(),
        "/event-types".to_owned(),
        "/event-types/click".to_owned(),
        "/nowhere-to-be-found".to_owned(),
    ]
}

/// An account with one webhook that takes and one that fails for good.
async fn lively(story: &str) -> (World, String, String) {
    let world = World::start(story).await;
    let key = world.account("acme").await;
    let (good, bad) = (Receiver::start().await, Receiver::scripted(|_, _| Answer::status(500)).await);
    let hook = world.hook("acme", &good, &["click"], json!({})).await;
    world.hook("acme", &bad, &["click"], json!({})).await;
    world.clicks("acme", 3).await;
    good.until_accepted(3).await;
    (world, key, hook.id)
}

/// WCAG 2.2 A and AA, and what axe's makers hold for good practice.
const AXE: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
        .then((found) => done(found.violations.map((it) => [it.id, it.help, it.nodes.map((node) => node.html)])));";

#[tokio::test(flavor = "multi_thread")]
async fn no_page_breaks_a_rule_of_accessibility_in_light_or_dark_or_leaves_a_phones_screen() {
    let Some(node) = Language::prepare("node").await else { return };
    let axe = std::fs::read_to_string(node.file("node_modules/axe-core/axe.min.js")).expect("axe-core");
    let (world, key, hook) = lively("browser-axe").await;
    let console = pages(&world);
    let mut wrong = Vec::new();
    for (dark, width) in [(false, 1280), (true, 360)] {
        let browser = Browser::start(BrowserOptions { dark, width, ..BrowserOptions::default() }).await;
        browser.go(&format!("{console}/sign-in")).await;
        let mut paths = vec!["/sign-in".to_owned()];
        sign_in(&browser, &console, &key).await;
        paths.extend(all_pages(&world, &key, &hook).await);
        for path in &paths {
            browser.go(&format!("{console}{path}")).await;
            browser.run(&axe).await;
            let found = browser.run_slowly(AXE).await;
            if found != json!([]) {
                wrong.push(format!("{path} (dark: {dark}, {width}): {found:#}"));
            }
            let beyond =
                browser.run("return document.scrollingElement.scrollWidth - window.innerWidth").await;
            if beyond.as_i64() > Some(0) {
                wrong.push(format!("{path} is {beyond} pixels wider than a screen of {width}"));
            }
        }
        let scheme = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(scheme, json!(dark), "the browser shows what it was asked to");
        browser.close().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.end().await;
}

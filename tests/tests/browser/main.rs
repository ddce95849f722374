//! The console's pages in a real browser: what people do there, and what holds for every page.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod accounts;
mod comfort;
mod demo;
mod every_page;
mod first_webhook;
mod going_on;
mod list;
mod live;
mod portal;

use harness::{Browser, Kind, World};

/// Where the pages are.
fn pages(world: &World) -> String {
    world.service(Kind::Console).api()
}

async fn sign_in(browser: &Browser, console: &str, key: &str) {
    browser.go(&format!("{console}/sign-in")).await;
    browser.fill("#key", key).await;
    browser.press("main button").await;
    browser.see("form.who").await;
}

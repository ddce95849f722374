//! The console's pages in a real browser.

mod accessible;
mod walk;

use harness::{Browser, Kind, Receiver, World};

/// A console and what makes its pages lively.
async fn installation(story: &str) -> (World, Receiver, String) {
    let world = World::start(story).await;
    let key = world.account("acme").await;
    (world, Receiver::start().await, key)
}

/// Where the pages are.
fn pages(world: &World) -> String {
    world.service(Kind::Console).api()
}

async fn sign_in(browser: &Browser, console: &str, key: &str) {
    browser.go(&format!("{console}/sign-in")).await;
    browser.type_into("#key", key).await;
    browser.click("main button").await;
    assert_eq!(browser.path().await, "/webhooks");
}

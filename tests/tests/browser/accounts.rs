//! Two customers side by side.

use harness::{Browser, Kind, World, WorldOptions, browse};
use serde_json::json;

use super::{pages, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_never_see_anything_of_each_other() {
    browse("accounts", async |browsers| {
        let services = Some(vec![Kind::Console]);
        let world =
            World::with("browser-accounts", WorldOptions { services, ..WorldOptions::default() }).await;
        let console = pages(&world);
        let mut sides = Vec::new();
        for account in ["acme", "bolt"] {
            let key = world.account(account).await;
            let (name, url) = (format!("{account} orders"), format!("https://{account}.example.com/hook"));
            let hook = world.create_hook(account, &url, &[], json!({"name": name})).await;
            sides.push((browsers.open().await, key, hook.id, account));
        }
        for (browser, key, ..) in &sides {
            sign_in(browser, &console, key).await;
        }
        let [(acme, _, acmes, _), (bolt, _, bolts, _)] = &*sides else { panic!("two sides") };
        sees_its_own(acme, &console, "acme", "bolt", bolts).await;
        sees_its_own(bolt, &console, "bolt", "acme", acmes).await;
        // And the first again, now that the other has looked.
        sees_its_own(acme, &console, "acme", "bolt", bolts).await;
        world.close().await;
    })
    .await;
}

async fn sees_its_own(browser: &Browser, console: &str, own: &str, other: &str, others: &str) {
    browser.go(&format!("{console}/webhooks")).await;
    browser.see_text(&format!("{own} orders")).await;
    assert!(!browser.text("body").await.contains(other), "{own} sees {other}");
    browser.go(&format!("{console}/webhooks?account={other}")).await;
    assert!(!browser.text("main").await.contains(&format!("{other} orders")), "{own} asks for {other}'s");
    for path in ["", "/edit", "/verify", "/verify/file", "/live"] {
        browser.go(&format!("{console}/webhooks/{others}{path}")).await;
        browser.see_text("Not found").await;
        assert!(!browser.text("body").await.contains(other), "{own} sees {other} on {path:?}");
    }
}

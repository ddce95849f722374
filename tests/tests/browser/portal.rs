//! Somebody who comes from the platform's own dashboard.

use harness::{Kind, Receiver, World, WorldOptions, browse};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::pages;

/// What an operator tells the console; nobody calls it, for the stories go to where it listens.
pub(super) const PUBLIC: &str = "http://webhooks.example.com";

/// A link for one of an account's people, as the platform's dashboard gets it.
pub(super) async fn link(world: &World, account: &str, look: Value) -> String {
    let path = format!("/v1/accounts/{account}/portal-links");
    let made = world.console(Method::POST, &path, Some(look)).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    made["url"].as_str().unwrap().replacen(PUBLIC, &pages(world), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_link_signs_in_once_looks_like_the_platform_and_leads_back() {
    browse("portal", async |browsers| {
        let options = WorldOptions {
            services: Some(vec![Kind::Console]),
            environment: vec![("POSTBODE__CONSOLE__PUBLIC_URL", PUBLIC.to_owned())],
            ..WorldOptions::default()
        };
        let world = World::with("browser-portal", options).await;
        world.account("acme").await;
        let platform = Receiver::start().await;
        platform.serve("dashboard", "The platform's own dashboard");
        let dashboard = platform.url("/dashboard");
        let look = json!({"platform": "Post & Co", "colour": "#7a1fa2", "return_url": dashboard});
        let link = link(&world, "acme", look).await;

        let (guest, late) = (browsers.open().await, browsers.open().await);
        guest.go(&link).await;
        guest.see(".empty").await;
        assert_eq!(guest.path().await, "/webhooks");
        assert_eq!(guest.text(".brand").await, "Post & Co");
        assert!(guest.title().await.ends_with("Post & Co"));
        let painted =
            guest.run("return getComputedStyle(document.querySelector('.primary')).backgroundColor");
        assert_eq!(painted.await, "rgb(122, 31, 162)");
        let back = guest.attribute("form.who a", "href").await;
        assert_eq!(back, dashboard);

        late.go(&link).await;
        late.see_text("it was used").await;
        assert_eq!(late.count("form.who").await, 0, "nobody is signed in by a used link");

        guest.press("form.who a").await;
        guest.see_text("The platform's own dashboard").await;
        world.close().await;
    })
    .await;
}

//! An installation with something to show on every page.

use std::time::Duration;

use harness::{Answer, Hook, OPERATOR_KEY, Receiver, World, WorldOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::portal;

/// What there is.
pub(super) struct Demo {
    pub(super) world: World,
    pub(super) key: String,
    good: Hook,
    failing: Hook,
    unproven: Hook,
    paused: Hook,
    /// It is active, and nothing happened that it wants.
    idle: Hook,
    /// Another account's, with a name that no phone has room for on one line.
    long: Hook,
    /// A delivery that arrived, and one that died.
    delivered: String,
    dead: String,
    /// The path of a link that nobody has used.
    portal: String,
}

impl Demo {
    pub(super) async fn start(story: &str) -> Self {
        let environment = vec![("POSTBODE__CONSOLE__PUBLIC_URL", portal::PUBLIC.to_owned())];
        let world = World::with(story, WorldOptions { environment, ..WorldOptions::default() }).await;
        let key = world.account("acme").await;
        let (well, ill) = (Receiver::start().await, Receiver::scripted(|_, _| Answer::status(503)).await);
        let kinds = ["click", "delivery", "open"];
        let good = world.hook("acme", &well, &kinds, json!({"name": "Shop"})).await;
        let failing = world.hook("acme", &ill, &["bounce"], json!({"name": "CRM"})).await;
        let paused = world.hook("acme", &well, &["open"], json!({"name": "Warehouse"})).await;
        let pause = world.console(Method::POST, &format!("/v1/webhooks/{}/pause", paused.id), None).await;
        assert_eq!(pause.status(), StatusCode::OK);
        world.stop_books(&paused);
        let idle = world.hook("acme", &well, &["unsubscribe"], json!({"name": "Support desk"})).await;
        let filter = json!({"name": "Newsletter", "filter": "data.recipient.endsWith('@example.com')"});
        let url = well.url("/hooks/newsletter");
        let unproven = world.create_hook("acme", &url, &["click", "unsubscribe"], filter).await;
        world.account("bolt").await;
        let name = json!({"name": "Warehouse_stock_and_returns_of_all_countries_synchronised"});
        let long = world.create_hook("bolt", "https://hooks.example.com/warehouse", &[], name).await;
        world.registry_seen().await;
        for (kind, count) in [("delivery", 12), ("open", 6), ("click", 4), ("bounce", 2)] {
            world.events("acme", kind, count).await;
        }
        let delivered = delivery(&world, &good, "delivered").await;
        let dead = delivery(&world, &failing, "dead").await;
        let portal = portal_path(&world).await;
        Self { world, key, good, failing, unproven, paused, idle, long, delivered, dead, portal }
    }

    /// Where a page of the list is.
    pub(super) fn place(&self, listed: &str) -> String {
        let webhook = |hook: &Hook| format!("/webhooks/{}", hook.id);
        [
            ("{good}", webhook(&self.good)),
            ("{failing}", webhook(&self.failing)),
            ("{unproven}", webhook(&self.unproven)),
            ("{paused}", webhook(&self.paused)),
            ("{idle}", webhook(&self.idle)),
            ("{long}", webhook(&self.long)),
            ("{delivered}", self.delivered.clone()),
            ("{dead}", self.dead.clone()),
            ("{portal}", self.portal.clone()),
            ("{account}", "/operator/accounts/acme".to_owned()),
        ]
        .iter()
        .fold(listed.to_owned(), |path, (name, value)| path.replace(name, value))
    }

    /// A link for a guest, with all that the platform may say of itself.
    pub(super) async fn guest(&self) -> String {
        let look =
            json!({"platform": "Post & Co", "colour": "#ffcc00", "return_url": "https://post.example.com/"});
        portal::link(&self.world, "acme", look).await
    }
}

async fn portal_path(world: &World) -> String {
    let link = portal::link(world, "acme", json!({"platform": "Post & Co"})).await;
    format!("/portal/{}", link.rsplit('/').next().unwrap())
}

/// A delivery of a webhook, once the history knows it to have ended so.
async fn delivery(world: &World, hook: &Hook, state: &str) -> String {
    let path = format!("/v1/deliveries?webhook={}&state={state}", hook.id);
    eventually(Duration::from_secs(60), &format!("a {state} delivery is in the history"), || async {
        let found = world.console_as(OPERATOR_KEY, Method::GET, &path, None).await;
        let found: Value = found.json().await.map_err(|error| error.to_string())?;
        found["items"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| found.to_string())
    })
    .await
}

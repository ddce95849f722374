//! The registry's writers, and who may see what.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Kind, Receiver, World, WorldOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_consoles_that_write_one_revision_one_wins_and_the_other_hears_409() {
    let services = Some(vec![Kind::Console, Kind::Console]);
    let world = World::with("racing", WorldOptions { services, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let hook = world.create_hook("acme", "https://hooks.example.com/a", &[], json!({})).await;
    let consoles: Vec<String> = world.services.iter().map(harness::ServiceProcess::api).collect();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for console in &consoles {
        // Each has its own view, which a moment ago did not know the webhook.
        eventually(Duration::from_secs(10), "the console knows the webhook", || async {
            let asked =
                http.get(format!("{console}/v1/webhooks/{}", hook.id)).bearer_auth(harness::OPERATOR_KEY);
            match asked.send().await.expect("an answer").status() {
                StatusCode::OK => Ok(()),
                status => Err(status.to_string()),
            }
        })
        .await;
    }
    let rename = |console: &str, revision: u64, name: String| {
        let request =
            http.patch(format!("{console}/v1/webhooks/{}", hook.id)).bearer_auth(harness::OPERATOR_KEY);
        request.json(&json!({"revision": revision, "name": name})).send()
    };
    for revision in 1..=4 {
        let (a, b) = (
            rename(&consoles[0], revision, format!("a{revision}")),
            rename(&consoles[1], revision, format!("b{revision}")),
        );
        let (a, b) = tokio::join!(a, b);
        let statuses = BTreeSet::from([a.unwrap().status().as_u16(), b.unwrap().status().as_u16()]);
        assert_eq!(statuses, BTreeSet::from([200, 409]), "at revision {revision}");
    }
    let shown: Value =
        world.console(Method::GET, &format!("/v1/webhooks/{}", hook.id), None).await.json().await.unwrap();
    assert_eq!(shown["revision"], 5, "four changes, none lost and none twice");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_and_touches_only_its_own() {
    let services = Some(vec![Kind::Console]);
    let world = World::with("own", WorldOptions { services, ..WorldOptions::default() }).await;
    let (acme, bolt) = (world.account("acme").await, world.account("bolt").await);
    let hook = world.create_hook("acme", "https://hooks.example.com/a", &[], json!({})).await;
    let path = format!("/v1/webhooks/{}", hook.id);
    assert_eq!(world.console_as(&acme, Method::GET, &path, None).await.status(), StatusCode::OK);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::GET, format!("{path}/secret")),
        (Method::GET, format!("{path}/verification")),
        (Method::POST, format!("{path}/verify")),
        (Method::POST, format!("{path}/pause")),
        (Method::POST, format!("{path}/rotate-secret")),
    ] {
        let body = (method == Method::PATCH).then(|| json!({"revision": 1, "name": "theirs"}));
        let answer = world.console_as(&bolt, method.clone(), &path, body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
    }
    let list: Value = world.console_as(&bolt, Method::GET, "/v1/webhooks", None).await.json().await.unwrap();
    assert_eq!(list["items"], json!([]));
    let accounts: Value =
        world.console_as(&bolt, Method::GET, "/v1/accounts", None).await.json().await.unwrap();
    let ids: Vec<_> =
        accounts["items"].as_array().unwrap().iter().map(|account| account["id"].clone()).collect();
    assert_eq!(ids, ["bolt"]);
    assert_eq!(
        world.console_as(&bolt, Method::GET, "/v1/accounts/acme", None).await.status(),
        StatusCode::NOT_FOUND
    );
    let keys = world.console_as(&bolt, Method::GET, "/v1/accounts/acme/keys", None).await;
    assert_eq!(keys.status(), StatusCode::NOT_FOUND);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_verification_says_what_each_place_answered_and_a_changed_url_stays_pending() {
    let services = Some(vec![Kind::Console]);
    let world = World::with("proof", WorldOptions { services, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let hook = world.create_hook("acme", &old.url("/dir/hook"), &[], json!({})).await;
    let verify = format!("/v1/webhooks/{}/verify", hook.id);
    let refused = world.console(Method::POST, &verify, None).await;
    assert_eq!(refused.status(), 422);
    let refused: Value = refused.json().await.unwrap();
    let attempts = refused["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{refused}");
    assert!(attempts.iter().all(|attempt| attempt.to_string().contains("404")), "{refused}");

    world.verify(&hook, &old).await;
    let path = format!("/v1/webhooks/{}", hook.id);
    let change = json!({"revision": 2, "url": new.url("/hook")});
    let changed: Value = world.console(Method::PATCH, &path, Some(change)).await.json().await.unwrap();
    assert_eq!(
        (&changed["url"], &changed["state"]),
        (&json!(old.url("/dir/hook")), &json!("active")),
        "{changed}"
    );
    assert_eq!(changed["pending_url"], json!(new.url("/hook")));
    world.verify(&hook, &new).await;
    let shown: Value = world.console(Method::GET, &path, None).await.json().await.unwrap();
    assert_eq!((&shown["url"], &shown["pending_url"]), (&json!(new.url("/hook")), &json!(null)));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_makes_an_account_and_its_key_on_the_command_line_and_takes_the_key_back() {
    let services = Some(vec![Kind::Console]);
    let world = World::with("accounts", WorldOptions { services, ..WorldOptions::default() }).await;
    let console = world.services[0].api();
    let says = async |arguments: &[&str]| {
        let said = world.says(&[&["accounts"], arguments, &["--console-url", &console]].concat()).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        said.out
    };
    says(&["create", "acme", "--name", "Acme Mail", "--contact", "ops@acme.example"]).await;
    let listed = says(&["ls"]).await;
    assert!(listed.contains("Acme Mail") && listed.contains("ops@acme.example"), "{listed}");
    let key = says(&["create-key", "acme", "--name", "reader", "--scopes", "webhooks:read"]).await;
    let key = key.trim();
    assert!(key.starts_with("pbk_") && !key.contains('\n'), "nothing but the key: {key}");
    let asked = async || world.console_as(key, Method::GET, "/v1/webhooks", None).await.status();
    assert_eq!(asked().await, StatusCode::OK);
    let made: Value = serde_json::from_str(says(&["keys", "acme", "--json"]).await.trim()).unwrap();
    assert_eq!((&made["name"], &made["scopes"]), (&json!("reader"), &json!(["webhooks:read"])));
    says(&["revoke-key", made["id"].as_str().unwrap()]).await;
    assert_eq!(asked().await, StatusCode::UNAUTHORIZED);
    let unsure = world.says(&["accounts", "delete", "acme", "--console-url", &console]).await;
    assert!(unsure.code == Some(2) && unsure.err.contains("--yes"), "{unsure:?}");
    says(&["delete", "acme", "--yes"]).await;
    assert!(!says(&["ls"]).await.contains("acme"));
    world.close().await;
}

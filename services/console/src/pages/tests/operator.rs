//! The whole, for operators.

use wire::api::{Backlog, Waiting};

use super::Browser;
use crate::testing::*;

#[tokio::test]
async fn an_operator_makes_an_account_and_its_key_and_sees_the_key_once() {
    let mut browser = Browser::signed_in(OPERATOR).await;
    let made = [("id", "zest"), ("name", "Zest & Co")];
    let made = browser.submit("/operator", "/operator/accounts", &made).await.expect(303);
    assert_eq!(made.location(), "/operator/accounts/zest?done=account-made");
    let page = browser.go("/operator/accounts/zest").await.expect(200);
    assert!(page.text.contains("Zest &#38; Co") && page.text.contains("No keys yet"), "{}", page.text);
    let key =
        [("account", "zest"), ("name", "Server"), ("scopes", "events:write"), ("scopes", "webhooks:read")];
    let shown = browser.submit("/operator/accounts/zest", "/operator/keys", &key).await.expect(201);
    assert_eq!(shown.headers["cache-control"], "no-store");
    let (_, rest) = shown.text.split_once("id=\"key\">").unwrap();
    let secret = rest.split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("pbk_"));
    let page = browser.go("/operator/accounts/zest").await.expect(200);
    assert!(page.text.contains("events:write, webhooks:read") && !page.text.contains(&secret));

    let mut its = Browser::on(browser.world.clone());
    its.send("/sign-in", &[("key", &secret), ("next", "")]).await.expect(303);
    let id = page.text.split_once("/operator/keys/").unwrap().1.split('/').next().unwrap().to_owned();
    let revoke = format!("/operator/keys/{id}/delete");
    let gone = browser.submit("/operator", &revoke, &[("account", "zest")]).await.expect(303);
    assert_eq!(gone.location(), "/operator/accounts/zest?done=revoked");
    its.go("/webhooks").await.expect(303);

    let wrong = [("confirm", "acme")];
    browser.submit("/operator", "/operator/accounts/zest/delete", &wrong).await.expect(422);
    let right = [("confirm", "zest")];
    browser.submit("/operator", "/operator/accounts/zest/delete", &right).await.expect(303);
    browser.go("/operator/accounts/zest").await.expect(404);
}

#[tokio::test]
async fn an_operator_sees_what_waits_and_is_led_to_the_metrics() {
    let mut browser = Browser::signed_in(OPERATOR).await;
    let page = browser.go("/operator").await.expect(200);
    assert!(
        page.text.contains("Nobody has looked yet") && page.text.contains("https://graphs.example/postbode")
    );
    let (service, topic) = ("delivery".to_owned(), "postbode.deliveries".to_owned());
    browser.world.waiting(Backlog {
        at: NOW,
        waiting: vec![Waiting { service, topic, partitions: 12, records: 1_234_567 }],
    });
    let page = browser.go("/operator").await.expect(200);
    assert!(page.text.contains("1,234,567") && page.text.contains("postbode.deliveries"));
    for account in ["acme", "bolt"] {
        assert!(page.text.contains(&format!("/operator/accounts/{account}\"")));
    }
    let found = browser.go("/operator?q=bol").await.expect(200).text;
    assert!(found.contains("/operator/accounts/bolt\"") && !found.contains("/operator/accounts/acme\""));
}

#[tokio::test]
async fn what_will_not_do_is_named_beside_the_form() {
    let mut browser = Browser::signed_in(OPERATOR).await;
    let refused =
        browser.submit("/operator", "/operator/accounts", &[("id", "a b"), ("name", "A")]).await.expect(422);
    assert!(refused.text.contains("<a href=\"#id\">id</a>"), "{}", refused.text);
    let key = [("account", "acme"), ("name", "K")];
    let refused = browser.submit("/operator", "/operator/keys", &key).await.expect(422);
    assert!(refused.text.contains("<a href=\"#scopes\">scopes</a>"), "{}", refused.text);
    let key = [("name", "K"), ("expires_at", "tomorrow")];
    let refused = browser.submit("/operator", "/operator/keys", &key).await.expect(422);
    assert!(refused.text.contains("expires_at"), "{}", refused.text);
}

#[tokio::test]
async fn nobody_else_sees_any_of_it() {
    let mut browser = Browser::signed_in(ACME).await;
    assert!(!browser.go("/webhooks").await.expect(200).text.contains("/operator"));
    browser.go("/operator").await.expect(403);
    browser.go("/operator/accounts/acme").await.expect(403);
    let form = "/webhooks/new";
    browser.submit(form, "/operator/accounts", &[("id", "x"), ("name", "X")]).await.expect(403);
    browser.submit(form, "/operator/accounts/bolt/delete", &[("confirm", "bolt")]).await.expect(403);
    browser.submit(form, "/operator/keys", &[("name", "X")]).await.expect(403);
    let key = [("account", "bolt"), ("name", "X"), ("scopes", "webhooks:read")];
    browser.submit(form, "/operator/keys", &key).await.expect(404);
    for id in ["key_bolt-key", "key_operator-key"] {
        browser.submit(form, &format!("/operator/keys/{id}/delete"), &[]).await.expect(404);
    }
}

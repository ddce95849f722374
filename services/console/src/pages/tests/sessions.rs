//! Who is signed in, and for how long.

use serde_json::json;

use super::*;

#[tokio::test]
async fn every_sign_in_is_a_new_session_and_signing_out_ends_it() {
    let mut browser = Browser::signed_in(ACME).await;
    let before = browser.cookies.clone();
    let entered = browser.send("/sign-in", &[("key", ACME)]).await.expect(303);
    let cookie = entered.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_ne!(browser.cookies, before, "a name that somebody else could know is not kept");
    let after = browser.cookies.clone();
    browser.submit("/webhooks", "/sign-out", &[]).await.expect(303);
    browser.cookies = after;
    assert!(
        browser.go("/webhooks").await.expect(303).location().starts_with("/sign-in"),
        "the cookie is worth nothing"
    );
}

#[tokio::test]
async fn a_session_ends_with_its_key_and_with_its_time() {
    let mut browser = Browser::signed_in(ACME).await;
    browser.world.put(Change::KeyGone(domain::KeyHash::of(ACME)));
    browser.go("/webhooks").await.expect(303);
    let mut browser = Browser::signed_in(BOLT).await;
    browser.world.later(std::time::Duration::from_secs(3600));
    browser.go("/webhooks").await.expect(303);
}

#[tokio::test]
async fn keys_are_not_guessed_for_long() {
    let mut browser = Browser::new().await;
    for _ in 0..10 {
        let wrong = browser.send("/sign-in", &[("key", "pbk_guess")]).await.expect(422);
        assert!(wrong.text.contains("role=\"alert\"") && !wrong.text.contains("pbk_guess"));
    }
    browser.send("/sign-in", &[("key", ACME)]).await.expect(429);
}

#[tokio::test]
async fn a_guest_comes_by_a_link_once_and_is_told_where_it_is() {
    let mut browser = Browser::new().await;
    let asked = json!({"platform": "Mailer", "colour": "#ffcc00", "return_url": "https://mailer.example/", "read_only": true});
    let request = Request::post("/v1/accounts/acme/portal-links")
        .header("authorization", format!("Bearer {OPERATOR}"))
        .header("content-type", "application/json")
        .body(Body::from(asked.to_string()))
        .unwrap();
    let response = browser.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 201);
    let link: serde_json::Value =
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    let path = link["url"].as_str().unwrap().strip_prefix("https://hooks.example").unwrap().to_owned();
    let token = path.strip_prefix("/portal/").unwrap().to_owned();

    // Whatever follows links by itself uses none up.
    browser.go(&path).await.expect(200);
    browser.go(&path).await.expect(200);
    browser.send("/portal", &[("token", &token)]).await.expect(303);
    let listed = browser.go("/webhooks").await.expect(200);
    assert!(listed.text.contains("Mailer") && listed.text.contains("https://mailer.example/"));
    assert!(!listed.text.contains("/webhooks/new"), "it only looks");
    assert!(browser.go("/assets/brand.css").await.expect(200).text.contains("--brand: #ffcc00"));
    let csrf = listed.csrf();
    browser.send("/webhooks/new", &[("csrf", &csrf), NEW[0], NEW[1]]).await.expect(403);
    browser.go(&path).await.expect(404);
    browser.send("/portal", &[("token", &token)]).await.expect(404);
}

//! The pages as a browser gets them; no broker, no network, a database in a file.

mod account;
mod audit;
mod dead_letter;
mod dutch;
mod long_lists;
mod missed;
mod operator;
mod preview;
mod sessions;
mod trials;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::{Change, State};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::testing::*;

/// A browser: it keeps cookies, and sends what it sees.
struct Browser {
    router: Router,
    world: Fake,
    cookies: Vec<(String, String)>,
    site: &'static str,
}

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Seen {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    fn location(&self) -> &str {
        self.headers.get("location").map_or("", |value| value.to_str().unwrap())
    }

    fn csrf(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    async fn new() -> Self {
        let world = Fake::new(registry());
        world.with_history().await;
        Self::on(world)
    }

    fn on(world: Fake) -> Self {
        let router = crate::api::router(world.console());
        Self { router, world, cookies: Vec::new(), site: "same-origin" }
    }

    async fn signed_in(key: &str) -> Self {
        let mut browser = Self::new().await;
        let entered = browser.send("/sign-in", &[("key", key), ("next", "")]).await.expect(303);
        assert_eq!(entered.location(), "/webhooks");
        browser
    }

    async fn go(&mut self, path: &str) -> Seen {
        self.ask("GET", path, Body::empty()).await
    }

    /// Sends a form as it is.
    async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask("POST", path, Body::from(body)).await
    }

    /// Sends a form of a page: with the token that stands there.
    async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Seen {
        let csrf = self.go(page).await.expect(200).csrf();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.send(path, &fields).await
    }

    async fn ask(&mut self, method: &str, path: &str, body: Body) -> Seen {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "hooks.example")
            .header("sec-fetch-site", self.site)
            .header("user-agent", "Test/1")
            .header("cookie", cookies.join("; "))
            .header("content-type", "application/x-www-form-urlencoded")
            .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        for cookie in head.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            self.cookies.push((name.to_owned(), rest.split(';').next().unwrap().to_owned()));
        }
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Seen { status: head.status, headers: head.headers, text }
    }
}

const NEW: [(&str, &str); 2] = [("url", "https://a.example/dir/hook.php"), ("types", "click")];

async fn webhook_page(browser: &mut Browser) -> String {
    let made = browser.submit("/webhooks/new", "/webhooks/new", &NEW).await.expect(303);
    made.location().split("/verify").next().unwrap().to_owned()
}

#[tokio::test]
async fn from_signing_in_to_a_passed_test_in_four_pages_and_two_required_fields() {
    let mut browser = Browser::new().await;
    let first = browser.go("/webhooks/new").await.expect(303);
    assert_eq!(first.location(), "/sign-in?next=%2Fwebhooks%2Fnew");
    let entry = browser.go("/sign-in?next=/webhooks/new").await.expect(200);
    let entered = browser.send("/sign-in", &[("key", ACME), ("next", "/webhooks/new")]).await.expect(303);
    assert_eq!(entered.location(), "/webhooks/new");
    let new = browser.go("/webhooks/new").await.expect(200);
    let required = |page: &Seen| page.text.matches(" required").count();
    assert_eq!(required(&entry) + required(&new), 2, "the key and the URL");

    let made = browser
        .submit("/webhooks/new", "/webhooks/new", &[("url", NEW[0].1), ("types", "*")])
        .await
        .expect(303);
    let verify = browser.go(made.location()).await.expect(200);
    assert!(verify.text.contains("whsec_"), "whoever has just made a webhook needs its secret");
    let content = {
        let path = made.location().split('?').next().unwrap();
        browser.go(&format!("{path}/file")).await.expect(200).text
    };
    browser.world.serve(move |_| answered(200, &content));
    let path = made.location().split('?').next().unwrap().to_owned();
    let verified = browser.submit(&path, &path, &[("by", "file")]).await.expect(303);
    let page = verified.location().split('?').next().unwrap().to_owned();
    assert!(verified.location().ends_with("?done=verified#test"));
    let tested = browser
        .submit(&page, &format!("{page}/test"), &[("type", "click"), ("data", "{\"id\":\"m1\"}")])
        .await;
    assert!(tested.expect(200).text.contains("class=\"result good\""));
}

#[tokio::test]
async fn a_form_of_another_site_or_another_session_is_refused() {
    let mut browser = Browser::signed_in(ACME).await;
    let page = webhook_page(&mut browser).await;
    let csrf = browser.go(&page).await.expect(200).csrf();
    browser.send(&format!("{page}/secret"), &[]).await.expect(403);
    browser.send(&format!("{page}/secret"), &[("csrf", "00")]).await.expect(403);
    browser.site = "cross-site";
    browser.send(&format!("{page}/secret"), &[("csrf", &csrf)]).await.expect(403);
    browser.send("/sign-in", &[("key", ACME)]).await.expect(403);
    browser.site = "same-origin";
    browser.send(&format!("{page}/secret"), &[("csrf", &csrf)]).await.expect(200);
}

#[tokio::test]
async fn an_account_sees_nothing_of_another() {
    let mut acme = Browser::signed_in(ACME).await;
    let page = webhook_page(&mut acme).await;
    let csrf = acme.go("/webhooks").await.expect(200).csrf();
    let _ = csrf;
    acme.send("/sign-in", &[("key", BOLT)]).await.expect(303);
    assert!(!acme.go("/webhooks").await.expect(200).text.contains("a.example"));
    let csrf = acme.go("/webhooks/new").await.expect(200).csrf();
    for path in ["", "/edit", "/verify", "/verify/file"] {
        acme.go(&format!("{page}{path}")).await.expect(404);
    }
    for path in [
        "/test",
        "/test-row",
        "/secret",
        "/rotate-secret",
        "/pause",
        "/resume",
        "/enable",
        "/edit",
        "/delete",
        "/verify",
        "/verify/send-code",
    ] {
        acme.send(&format!("{page}{path}"), &[("csrf", &csrf)]).await.expect(404);
    }
}

#[tokio::test]
async fn what_people_and_endpoints_write_is_shown_and_never_run() {
    let mut browser = Browser::signed_in(ACME).await;
    let mut webhook = webhook("wh_x", "acme", State::Active);
    webhook.name = "<script>alert(1)</script>".to_owned();
    browser.world.put(Change::Webhook(Box::new(webhook)));
    let evil = "</code></pre><img src=x onerror=alert(2)>";
    browser.world.serve(move |_| answered(500, evil));
    let listed = browser.go("/webhooks?q=%22%3E%3Cb%3E").await.expect(200);
    let csrf = browser.go("/webhooks/wh_x").await.expect(200).csrf();
    let fields = [("csrf", csrf.as_str()), ("type", "click"), ("data", "{\"id\":\"</textarea><i>\"}")];
    let tested = browser.send("/webhooks/wh_x/test", &fields).await;
    for page in [listed, tested] {
        for bad in ["<script>alert", "<img src=x", "</textarea><i>", "\"><b>"] {
            assert!(!page.text.contains(bad), "{bad} in {}", page.text);
        }
    }
}

#[tokio::test]
async fn pages_need_nothing_from_elsewhere_and_run_nothing_inline() {
    let mut browser = Browser::signed_in(ACME).await;
    let webhook = webhook_page(&mut browser).await;
    let verify = format!("{webhook}/verify");
    let edit = format!("{webhook}/edit");
    let paths = [
        "/sign-in",
        "/webhooks",
        "/webhooks/new",
        &webhook,
        &verify,
        &edit,
        "/event-types",
        "/event-types/click",
        "/reference",
        "/reference/webhooks",
        "/deliveries",
        "/dead-letters",
        "/nothing",
    ];
    for path in paths {
        let page = browser.go(path).await;
        if page.status == StatusCode::NOT_FOUND {
            continue;
        }
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert!(page.text.len() < 200 * 1024, "{path}: {} bytes", page.text.len());
        for bad in [" style=\"", " onclick=", "<style", "src=\"http", "href=\"http"] {
            assert!(!page.text.contains(bad), "{path}: {bad}");
        }
        assert!(page.text.contains("<main id=\"main\"") && page.text.contains("<h1>"), "{path}");
    }
}

#[tokio::test]
async fn deliveries_and_dead_letters_are_searched_and_shown_with_their_charts() {
    let mut browser = Browser::on(crate::api::tests::history::filled().await);
    browser.send("/sign-in", &[("key", ACME)]).await.expect(303);
    let found = browser.go("/deliveries?state=delivered&recipient=a%40example.com").await.expect(200);
    assert!(
        found.text.contains("/deliveries/d1") && !found.text.contains("/deliveries/d2"),
        "{}",
        found.text
    );
    assert!(!found.text.contains("/deliveries/d4"), "another account's");
    browser.go("/deliveries/d4").await.expect(404);
    let wrong = browser.go("/deliveries?since=yesterday").await.expect(422);
    assert!(wrong.text.contains("role=\"alert\"") && wrong.text.contains("value=\"yesterday\""));
    let shown = browser.go("/deliveries/d2").await.expect(200);
    assert!(shown.text.contains("<details class=\"card\" open>") && shown.text.contains("webhook-id: d2"));
    let letters = browser.go("/dead-letters?disposition=open").await.expect(200);
    assert!(letters.text.contains("the endpoint is gone") && !letters.text.contains("malformed</td>"));
    let listed = browser.go("/webhooks").await.expect(200);
    assert!(listed.text.contains("aria-label=\"3 attempts in 24 hours, 1 failed\""), "{}", listed.text);
    assert!(listed.text.contains("66.7 %"));
}

#[tokio::test]
async fn what_was_missed_is_counted_first_and_dead_letters_are_decided_about_as_jobs() {
    let mut browser = Browser::on(crate::api::tests::history::filled().await);
    browser.send("/sign-in", &[("key", ACME)]).await.expect(303);
    let csrf = browser.go("/webhooks/wh_a").await.expect(200).csrf();
    let asked = [("csrf", csrf.as_str()), ("since", "2025-12-31T00:00:00Z")];
    let begun = browser.send("/webhooks/wh_a/backfill", &asked).await.expect(303);
    let job = begun.location().to_owned();
    let shown = browser.go(&job).await.expect(200);
    assert!(shown.text.contains("data-refresh") && shown.text.contains("/cancel"), "{}", shown.text);
    browser.send("/webhooks/wh_a/backfill", &asked).await.expect(409);
    browser.send(&format!("{job}/cancel"), &[("csrf", &csrf)]).await.expect(303);
    assert!(browser.go(&job).await.expect(200).text.contains("state cancelled"));
    browser.send("/webhooks/wh_a/backfill", &[("csrf", &csrf), ("since", "x")]).await.expect(422);

    let letters = browser.go("/dead-letters").await.expect(200);
    assert!(letters.text.contains("Decide about 1 open letter"), "{}", letters.text);
    let decided = [("csrf", csrf.as_str()), ("act", "discard"), ("reason", "gone")];
    let begun = browser.send("/dead-letters", &decided).await.expect(303).location().to_owned();
    browser.go(&begun).await.expect(200);
    browser.send("/sign-in", &[("key", BOLT)]).await.expect(303);
    browser.go(&begun).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_form_stands_at_its_field_and_nothing_typed_is_lost() {
    let mut browser = Browser::signed_in(ACME).await;
    let fields =
        [("url", "http://localhost/x"), ("types", "click"), ("name", "Orders"), ("concurrency", "many")];
    let page = browser.submit("/webhooks/new", "/webhooks/new", &fields).await.expect(422);
    assert!(page.text.contains("id=\"limits.concurrency-wrong\"") && page.text.contains("value=\"Orders\""));
    let fields = [("url", "http://localhost/x"), ("types", "click"), ("name", "Orders")];
    let page = browser.submit("/webhooks/new", "/webhooks/new", &fields).await.expect(422);
    assert!(page.text.contains("id=\"url-wrong\"") && page.text.contains("<details open>"), "{}", page.text);
}

#[tokio::test]
async fn a_change_that_somebody_else_made_meanwhile_is_not_undone() {
    let mut browser = Browser::signed_in(ACME).await;
    let page = webhook_page(&mut browser).await;
    let edit = format!("{page}/edit");
    let fields =
        [("url", NEW[0].1), ("types", "open"), ("name", "First"), ("revision", "1"), ("format", "json")];
    browser.submit(&edit, &edit, &fields).await.expect(303);
    let late =
        [("url", NEW[0].1), ("types", "click"), ("name", "Second"), ("revision", "1"), ("format", "json")];
    browser.submit(&edit, &edit, &late).await.expect(409);
    assert!(browser.go(&page).await.expect(200).text.contains("First"));
}

#[tokio::test]
async fn pages_speak_dutch_to_those_who_choose_it() {
    let mut browser = Browser::signed_in(ACME).await;
    browser.go("/language/nl").await.expect(303);
    let page = browser.go("/webhooks").await.expect(200);
    assert!(page.text.contains("lang=\"nl\"") && page.text.contains("Uitloggen"));
    browser.go("/language/xx").await.expect(404);
}

#[tokio::test]
async fn the_reference_shows_every_operation_of_the_document_to_everybody() {
    let mut browser = Browser::new().await;
    let list = browser.go("/reference").await.expect(200);
    let document = browser.go("/v1/openapi.json").await.expect(200);
    let document: serde_json::Value = serde_json::from_str(&document.text).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let link = format!("#{id}\"><code>{} {path}</code>", method.to_ascii_uppercase());
            let (before, _) = list.text.split_once(&link).expect(id);
            let page = format!("/reference/{}", before.rsplit('/').next().unwrap());
            let section = browser.go(&page).await.expect(200).text;
            assert!(section.contains(&format!("id=\"{id}\"")), "{id}");
            assert!(
                section.contains(&format!("https://hooks.example{}", path.replace("{id}", "$ID"))),
                "{id}"
            );
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let row = format!("<code>{}</code>", parameter["name"].as_str().unwrap());
                assert!(section.contains(&row), "{id}: {row}");
            }
        }
    }
    browser.go("/reference/nothing").await.expect(404);
    browser.go("/language/nl").await.expect(303);
    assert!(browser.go("/reference/webhooks").await.expect(200).text.contains("Antwoord"));
}

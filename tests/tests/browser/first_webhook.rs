//! What people come for: from signing in to a webhook that is proven and tested.

use fantoccini::key::Key;
use harness::{Browser, Receiver, World, browse};

use super::pages;

/// What somebody had to see and to fill in on the way.
#[derive(Debug, Default)]
struct Way {
    pages: Vec<String>,
    required: usize,
}

impl Way {
    /// A page that was come to, and what has to be filled in on it to go on.
    async fn at(&mut self, browser: &Browser, form: &str) {
        let title = browser.title().await;
        if self.pages.last() != Some(&title) {
            self.pages.push(title);
        }
        self.required += browser.count(&format!("{form} [required]")).await;
    }
}

/// By clicking and typing, with the file saved and put where the page says.
async fn walk(browser: &Browser, console: &str, key: &str, receiver: &Receiver) -> Way {
    let mut way = Way::default();
    browser.go(console).await;
    browser.see("#key").await;
    way.required += browser.count("main form [required]").await;
    browser.fill("#key", key).await;
    browser.press("main button").await;

    browser.see(".empty").await;
    way.at(browser, ".empty").await;
    browser.press("a[href='/webhooks/new']").await;

    browser.see("#url").await;
    way.at(browser, "form.stack").await;
    browser.fill("#url", &receiver.url("/hooks/mail")).await;
    browser.press("form.stack button.primary").await;

    browser.see("a[download]").await;
    way.at(browser, "form:has(.primary)").await;
    let name = browser.text("a[download]").await;
    browser.press("a[download]").await;
    receiver.serve(&name, browser.saved(&name).await.trim());
    browser.press("form.inline button.primary").await;

    browser.see("#test").await;
    way.at(browser, "#test form.stack").await;
    browser.press("#test button.primary").await;
    browser.see(".result.good").await;
    way.at(browser, "#test form.stack").await;
    assert_eq!(browser.text(".result h3").await, "Passed");
    way
}

fn was_tested(receiver: &Receiver) {
    let calls = receiver.calls();
    assert_eq!(calls.len(), 1, "one call, and that by hand");
    assert_eq!(calls[0].header("postbode-test"), "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_signing_in_to_a_passed_test_it_is_four_pages_and_two_fields() {
    browse("first-webhook", async |browsers| {
        let world = World::start("browser-first").await;
        let (key, receiver) = (world.account("acme").await, Receiver::start().await);
        let way = walk(&browsers.open().await, &pages(&world), &key, &receiver).await;
        assert!(way.pages.len() <= 4, "{way:?}");
        assert!(way.required <= 2, "the key and the URL: {way:?}");
        was_tested(&receiver);
        world.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_it_works_as_well() {
    browse("no-scripts", async |browsers| {
        let world = World::start("browser-plain").await;
        let (key, receiver) = (world.account("acme").await, Receiver::start().await);
        let browser = browsers.open_without_scripts().await;
        walk(&browser, &pages(&world), &key, &receiver).await;
        assert_eq!(browser.count("[data-hide][hidden]").await, 0, "no script has run");
        was_tested(&receiver);
        world.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mouse_it_works_as_well_and_one_always_sees_where_one_is() {
    browse("keyboard", async |browsers| {
        let world = World::start("browser-keyboard").await;
        let (key, receiver) = (world.account("acme").await, Receiver::start().await);
        let browser = browsers.open().await;
        browser.go(&pages(&world)).await;
        browser.see("#key").await;
        assert!(browser.is_on("#key").await, "one can type at once");
        browser.keys(&key).await;
        browser.key(Key::Enter).await;

        browser.see(".empty").await;
        skip(&browser).await;
        browser.tab_to("main a[href='/webhooks/new']").await;
        browser.key(Key::Enter).await;

        browser.see("#url").await;
        skip(&browser).await;
        browser.tab_to("#url").await;
        browser.keys(&receiver.url("/hooks/mail")).await;
        browser.tab_to("input[value='click']").await;
        browser.key(Key::Space).await;
        assert!(browser.is_ticked("input[value='click']").await, "Space ticks a box");
        assert!(!browser.is_ticked("input[data-all]").await, "and so it is not all types any more");
        browser.tab_to("form.stack button.primary").await;
        browser.key(Key::Enter).await;

        prove_and_try(&browser, &receiver).await;
        was_tested(&receiver);
        world.close().await;
    })
    .await;
}

async fn prove_and_try(browser: &Browser, receiver: &Receiver) {
    browser.see("a[download]").await;
    skip(browser).await;
    browser.tab_to("a[download]").await;
    browser.key(Key::Enter).await;
    let name = browser.text("a[download]").await;
    receiver.serve(&name, browser.saved(&name).await.trim());
    browser.tab_to("form.inline button.primary").await;
    browser.key(Key::Space).await;

    browser.see("#test").await;
    browser.tab_to("#test button.primary").await;
    browser.key(Key::Enter).await;
    browser.see(".result.good").await;
}

/// Goes past the header by the first link on the page.
async fn skip(browser: &Browser) {
    browser.tab_to("a.skip").await;
    browser.key(Key::Enter).await;
    assert!(browser.is_on("main").await, "the link leads into the content");
}

//! What people come for: a webhook that is proven and tested.

use std::time::Duration;

use harness::{Browser, BrowserOptions, Receiver, eventually};

use super::{installation, pages, sign_in};

/// Makes a webhook, proves it by its file on the real receiver, and tests it: by clicking and typing alone.
async fn walk(browser: &Browser, console: &str, receiver: &Receiver) {
    browser.click("a[href='/webhooks/new']").await;
    browser.type_into("#url", &receiver.url("/hooks/mail")).await;
    browser.click("form.stack button.primary").await;
    assert!(browser.path().await.ends_with("/verify"), "{}", browser.path().await);
    let verify = browser.path().await;

    // What the download button would save, into the place that the page names.
    let name = browser.text("a[download]").await;
    let content = fetched(browser, &format!("{console}{verify}/file")).await;
    receiver.serve(&name, content.trim());
    browser.click("form.inline button.primary").await;
    eventually(Duration::from_secs(20), "the webhook's page", || async {
        let path = browser.path().await;
        if path.ends_with("/verify") { Err(path) } else { Ok(()) }
    })
    .await;
    browser.click("#test button.primary").await;
    assert_eq!(browser.text(".result h3").await, "Passed");
}

/// A file that the browser would save, with the browser's own cookies.
async fn fetched(browser: &Browser, url: &str) -> String {
    let cookies = browser.client.get_all_cookies().await.expect("cookies");
    let cookies: Vec<_> =
        cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(url).header("cookie", cookies.join("; ")).send().await.expect("the file");
    answer.text().await.expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_makes_proves_and_tests_a_webhook_and_sees_an_event_arrive() {
    let (world, receiver, key) = installation("browser-walk").await;
    let (console, browser) = (pages(&world), Browser::start(BrowserOptions::default()).await);
    sign_in(&browser, &console, &key).await;
    walk(&browser, &console, &receiver).await;
    assert_eq!(receiver.calls()[0].header("postbode-test"), "true");
    let page = browser.path().await;
    let page = page.trim_end_matches("/test").to_owned();

    // A real event comes, and its row appears by itself once there is a table.
    world.clicks("acme", 1).await;
    eventually(Duration::from_secs(30), "the first delivery is on the page", || async {
        browser.go(&format!("{console}{page}")).await;
        let rows = browser.run("return document.querySelectorAll('#deliveries tbody tr').length").await;
        if rows.as_u64() >= Some(1) { Ok(()) } else { Err(rows.to_string()) }
    })
    .await;
    world.clicks("acme", 1).await;
    eventually(Duration::from_secs(30), "the second row comes by itself", || async {
        let rows = browser.run("return document.querySelectorAll('#deliveries tbody tr').length").await;
        if rows.as_u64() >= Some(2) { Ok(()) } else { Err(rows.to_string()) }
    })
    .await;
    browser.click("#deliveries tbody a").await;
    assert!(browser.path().await.starts_with("/deliveries/"));
    assert!(browser.text("main").await.contains("webhook-signature"));
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_works_as_well() {
    let (world, receiver, key) = installation("browser-plain").await;
    let options = BrowserOptions { scripts: false, ..BrowserOptions::default() };
    let (console, browser) = (pages(&world), Browser::start(options).await);
    sign_in(&browser, &console, &key).await;
    walk(&browser, &console, &receiver).await;
    browser.close().await;
    world.end().await;
}

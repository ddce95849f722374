//! All webhooks are tested: in one answer, or one by one for a script that shows each as it ends.

use super::*;

/// Three webhooks of acme's: one is well, one fails, one is not verified; and the page of the one that fails.
async fn several() -> (Browser, String) {
    let mut browser = Browser::signed_in(ACME).await;
    let mut bad = String::new();
    for (name, is_verified) in [("good", true), ("bad", true), ("new", false)] {
        let url = format!("https://a.example/{name}");
        let new = [("url", url.as_str()), ("types", "click"), ("name", name)];
        let made = browser.submit("/webhooks/new", "/webhooks/new", &new).await.expect(303);
        let page = made.location().split("/verify").next().unwrap();
        let mut webhook = (*browser.world.stored(page.rsplit('/').next().unwrap())).clone();
        if is_verified {
            webhook.verification.verified_at = Some(NOW);
            browser.world.put(Change::Webhook(webhook.into()));
        }
        if name == "bad" {
            bad = page.to_owned();
        }
    }
    browser.world.serve(|url| answered(if url.path() == "/bad" { 500 } else { 200 }, ""));
    (browser, bad)
}

/// The rows of a table, with no blanks between them.
fn rows(page: &Seen) -> Vec<String> {
    let (_, body) = page.text.split_once("<tbody>").unwrap();
    let (body, _) = body.split_once("</tbody>").unwrap();
    body.split("</tr>").map(str::trim).filter(|row| !row.is_empty()).map(str::to_owned).collect()
}

#[tokio::test]
async fn without_scripts_one_answer_shows_them_all() {
    let (mut browser, _) = several().await;
    let page = browser.submit("/webhooks", "/webhooks/test-all", &[]).await.expect(200);
    assert!(page.text.contains("1 of 3 passed."), "{}", page.text);
    assert!(!page.text.contains("data-test=") && !page.text.contains("<progress"));
    let rows = rows(&page);
    for (name, part) in
        [("bad", "the endpoint answered 500"), ("good", "answered 200"), ("new", "verify the URL first")]
    {
        let row = rows.iter().find(|row| row.contains(&format!("a.example/{name}"))).unwrap();
        assert!(row.contains(part), "{part}: {row}");
    }
    assert_eq!(rows.iter().filter(|row| row.starts_with("<tr data-passed>")).count(), 1);
}

#[tokio::test]
async fn a_script_gets_them_untried_and_each_row_ends_as_it_would_have() {
    let (mut browser, _) = several().await;
    let whole = browser.submit("/webhooks", "/webhooks/test-all", &[]).await.expect(200);
    let last = |browser: &Browser| browser.world.posted().map(|call| call.headers["webhook-id"].clone());
    let before = last(&browser);
    let page = browser.submit("/webhooks", "/webhooks/test-all", &[("live", "yes")]).await.expect(200);
    assert_eq!(last(&browser), before, "nothing is called yet");
    assert!(page.text.contains("<progress id=\"far\" value=\"0\" max=\"3\">"), "{}", page.text);
    assert!(page.text.contains("data-said=\"{passed} of 3 passed.\""), "{}", page.text);
    let timeless = |row: &str| row.split("<td class=\"number\">").next().unwrap().to_owned();
    for (row, expected) in rows(&page).iter().zip(rows(&whole)) {
        assert!(row.contains("testing…"), "{row}");
        let (_, rest) = row.split_once("data-test=\"").unwrap();
        let place = rest.split('"').next().unwrap();
        let tried = browser.submit("/webhooks", place, &[]).await.expect(200).text;
        assert_eq!(timeless(tried.trim()), timeless(&expected));
    }
}

#[tokio::test]
async fn a_row_is_only_for_whoever_may_try_the_webhook_and_comes_from_a_page_of_ours() {
    let (mut browser, bad) = several().await;
    browser.world.put(Change::Webhook(webhook("wh_other", "bolt", State::Active).into()));
    let place = format!("{bad}/test-row");
    browser.submit("/webhooks", "/webhooks/wh_other/test-row", &[]).await.expect(404);
    browser.send(&place, &[]).await.expect(403);
    browser.go("/language/nl").await.expect(303);
    let row = browser.submit("/webhooks", &place, &[]).await.expect(200).text;
    assert!(row.contains("mislukt") && row.contains("het endpoint antwoordde 500"), "{row}");
}

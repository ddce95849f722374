//! What a webhook would have got, beside its form.

use super::Browser;
use crate::testing::*;

#[tokio::test]
async fn the_form_of_a_webhook_shows_which_of_the_last_events_it_would_get() {
    let mut browser = Browser::signed_in(ACME).await;
    browser.world.happen(event("acme", "click", "{\"n\": 1}"));
    browser.world.happen(event("acme", "open", "{\"n\": \"<b>\"}"));
    let fields = [("types", "click"), ("types", "open"), ("filter", "data.n == 1")];
    let page = browser.submit("/webhooks/new", "/webhooks/preview", &fields).await.expect(200);
    assert!(page.text.contains("1 of the last 2 events would be sent."), "{}", page.text);
    assert!(page.text.contains("no: the filter is false"));
    let part = [("types", "click"), ("part", "yes")];
    let part = browser.submit("/webhooks/new", "/webhooks/preview", &part).await.expect(200);
    assert!(!part.text.contains("<html"), "a part of a page");
    let wrong = [("types", "click"), ("filter", "data.")];
    let wrong = browser.submit("/webhooks/new", "/webhooks/preview", &wrong).await.expect(200);
    assert!(wrong.text.contains("<li>filter: "), "{}", wrong.text);
}

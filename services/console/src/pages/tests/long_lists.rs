//! Lists that are longer than a page.

use domain::{Change, State};

use super::Browser;
use crate::testing::*;

#[tokio::test]
async fn many_webhooks_come_in_pages_of_which_none_is_left_out() {
    let mut browser = Browser::signed_in(ACME).await;
    for n in 0..120 {
        let id = format!("wh_{n:03}");
        browser.world.put(Change::Webhook(webhook(&id, "acme", State::Active).into()));
    }
    let (mut place, mut pages, mut seen) = (Some("/webhooks?state=active".to_owned()), 0, Vec::new());
    while let Some(at) = place {
        let page = browser.go(&at).await.expect(200).text;
        assert!(page.len() < 200_000 && page.contains("120"), "{} bytes", page.len());
        let rows = page.split("<th scope=\"row\"><a href=\"/webhooks/").skip(1);
        seen.extend(rows.filter_map(|row| row.split('"').next().map(str::to_owned)));
        let next = page.split("<a class=\"button\" href=\"/webhooks?").nth(1);
        let next = next.and_then(|rest| rest.split('"').next());
        place = next.map(|query| format!("/webhooks?{}", query.replace("&#38;", "&")));
        pages += 1;
    }
    assert_eq!((pages, seen.len()), (5, 120));
    seen.dedup();
    assert_eq!(seen.len(), 120);
}

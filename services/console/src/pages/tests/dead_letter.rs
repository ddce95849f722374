//! A dead letter's bytes, whatever they are.

use bytes::Bytes;
use domain::{Offset, Partition};
use wire::{Headers, Record};

use super::Browser;
use crate::testing::*;

fn record(offset: i64, value: &'static [u8]) -> Record {
    let mut headers = Headers::new();
    headers.push("postbode-reason", "malformed".to_owned());
    headers.push("x-\"><script>", "<b>bold</b>".to_owned());
    Record {
        topic: "postbode.dead-letters.events".into(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: NOW,
        key: None,
        value: Some(Bytes::from_static(value)),
        headers,
    }
}

#[tokio::test]
async fn an_operator_sees_what_died_and_nothing_of_it_acts() {
    let mut browser = Browser::signed_in(OPERATOR).await;
    let text = "<script>alert(1)</script>\u{1b}[2J\u{202e}gnp.exe".as_bytes();
    browser.world.hold(vec![record(0, text), record(1, &[0xff, 0xfe, b'<'])]);
    let page = browser.go("/dead-letters/postbode.dead-letters.events-0-0").await.expect(200).text;
    assert!(page.contains("&#60;script&#62;alert(1)") && page.contains("&#60;b&#62;bold"), "{page}");
    assert!(page.contains("\\u{1b}[2J\\u{202e}gnp.exe"), "controls are shown by their numbers: {page}");
    let page = browser.go("/dead-letters/postbode.dead-letters.events-0-1").await.expect(200).text;
    assert!(page.contains("//48") && page.contains("no text in UTF-8"), "{page}");
    for none in ["postbode.dead-letters.events-0-7", "postbode.webhooks-0-0", "x"] {
        browser.go(&format!("/dead-letters/{none}")).await.expect(404);
    }
    Browser::signed_in(ACME).await.go("/dead-letters/postbode.dead-letters.events-0-0").await.expect(403);
}

//! A webhook that goes on after a pause is offered what it missed.

use std::time::Duration;

use domain::{DisabledReason, Offset, Partition, Timestamp};
use history::entry::{Audit, Entry, Read};
use wire::text::rfc3339;

use super::*;

/// The audit log has this of the webhook.
async fn done(browser: &Browser, action: &str, at: Timestamp) {
    let read = Read {
        topic: "postbode.audit".into(),
        partition: Partition(0),
        offset: Offset(at.as_millis()),
        timestamp: at,
        entry: Some(Entry::Audit(Audit {
            id: format!("aud_{action}_{}", at.as_millis()).into(),
            at,
            action: action.into(),
            account: Some("acme".into()),
            object: Some("wh_a".into()),
            by: Some("key_x".into()),
            record: "{}".to_owned(),
        })),
    };
    browser.world.with_history().await.write(&[read]).await.unwrap();
}

/// Somebody of acme, whose webhook is in this state.
async fn at_rest(state: State) -> Browser {
    let mut browser = Browser::on(crate::api::tests::history::filled().await);
    browser.send("/sign-in", &[("key", ACME)]).await.expect(303);
    rests(&browser, state);
    browser
}

fn rests(browser: &Browser, state: State) {
    browser.world.put(Change::Webhook(webhook("wh_a", "acme", state).into()));
}

fn ago(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

/// Takes a step, and says where that leads.
async fn step(browser: &mut Browser, step: &str) -> String {
    let path = format!("/webhooks/wh_a/{step}");
    browser.submit("/webhooks/wh_a", &path, &[]).await.expect(303).location().to_owned()
}

fn resumed_since(at: Timestamp) -> String {
    format!("/webhooks/wh_a?{}", super::super::view::encoded([("done", "resumed"), ("since", &rfc3339(at))]))
}

#[tokio::test]
async fn a_resumed_webhook_is_offered_what_it_missed_since_it_was_paused_counted_first() {
    let mut browser = at_rest(State::Paused).await;
    for (action, seconds) in [("webhook.paused", 900), ("webhook.resumed", 800), ("webhook.paused", 600)] {
        done(&browser, action, ago(seconds)).await;
    }
    let place = step(&mut browser, "resume").await;
    assert_eq!(place, resumed_since(ago(600)));
    let page = browser.go(&place).await.expect(200);
    let time = rfc3339(ago(600));
    for part in [
        format!("Nothing was sent to it since <time datetime=\"{time}\">"),
        "href=\"#missed\" data-count=\"count-missed\"".to_owned(),
        format!("name=\"since\" required size=\"21\" value=\"{time}\""),
    ] {
        assert!(page.text.contains(&part), "{part}: {}", page.text);
    }
    let asked = [("since", time.as_str())];
    let counted = browser.submit(&place, "/webhooks/wh_a/backfill", &asked).await.expect(303);
    let job = browser.go(counted.location()).await.expect(200);
    assert!(job.text.contains("<div data-job>") && job.text.contains("data-refresh"), "{}", job.text);
    let later = browser.go("/webhooks/wh_a").await.expect(200);
    assert!(!later.text.contains("data-count"), "it is offered once: {}", later.text);
}

#[tokio::test]
async fn what_is_offered_begins_no_earlier_than_what_kafka_holds() {
    let mut browser = at_rest(State::Paused).await;
    done(&browser, "webhook.paused", ago(900)).await;
    browser.world.held_since(Ok(Some(ago(300))));
    assert_eq!(step(&mut browser, "resume").await, resumed_since(ago(300)));
}

#[tokio::test]
async fn an_enabled_webhook_is_offered_what_it_missed_since_the_last_call_to_it() {
    let mut browser = at_rest(State::Disabled(DisabledReason::Gone)).await;
    let place = step(&mut browser, "enable").await;
    assert_eq!(place, resumed_since(ago(200)).replace("resumed", "enabled"));
    assert!(browser.go(&place).await.expect(200).text.contains("data-count"));
}

#[tokio::test]
async fn where_nobody_knows_since_when_it_rests_nothing_is_offered() {
    let mut browser = at_rest(State::Paused).await;
    assert_eq!(step(&mut browser, "resume").await, "/webhooks/wh_a?done=resumed");
    done(&browser, "webhook.paused", ago(900)).await;
    done(&browser, "webhook.resumed", ago(800)).await;
    rests(&browser, State::Paused);
    assert_eq!(
        step(&mut browser, "resume").await,
        "/webhooks/wh_a?done=resumed",
        "this pause is not in the log"
    );
    assert_eq!(step(&mut browser, "pause").await, "/webhooks/wh_a?done=paused");
    let strange = browser.go("/webhooks/wh_a?since=%3Cb%3E").await.expect(200);
    assert!(!strange.text.contains("data-count"), "{}", strange.text);
}

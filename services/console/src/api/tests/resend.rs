//! Deliveries that are sent again by hand.

use domain::{Change, DeathReason, Event, Offset, Partition, State};
use history::entry::{Entry, Read};
use wire::{Origin, names};

use super::history::{attempt, letter};
use super::{ACME, BOLT, Fake, NOW, READER, Value, call, event, registry, webhook};

const WEBHOOK: &str = "wh_a";

/// The delivery of the event that stands in Kafka.
fn delivery() -> String {
    let event = Event { id: "e".into(), source: "/s".into(), kind: "click".into(), account: "acme".into() };
    event.delivery_to(&WEBHOOK.into()).to_string()
}

/// A delivery that died once, and whose event is held.
async fn dead() -> Fake {
    let world = Fake::new(registry());
    world.put(Change::Webhook(webhook(WEBHOOK, "acme", State::Active).into()));
    let mut failed = attempt(&delivery(), "acme", WEBHOOK, 100, 500);
    failed.members[0].origin = Some(Origin { partition: Partition(0), offset: Offset(0) }.to_string().into());
    failed.members[0].event = "e".into();
    let mut died = letter("dead-0-7", Some("acme"), 50, DeathReason::Exhausted);
    died.delivery = Some(failed.members[0].clone());
    let read = |(offset, entry)| Read {
        topic: "t".into(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: NOW,
        entry: Some(entry),
    };
    let reads: Vec<_> = (0..).zip([Entry::Attempt(failed), Entry::DeadLetter(died)]).map(read).collect();
    world.with_history().await.write(&reads).await.unwrap();
    world.hold(vec![event("acme", "click", "{\"id\":\"m\"}")]);
    world
}

fn path() -> String {
    format!("/v1/deliveries/{}/resend", delivery())
}

#[tokio::test]
async fn a_dead_delivery_is_sent_again_under_its_id_and_its_letter_counts_as_replayed() {
    let world = dead().await;
    call(&world, ACME, "POST", &path(), Value::Null).await.expect(202);
    let sent = world.sent();
    assert_eq!(sent.len(), 2, "the delivery, and behind it what became of the letter");
    let again = &sent[0];
    assert_eq!(again.headers.text(names::DELIVERY), Some(delivery().as_str()));
    assert_eq!(
        (again.headers.text(names::REPLAY), again.headers.text(names::ATTEMPT)),
        (Some("1"), Some("0"))
    );
    assert_eq!(again.value.as_deref(), Some(&b"{\"id\":\"m\"}"[..]));
    let letter = sent[1].value.as_deref().unwrap();
    assert_eq!(sent[1].key.as_deref(), Some(&b"dead-0-7"[..]));
    assert!(String::from_utf8_lossy(letter).contains("replayed"));
}

#[tokio::test]
async fn what_cannot_be_sent_again_says_why_and_sends_nothing() {
    let world = dead().await;
    call(&world, BOLT, "POST", &path(), Value::Null).await.expect(404);
    call(&world, READER, "POST", &path(), Value::Null).await.expect(403);
    world.put(Change::Webhook(webhook(WEBHOOK, "acme", State::Paused).into()));
    let paused = call(&world, ACME, "POST", &path(), Value::Null).await.expect(409);
    assert_eq!(paused.text("code"), "webhook-inactive");
    world.put(Change::Webhook(webhook(WEBHOOK, "acme", State::Active).into()));
    world.hold(vec![event("bolt", "click", "{}")]);
    let gone = call(&world, ACME, "POST", &path(), Value::Null).await.expect(409);
    assert_eq!(gone.text("code"), "event-gone");
    assert!(world.sent().is_empty());
}

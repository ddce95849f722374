//! Decisions about dead letters, from their asking to their end.

use domain::{Event, Offset};
use history::entry::{DeadLetter, Entry, Read};
use wire::{Origin, names};

use super::*;
use crate::api::tests::history::{attempt, letter};

/// An event as Kafka holds it.
fn held(n: i64) -> Record {
    let mut record = event("acme", "click", "{}");
    record.headers.set(names::CE_ID, n.to_string());
    Record { offset: Offset(n), ..record }
}

/// So many dead letters of a webhook, of whose events the first half is held.
async fn died(folder: &TempDir, letters: i64) -> (Fake, History) {
    let (world, history) = super::world(folder, 0).await;
    world.hold((0..letters / 2).map(held).collect());
    let entries = (0..letters).flat_map(|n| {
        let event = Event {
            id: n.to_string().as_str().into(),
            source: "/s".into(),
            kind: "click".into(),
            account: "acme".into(),
        };
        let mut failed = attempt(event.delivery_to(&"wh_1".into()).as_str(), "acme", "wh_1", 100 + n, 500);
        failed.members[0].origin =
            Some(Origin { partition: Partition(0), offset: Offset(n) }.to_string().into());
        let mut dead: DeadLetter =
            letter(&format!("dead-0-{n}"), Some("acme"), 50 + n, domain::DeathReason::Exhausted);
        (dead.webhook, dead.delivery) = (Some("wh_1".into()), Some(failed.members[0].clone()));
        [Entry::Attempt(failed), Entry::DeadLetter(dead)]
    });
    let read = |(offset, entry)| Read {
        topic: "t".into(),
        partition: Partition(0),
        offset: Offset(offset),
        timestamp: NOW,
        entry: Some(entry),
    };
    history.write(&(0..).zip(entries).map(read).collect::<Vec<_>>()).await.unwrap();
    (world, history)
}

fn job(act: &str) -> NewJob {
    NewJob {
        id: "job_1".to_owned(),
        account: "acme".to_owned(),
        webhook: None,
        kind: "dead-letters".to_owned(),
        request: json!({"act": act, "type": null, "reason": null, "since": null, "until": wire::text::rfc3339(NOW),
            "rate": 1000, "note": "enough"}),
        asked_by: "key_1".to_owned(),
    }
}

async fn run(act: &str) -> (Fake, Job) {
    let folder = tempfile::tempdir().unwrap();
    let (world, history) = died(&folder, 6).await;
    history.add_job(NOW, job(act)).await.unwrap();
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    start(&world.console(), 1, &lifecycle);
    let ended = until(&history, "job_1", |job| job.state.is_ended()).await;
    lifecycle.stop();
    lifecycle.tasks_ended().await;
    (world, ended)
}

#[tokio::test]
async fn letters_are_put_back_and_those_whose_events_are_gone_stay_open() {
    let (world, ended) = run("replay").await;
    assert_eq!(ended.state, JobState::Done, "{:?}", ended.error);
    let shown = Report::of(&ended).unwrap().shown;
    assert_eq!(shown, json!({"found": 6, "decided": 3, "left": {"event-gone": 3}}));
    let sent = world.sent();
    let (again, decided): (Vec<_>, Vec<_>) =
        sent.iter().partition(|it| it.headers.text(names::DELIVERY).is_some());
    assert_eq!((again.len(), decided.len()), (3, 3));
    assert!(again.iter().all(|it| it.headers.text(names::REPLAY) == Some("1")));
}

#[tokio::test]
async fn letters_are_discarded_with_a_note_and_nothing_is_sent() {
    let (world, ended) = run("discard").await;
    assert_eq!(ended.state, JobState::Done, "{:?}", ended.error);
    assert_eq!(Report::of(&ended).unwrap().shown, json!({"found": 6, "decided": 6, "left": {}}));
    let sent = world.sent();
    assert_eq!(sent.len(), 6);
    let text = |it: &wire::OutRecord| String::from_utf8_lossy(it.value.as_deref().unwrap()).into_owned();
    assert!(sent.iter().all(|it| text(it).contains("discarded") && text(it).contains("enough")));
}

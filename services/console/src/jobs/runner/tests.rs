//! Jobs in a database, from their asking to their end.

use domain::{Change, Partition, State};
use history::HistorySettings;
use history::jobs::{JobState, NewJob};
use serde_json::json;
use stream::SendError;
use tempfile::TempDir;
use wire::{Headers, Record};

use super::*;
use crate::testing::*;
use crate::words::{Sentence, sentence};

fn why_of(job: &Job) -> Sentence {
    why::read(job.error.as_deref().unwrap())
}

#[path = "letters.rs"]
mod letters;

async fn history(folder: &TempDir) -> History {
    let url = format!("sqlite:{}", folder.path().join("history.db").display());
    History::open(&HistorySettings { url, ..HistorySettings::default() }).await.unwrap()
}

/// A world with an active webhook, and so many events for it, one a second from now on.
async fn world(folder: &TempDir, events: i64) -> (Fake, History) {
    let (world, history) = (Fake::new(registry()), history(folder).await);
    world.put(Change::Webhook(Box::new(webhook("wh_1", "acme", State::Active))));
    let event = |n: i64| {
        let headers =
            [("ce_type", "click".to_owned()), ("ce_account", "acme".to_owned()), ("ce_id", n.to_string())];
        let headers: Headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Record {
            topic: "postbode.events".into(),
            partition: Partition(0),
            offset: domain::Offset(n),
            timestamp: NOW + Duration::from_secs(u64::try_from(n).unwrap()),
            key: None,
            value: Some("{}".into()),
            headers,
        }
    };
    world.hold((0..events).map(event).collect());
    world.remember(history.clone());
    (world, history)
}

fn backfill(id: &str, rate: u32) -> NewJob {
    NewJob {
        id: id.to_owned(),
        account: "acme".to_owned(),
        webhook: Some("wh_1".to_owned()),
        kind: "backfill".to_owned(),
        request: json!({"since": wire::text::rfc3339(NOW), "until": "2026-02-01T00:00:00Z", "dry_run": false,
            "rate": rate, "revision": 1, "types": "*", "filter": null, "database": null, "collection": null,
            "callers": null}),
        asked_by: "key_1".to_owned(),
    }
}

async fn until(history: &History, id: &str, wanted: impl Fn(&Job) -> bool) -> Job {
    for _ in 0..1000 {
        let job = history.job(id).await.unwrap().unwrap();
        if wanted(&job) {
            return job;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to that: {:?}", history.job(id).await);
}

fn shown(job: &Job) -> Value {
    Report::of(job).unwrap_or_default().shown
}

#[tokio::test]
async fn a_job_is_taken_done_and_its_end_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (world, history) = world(&folder, 20).await;
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    start(&world.console(), 2, &lifecycle);
    history.add_job(NOW, backfill("job_1", 1000)).await.unwrap();
    let done = until(&history, "job_1", |job| job.state.is_ended()).await;
    assert_eq!((done.state, &shown(&done)["sent"]), (JobState::Done, &json!(20)));
    assert_eq!(world.sent().len(), 20);

    world.put(Change::Webhook(Box::new(webhook("wh_1", "acme", State::Paused))));
    history.add_job(NOW, backfill("job_2", 1000)).await.unwrap();
    let failed = until(&history, "job_2", |job| job.state.is_ended()).await;
    assert_eq!(why_of(&failed), sentence!("not-active", state = "paused"));
    lifecycle.stop();
    lifecycle.tasks_ended().await;
    assert_eq!(lifecycle.crash(), None);
}

#[tokio::test]
async fn one_that_stops_gives_its_job_to_the_next_which_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (world, history) = world(&folder, 60).await;
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    start(&world.console(), 1, &lifecycle);
    history.add_job(NOW, backfill("job_1", 20)).await.unwrap();
    until(&history, "job_1", |job| shown(job)["sent"].as_u64() > Some(0)).await;
    lifecycle.stop();
    lifecycle.tasks_ended().await;
    let left = history.job("job_1").await.unwrap().unwrap();
    assert_eq!((left.state, &shown(&left)["sent"]), (JobState::Waiting, &json!(world.sent().len())));

    let next = Lifecycle::new(Duration::from_secs(5));
    start(&world.console(), 1, &next);
    until(&history, "job_1", |job| job.state == JobState::Done).await;
    assert_eq!(world.sent().len(), 60, "none twice, and none lost");
    next.stop();
    next.tasks_ended().await;
}

#[tokio::test]
async fn one_that_is_cancelled_stops_and_its_worker_takes_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (world, history) = world(&folder, 1000).await;
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    start(&world.console(), 1, &lifecycle);
    history.add_job(NOW, backfill("job_1", 20)).await.unwrap();
    until(&history, "job_1", |job| shown(job)["sent"].as_u64() > Some(0)).await;
    assert!(history.cancel_job(NOW, "job_1").await.unwrap());
    history
        .add_job(NOW, NewJob { webhook: Some("wh_gone".to_owned()), ..backfill("job_2", 1) })
        .await
        .unwrap();
    let next = until(&history, "job_2", |job| job.state.is_ended()).await;
    assert_eq!(why_of(&next), sentence!("webhook-deleted"));
    assert_eq!(history.job("job_1").await.unwrap().unwrap().state, JobState::Cancelled);
    assert!(world.sent().len() < 100);
    lifecycle.stop();
    lifecycle.tasks_ended().await;
}

#[tokio::test]
async fn a_broken_producer_gives_the_job_back_and_ends_the_console() {
    let folder = tempfile::tempdir().unwrap();
    let (world, history) = world(&folder, 5).await;
    world.answer_sends(|_| Err(SendError::Fatal("beyond repair".to_owned())));
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    history.add_job(NOW, backfill("job_1", 20)).await.unwrap();
    start(&world.console(), 1, &lifecycle);
    lifecycle.soft_stop().await;
    lifecycle.tasks_ended().await;
    assert!(lifecycle.crash().unwrap().contains("beyond repair"));
    assert_eq!(history.job("job_1").await.unwrap().unwrap().state, JobState::Waiting);
}

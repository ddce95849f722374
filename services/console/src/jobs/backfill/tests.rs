//! Backfills in a world in memory, where a second passes at once.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{Change, Offset, Partition, State, Trigger, Webhook};
use history::jobs::{Job, JobState, NewJob};
use serde_json::{Value, json};
use wire::api::BackfillProgress;
use wire::{Delivery, Headers};

use super::super::Report;
use super::*;
use crate::testing::*;

/// A click of an account, at so many seconds.
fn click(n: i64, account: &str) -> Record {
    let mut headers = Headers::new();
    for (name, value) in [(names::CE_TYPE, "click"), (names::CE_SOURCE, "/s"), (names::CE_ACCOUNT, account)] {
        headers.push(name, value.to_owned());
    }
    headers.push(names::CE_ID, format!("e{n}"));
    headers.push(names::TRACEPARENT, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    Record {
        topic: "postbode.events".into(),
        partition: Partition(i32::try_from(n % 2).unwrap()),
        offset: Offset(n / 2),
        timestamp: at(n),
        key: None,
        value: Some(Bytes::from(format!("{{\"n\":{n}}}"))),
        headers,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + seconds * 1000)
}

/// So many clicks of ours, one a second, and each second one a stranger's.
fn world(clicks: i64, trigger: Trigger) -> Fake {
    let world = Fake::new(registry());
    let webhook = Webhook { trigger, ..webhook("wh_1", "acme", State::Active) };
    world.put(Change::Webhook(Box::new(webhook)));
    world.hold((0..clicks).map(|n| click(n, if n % 10 == 9 { "bolt" } else { "acme" })).collect());
    world
}

fn job(since: i64, until: i64, more: &Value) -> Job {
    let mut request = json!({"since": wire::text::rfc3339(at(since)), "until": wire::text::rfc3339(at(until)),
        "dry_run": false, "rate": 2000, "revision": 1, "types": ["click"], "filter": null, "database": null,
        "collection": null, "callers": null, "fields": []});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Job {
        asked: NewJob {
            id: "job_1".to_owned(),
            account: "acme".to_owned(),
            webhook: Some("wh_1".to_owned()),
            kind: "backfill".to_owned(),
            request,
            asked_by: "key_1".to_owned(),
        },
        state: JobState::Running,
        progress: Value::Null,
        error: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// Takes reports, until it has had enough.
#[derive(Default)]
struct Notes {
    reports: Vec<Report>,
    enough: Option<usize>,
}

impl Desk for Notes {
    async fn report(&mut self, report: &Report) -> Result<(), End> {
        self.reports.push(report.clone());
        if self.enough.is_some_and(|most| self.reports.len() >= most) {
            Err(End::Interrupted)
        } else {
            Ok(())
        }
    }
}

async fn worked(world: &Fake, job: &Job) -> (BackfillProgress, Result<(), End>) {
    let (report, ended) = work(&world.console(), job, &mut Notes::default()).await;
    (serde_json::from_value(report.shown).unwrap(), ended)
}

fn numbers(sent: &[OutRecord]) -> Vec<i64> {
    let number = |out: &OutRecord| {
        let data: Value = serde_json::from_slice(out.value.as_ref().unwrap()).unwrap();
        data["n"].as_i64().unwrap()
    };
    let mut numbers: Vec<_> = sent.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test(start_paused = true)]
async fn what_the_webhook_would_have_matched_is_sent_as_fan_out_would_have_and_marked() {
    let world = world(30, Trigger::default());
    let (counts, ended) = worked(&world, &job(5, 25, &json!({}))).await;
    assert_eq!(ended, Ok(()));
    let sent = world.sent();
    let due: Vec<_> = (5..25).filter(|n| n % 10 != 9).collect();
    assert_eq!(numbers(&sent), due, "of the time, and of the account");
    assert_eq!((counts.matched, counts.sent, counts.of_account), (18, 18, 18));
    assert_eq!((counts.read, counts.first, counts.last), (counts.total, Some(at(5)), Some(at(24))));
    assert_eq!(counts.by_type, [("click".to_owned(), 18)].into());
    for out in &sent {
        let delivery = Delivery::read(&out.headers).unwrap();
        assert_eq!(delivery.id, delivery.event.delivery_to(&"wh_1".into()));
        assert_eq!((&*out.topic, out.key.as_deref()), ("postbode.deliveries", Some(&b"wh_1"[..])));
        assert_eq!((delivery.backfill.as_deref(), delivery.progress.replays), (Some("job_1"), 0));
        assert!(delivery.origin.is_some() && out.headers.get(names::TRACEPARENT).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_the_same_and_sends_nothing() {
    let world = world(30, Trigger::default());
    let (counts, ended) = worked(&world, &job(0, 30, &json!({"dry_run": true, "rate": 1}))).await;
    assert_eq!((ended, counts.matched, counts.sent), (Ok(()), 27, 0));
    assert_eq!(world.sent(), []);
    let (counted, _) = worked(&world, &job(0, 30, &json!({}))).await;
    assert_eq!(BackfillProgress { sent: 27, ..counts }, counted);
}

#[tokio::test(start_paused = true)]
async fn the_conditions_of_the_time_of_asking_decide_and_one_that_fails_is_no_match() {
    let now = Trigger { filter: Some("data.n == 3".into()), ..Trigger::default() };
    let world = world(30, now);
    let (counts, _) = worked(&world, &job(0, 30, &json!({"filter": "data.n < 3 || data.m == 1"}))).await;
    assert_eq!(numbers(&world.sent()), [0, 1, 2]);
    assert_eq!((counts.matched, counts.filter_failures, counts.of_account), (3, 24, 27));
    let (counts, _) = worked(&world, &job(0, 30, &json!({"types": ["open"]}))).await;
    assert_eq!((counts.matched, counts.of_account), (0, 27));
}

#[tokio::test(start_paused = true)]
async fn no_second_sees_more_than_the_rate() {
    let (world, began) = (world(100, Trigger::default()), Instant::now());
    worked(&world, &job(0, 100, &json!({"rate": 10}))).await.1.unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!((8.0..10.0).contains(&took), "90 at 10 a second, with a short burst: {took}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_cut_short_anywhere_goes_on_from_its_last_report_and_loses_none() {
    for reports in 1..8 {
        let world = world(100, Trigger::default());
        let mut job = job(0, 100, &json!({"rate": 15}));
        let mut cut = Notes { enough: Some(reports), ..Notes::default() };
        let (report, ended) = work(&world.console(), &job, &mut cut).await;
        if ended == Ok(()) {
            break;
        }
        assert_eq!((ended, cut.reports.last()), (Err(End::Interrupted), Some(&report)));
        // Killed rather than stopped: the report before is all that is left.
        job.progress = serde_json::to_value(&cut.reports[reports.saturating_sub(2)]).unwrap();
        let (counts, ended) = worked(&world, &job).await;
        assert_eq!((ended, counts.matched, counts.sent), (Ok(()), 90, 90), "after {reports}");
        let distinct: BTreeSet<_> = numbers(&world.sent()).into_iter().collect();
        assert_eq!(distinct.len(), 90, "after {reports}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_may_not_be_called_any_more_ends_it_with_a_reason() {
    let world = world(100, Trigger::default());
    let paused = world.clone();
    world.answer_sends(move |out| {
        if out.value.as_deref() == Some(b"{\"n\":40}") {
            paused_later(&paused);
        }
        Ok(())
    });
    let (counts, ended) = worked(&world, &job(0, 100, &json!({"rate": 10}))).await;
    assert_eq!(ended, Err(End::Failed(sentence!("not-active", state = "paused"))));
    assert!((30..60).contains(&counts.sent), "{counts:?}");
    assert_eq!(counts.sent, world.sent().len() as u64);
    let gone = Fake::new(registry());
    let ended = worked(&gone, &job(0, 100, &json!({}))).await.1;
    assert_eq!(ended, Err(End::Failed(sentence!("webhook-deleted"))));
}

/// The world is busy while it answers a send.
fn paused_later(world: &Fake) {
    let world = world.clone();
    tokio::spawn(async move { world.put(Change::Webhook(Box::new(webhook("wh_1", "acme", State::Paused)))) });
}

#[tokio::test(start_paused = true)]
async fn kafka_may_be_away_for_a_while_and_not_for_long() {
    let world = world(30, Trigger::default());
    let mut refused = 0;
    world.answer_sends(move |_| {
        refused += 1;
        if refused < 200 { Err(SendError::Unavailable("no broker".to_owned())) } else { Ok(()) }
    });
    let (counts, ended) = worked(&world, &job(0, 30, &json!({}))).await;
    assert_eq!((ended, counts.sent), (Ok(()), 27));

    world.answer_sends(|_| Err(SendError::Unavailable("no broker".to_owned())));
    let began = Instant::now();
    let mut notes = Notes::default();
    let (report, ended) = work(&world.console(), &job(0, 30, &json!({})), &mut notes).await;
    assert_eq!(ended, Err(End::Failed(sentence!("kafka-away", minutes = 5))));
    assert_eq!(report.shown["sent"], 0, "what nobody acknowledged counts for nothing");
    assert!(notes.reports.len() > 290 && began.elapsed() < AWAY + AWAY / 10, "the job was held meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_fails_at_once_is_reported_as_often_and_ends_with_the_console() {
    let world = world(3, Trigger::default());
    let why = "refused".to_owned();
    world.held_since(Err(ScanError::Failed { topic: "events".into(), servers: "kafka".into(), why }));
    let mut notes = Notes::default();
    let (_, ended) = work(&world.console(), &job(0, 30, &json!({})), &mut notes).await;
    assert!(matches!(ended, Err(End::Failed(_))) && notes.reports.len() > 290, "the job was held");
    let mut stopping = Notes { enough: Some(2), ..Notes::default() };
    let (_, ended) = work(&world.console(), &job(0, 30, &json!({})), &mut stopping).await;
    assert_eq!(ended, Err(End::Interrupted));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_counted_and_a_broken_producer_is_the_consoles_end() {
    let world = world(3, Trigger::default());
    world.answer_sends(|_| Err(SendError::TooLarge));
    let (counts, ended) = worked(&world, &job(0, 30, &json!({}))).await;
    assert_eq!((ended, counts.matched, counts.sent, counts.too_large), (Ok(()), 3, 0, 3));
    world.answer_sends(|_| Err(SendError::Fatal("fenced".to_owned())));
    let ended = worked(&world, &job(0, 30, &json!({}))).await.1;
    assert_eq!(ended, Err(End::Broken("fenced".to_owned())));
}

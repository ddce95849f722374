//! Jobs, on both databases.

use std::time::Duration;

use domain::Timestamp;
use history::jobs::{JobState, Lease, NewJob};
use history::{Error, History, HistorySettings};
use serde_json::{Value, json};

use crate::support::on_both;

const LEASE: Duration = Duration::from_secs(30);
const KINDS: &[&str] = &["resend", "backfill"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn backfill(id: &str, webhook: &str) -> NewJob {
    NewJob {
        id: id.to_owned(),
        account: "shop".to_owned(),
        webhook: Some(webhook.to_owned()),
        kind: "backfill".to_owned(),
        request: json!({"since": "2026-01-01T00:00:00Z"}),
        asked_by: "key_1".to_owned(),
    }
}

#[tokio::test]
async fn a_job_is_added_worked_on_and_ended() {
    on_both(async |history: History| {
        let added = history.add_job(at(1), backfill("j1", "w1")).await.unwrap();
        assert_eq!(history.job("j1").await.unwrap().as_ref(), Some(&added));

        let claimed = history.claim_job(at(2), "me", KINDS, LEASE).await.unwrap().unwrap();
        assert_eq!((claimed.state, &claimed.asked), (JobState::Running, &added.asked));
        assert_eq!(history.claim_job(at(2), "you", KINDS, LEASE).await.unwrap(), None);

        let progress = json!({"read": 10});
        assert_eq!(history.report_job(at(3), ("j1", "me"), &progress, LEASE).await.unwrap(), Lease::Held);
        assert_eq!(
            history.end_job(at(4), ("j1", "me"), &json!({"read": 20}), Ok(())).await.unwrap(),
            Lease::Held
        );
        let ended = history.job("j1").await.unwrap().unwrap();
        assert_eq!(
            (ended.state, ended.progress, ended.updated_at),
            (JobState::Done, json!({"read": 20}), at(4))
        );
    })
    .await;
}

#[tokio::test]
async fn a_webhook_has_one_open_job_of_a_kind() {
    on_both(async |history: History| {
        history.add_job(at(1), backfill("j1", "w1")).await.unwrap();
        let busy = history.add_job(at(2), backfill("j2", "w1")).await.unwrap_err();
        assert!(matches!(busy, Error::Busy(id) if id == "j1"));
        history.add_job(at(2), backfill("j3", "w2")).await.unwrap();
        history.claim_job(at(3), "me", KINDS, LEASE).await.unwrap();
        assert!(history.add_job(at(3), backfill("j2", "w1")).await.is_err(), "a running one counts too");
        assert!(history.cancel_job(at(4), "j1").await.unwrap());
        history.add_job(at(5), backfill("j2", "w1")).await.unwrap();
        let ids: Vec<_> = history.jobs(Some("shop"), Some("w1"), 9).await.unwrap();
        assert_eq!(ids.iter().map(|job| &*job.asked.id).collect::<Vec<_>>(), ["j2", "j1"]);
        assert_eq!(history.jobs(Some("shop"), None, 9).await.unwrap().len(), 3);
        assert_eq!(history.jobs(Some("other"), None, 9).await.unwrap(), []);
        assert_eq!(history.jobs(None, None, 2).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_cancelled_or_was_too_slow_tells_the_worker_to_stop() {
    on_both(async |history: History| {
        history.add_job(at(1), backfill("j1", "w1")).await.unwrap();
        history.claim_job(at(1), "slow", KINDS, LEASE).await.unwrap().unwrap();
        let taken = history.claim_job(at(40), "quick", KINDS, LEASE).await.unwrap().unwrap();
        assert_eq!(taken.asked.id, "j1");
        let slow = history.report_job(at(41), ("j1", "slow"), &Value::Null, LEASE).await.unwrap();
        assert_eq!(slow, Lease::Lost);
        assert!(history.cancel_job(at(42), "j1").await.unwrap());
        let quick = history.end_job(at(43), ("j1", "quick"), &Value::Null, Ok(())).await.unwrap();
        assert_eq!(quick, Lease::Lost);
        assert_eq!(history.job("j1").await.unwrap().unwrap().state, JobState::Cancelled);
        assert!(!history.cancel_job(at(44), "j1").await.unwrap(), "it has ended");
    })
    .await;
}

#[tokio::test]
async fn a_console_that_stops_gives_its_job_to_the_next() {
    on_both(async |history: History| {
        history.add_job(at(1), backfill("j1", "w1")).await.unwrap();
        history.claim_job(at(1), "one", KINDS, LEASE).await.unwrap().unwrap();
        history.release_job(at(2), ("j1", "one"), &json!({"read": 5})).await.unwrap();
        let next = history.claim_job(at(2), "two", KINDS, LEASE).await.unwrap().unwrap();
        assert_eq!(next.progress, json!({"read": 5}));
        history.end_job(at(3), ("j1", "two"), &json!({"read": 6}), Err("Kafka is away")).await.unwrap();
        let failed = history.job("j1").await.unwrap().unwrap();
        assert_eq!((failed.state, failed.error.as_deref()), (JobState::Failed, Some("Kafka is away")));
        assert_eq!(history.forget_jobs(at(3)).await.unwrap(), 0);
        assert_eq!(history.forget_jobs(at(4)).await.unwrap(), 1);
        assert_eq!(history.job("j1").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_job_of_a_kind_that_a_console_does_not_know_is_left_to_others() {
    on_both(async |history: History| {
        history.add_job(at(1), backfill("j1", "w1")).await.unwrap();
        for kinds in [&["resend"][..], &["back", "fill"], &[]] {
            assert_eq!(history.claim_job(at(2), "old", kinds, LEASE).await.unwrap(), None);
        }
        assert!(history.claim_job(at(2), "new", KINDS, LEASE).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn workers_at_once_each_get_another_job() {
    on_both(async |history: History| {
        for n in 0..8 {
            history.add_job(at(n), backfill(&format!("j{n}"), &format!("w{n}"))).await.unwrap();
        }
        let claims = (0..8).map(|n| {
            let history = history.clone();
            tokio::spawn(async move {
                // One that lost a race asks again, as workers do.
                for _ in 0..50 {
                    if let Some(job) =
                        history.claim_job(at(100), &format!("o{n}"), KINDS, LEASE).await.unwrap()
                    {
                        return job.asked.id;
                    }
                }
                panic!("no job for worker {n}");
            })
        });
        let mut ids = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            ids.push(claim.await.unwrap());
        }
        ids.sort();
        assert_eq!(ids, ["j0", "j1", "j2", "j3", "j4", "j5", "j6", "j7"]);
    })
    .await;
}

#[tokio::test]
async fn a_database_keeps_its_name_and_another_has_another() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |name: &str| HistorySettings {
        url: format!("sqlite:{}", folder.path().join(name).display()),
        ..HistorySettings::default()
    };
    let one = History::open(&settings("one.db")).await.unwrap();
    let again = History::open(&settings("one.db")).await.unwrap();
    let other = History::open(&settings("other.db")).await.unwrap();
    let (name, same) = (one.identity().await.unwrap(), again.identity().await.unwrap());
    assert_eq!(name, same);
    assert_ne!(name, other.identity().await.unwrap());
}

#[tokio::test]
async fn consoles_that_begin_at_once_agree_on_one_database() {
    let settings =
        HistorySettings { url: crate::support::new_postgres().await, ..HistorySettings::default() };
    let opened = (0..4).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move { History::open(&settings).await.unwrap().identity().await.unwrap() })
    });
    let mut names = Vec::new();
    for name in opened.collect::<Vec<_>>() {
        names.push(name.await.unwrap());
    }
    names.dedup();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn what_is_no_database_is_refused_without_showing_it() {
    for url in ["", "mysql://root:geheim@db/x", "geheim", "postgres:geheim"] {
        let settings = HistorySettings { url: url.to_owned(), ..HistorySettings::default() };
        let said = settings.check().map_err(|error| error.to_string());
        assert!(
            said.clone().unwrap_err().contains("sqlite:PATH") && !said.unwrap_err().contains("geheim"),
            "{url}"
        );
    }
}

//! Records into rows, once, on both databases.

use domain::{DeathReason, Timestamp};
use history::deliveries::Search;
use history::entry::{Attempt, Entry, Read};
use history::hours::Course;
use history::{Delivery, History, State, Text, Written};

use crate::support::on_both;
use crate::support::records::*;

async fn delivery(history: &History, id: &str) -> Delivery {
    history.delivery(&id.into()).await.expect("an answer").expect("a delivery")
}

async fn counted(history: &History) -> u64 {
    let hours = history.hours("w1", at(0)).await.expect("an answer");
    hours.values().map(history::hours::Tally::attempts).sum()
}

#[tokio::test]
async fn a_record_read_twice_counts_once() {
    on_both(async |history: History| {
        let batch =
            attempts(0, [attempt("d1", 1, 5, 503), attempt("d1", 2, 6, 200), attempt("d2", 1, 7, 200)]);
        let first = history.write(&batch).await.unwrap();
        assert_eq!(first, Written { records: 3, rows: 3 + 2 + 2 });
        assert_eq!(history.write(&batch).await.unwrap(), Written::default());
        let more = [&batch[1..], &attempts(3, [attempt("d3", 1, 8, 200)])].concat();
        assert_eq!(history.write(&more).await.unwrap().records, 1);
        assert_eq!(counted(&history).await, 4);
        assert_eq!(history.attempts(&"d1".into()).await.unwrap().len(), 2);
        let positions = history.positions().await.unwrap();
        assert_eq!(positions.values().map(|it| (it.next.0, it.newest)).collect::<Vec<_>>(), [(4, at(3))]);
    })
    .await;
}

#[tokio::test]
async fn two_consoles_share_one_database_and_count_everything_once() {
    on_both(async |history: History| {
        let batches: Vec<Vec<Read>> = (0..20)
            .map(|n| attempts(n * 50, (0..50).map(|i| attempt(&format!("d{}", n * 50 + i), 1, i, 200))))
            .collect();
        let both = [1, 2].map(|_| {
            let (history, batches) = (history.clone(), batches.clone());
            tokio::spawn(async move {
                let mut records = 0;
                for batch in &batches {
                    records += history.write(batch).await.unwrap().records;
                }
                records
            })
        });
        let mut records = 0;
        for console in both {
            records += console.await.unwrap();
        }
        assert_eq!((records, counted(&history).await), (1000, 1000));
    })
    .await;
}

#[tokio::test]
async fn a_late_failure_does_not_undo_a_success() {
    on_both(async |history: History| {
        let late = [attempt("d1", 2, 20, 200), attempt("d1", 1, 10, 503), attempt("d1", 3, 30, 503)];
        for (offset, late) in (0..).zip(late) {
            history.write(&attempts(offset, [late])).await.unwrap();
        }
        history.write(&letters(0, [letter("d1", 40, DeathReason::Exhausted)])).await.unwrap();
        let found = delivery(&history, "d1").await;
        let told = (found.latest.state, found.latest.attempts, found.latest.status, found.first_at);
        assert_eq!(told, (State::Delivered, 2, Some(200), at(10)));
        assert_eq!(found.latest.outcome.as_deref(), Some("success"));
    })
    .await;
}

#[tokio::test]
async fn a_delivery_stands_where_the_newest_word_says() {
    on_both(async |history: History| {
        history.write(&letters(0, [letter("d1", 40, DeathReason::Exhausted)])).await.unwrap();
        history.write(&attempts(0, [attempt("d1", 3, 30, 503)])).await.unwrap();
        let dead = delivery(&history, "d1").await;
        assert_eq!((dead.latest.state, dead.latest.at, dead.first_at), (State::Dead, at(40), at(30)));
        assert_eq!(dead.latest.outcome.as_deref(), Some("server-error"), "the last attempt's");
        assert_eq!(dead.member.message.as_deref(), Some("message-of-d1"), "which the letter did not say");

        let mut replayed = attempt("d1", 1, 50, 500);
        replayed.members[0].replays = 1;
        history.write(&attempts(1, [replayed])).await.unwrap();
        let alive = delivery(&history, "d1").await;
        assert_eq!((alive.latest.state, alive.latest.attempts), (State::Retrying, 1));
        assert_eq!((alive.member.replays, alive.latest.next_due), (1, Some(at(80))));
    })
    .await;
}

#[tokio::test]
async fn an_attempt_of_a_batch_is_an_attempt_of_each_of_its_deliveries() {
    on_both(async |history: History| {
        let batch =
            Attempt { members: ["d1", "d2", "d3"].map(member).to_vec(), ..attempt("batch-1", 1, 5, 503) };
        history.write(&attempts(0, [batch, attempt("d2", 2, 9, 200)])).await.unwrap();
        for (id, state, names) in [
            ("d1", State::Retrying, &["batch-1"][..]),
            ("d2", State::Delivered, &["batch-1", "d2"]),
            ("d3", State::Retrying, &["batch-1"]),
        ] {
            assert_eq!(delivery(&history, id).await.latest.state, state);
            let kept = history.attempts(&id.into()).await.unwrap();
            assert_eq!(kept.iter().map(|kept| &*kept.name).collect::<Vec<_>>(), names);
        }
        assert_eq!(history.delivery(&"batch-1".into()).await.unwrap(), None);
        assert_eq!(counted(&history).await, 2, "a batch is one call");
    })
    .await;
}

#[tokio::test]
async fn a_topic_made_anew_is_read_once_more_from_its_beginning() {
    on_both(async |history: History| {
        history.write(&attempts(100, [attempt("d1", 1, 5, 200)])).await.unwrap();
        let mut anew = attempts(0, [attempt("d2", 1, 6, 200), attempt("d3", 1, 7, 200)]);
        anew.iter_mut().for_each(|read| read.timestamp = at(200));
        assert_eq!(history.write(&anew).await.unwrap().records, 2);
        assert_eq!(history.write(&anew).await.unwrap().records, 0);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_stepped_over() {
    on_both(async |history: History| {
        let mut batch = attempts(0, [attempt("d1", 1, 5, 200), attempt("d2", 1, 5, 200)]);
        batch[0].entry = None;
        assert_eq!(history.write(&batch).await.unwrap(), Written { records: 2, rows: 4 });
        assert_eq!(history.delivery(&"d1".into()).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_text_that_no_database_takes_stops_nothing_and_is_found_as_it_was_said() {
    on_both(async |history: History| {
        let (zero, long) = ("a\0b@example.com", "x".repeat(9_000));
        let mut odd = attempt("d1", 1, 5, 200);
        odd.members[0].recipient = Some(zero.into());
        odd.members[0].message = Some(long.as_str().into());
        history.write(&attempts(0, [odd])).await.unwrap();
        for search in [
            Search { recipient: Some(zero.into()), ..Search::default() },
            Search { message: Some(Text::from(long)), ..Search::default() },
        ] {
            assert_eq!(history.deliveries(&search, None, 9).await.unwrap().len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_any_size_is_written_whole() {
    on_both(async |history: History| {
        for (from, size) in [(0, 1), (1, 15), (16, 17), (33, 300), (333, 2_000)] {
            let batch = attempts(from, (0..size).map(|n| attempt(&format!("d{from}-{n}"), 1, n % 100, 200)));
            assert_eq!(history.write(&batch).await.unwrap().records as i64, size);
        }
        assert_eq!(counted(&history).await, 2_333);
    })
    .await;
}

#[tokio::test]
async fn hours_tell_what_went_well_and_how_fast() {
    on_both(async |history: History| {
        let timed = |n: i64, took_ms, status| Attempt { took_ms, ..attempt(&format!("d{n}"), 1, n, status) };
        let batch: Vec<_> = (0..100).map(|n| timed(n, if n < 90 { 10.0 } else { 1000.0 }, 200)).collect();
        history.write(&attempts(0, batch)).await.unwrap();
        let next = [timed(3_600, 50.0, 503), timed(3_601, 50.0, 200)];
        history.write(&records("attempts", 100, next.map(Entry::Attempt))).await.unwrap();
        let hours = history.hours("w1", at(1)).await.unwrap();
        let (first, second) = (&hours[&at(0)], &hours[&at(3_600)]);
        assert_eq!((first.successes, first.failures, second.successes, second.failures), (100, 0, 1, 1));
        let about = |part: f64, exact: f64| (first.percentile(part).unwrap() / exact - 1.0).abs() < 0.2;
        assert!(about(0.5, 10.0) && about(0.95, 1000.0) && about(0.99, 1000.0));
        let courses = history.courses(&["w1", "w2", "w3"], at(1)).await.unwrap();
        assert_eq!(courses.keys().collect::<Vec<_>>(), ["w1"]);
        let (quick, exact) = (&courses["w1"], Course::of(hours));
        assert_eq!(quick.total, exact.total, "the database adds up as we do");
        let counts = |course: &Course| -> Vec<_> {
            course.hours.iter().map(|(hour, tally)| (*hour, tally.successes, tally.failures)).collect()
        };
        assert_eq!(counts(quick), counts(&exact));
        assert_eq!(history.hours("w1", at(3_600)).await.unwrap().len(), 1);
        assert_eq!(history.hours("w2", Timestamp::from_millis(0)).await.unwrap().len(), 0);
        let volumes = [at(0), at(3_600), at(7_200)].map(async |since| history.volumes(since).await.unwrap());
        let [all, last, none] = volumes;
        assert_eq!((all.await["acme"], last.await["acme"], none.await.len()), ((101, 1), (1, 1), 0));
    })
    .await;
}

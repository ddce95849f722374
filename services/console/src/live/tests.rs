//! Streams without Kafka: who gets what, in which order, and what is told.

use std::time::Duration;

use domain::Change;
use tokio::time::timeout;

use super::*;
use crate::testing::*;

struct Desk {
    said: mpsc::Receiver<Said>,
    id: String,
}

impl Desk {
    async fn of(console: &Arc<Console<Fake>>, key: &str, wanted: Wanted, from: Option<&str>) -> Self {
        let who = actor(&registry(), key);
        let from = from.map(|text| Places::parse(text).unwrap());
        let said = open(console, who, wanted, from).await.unwrap();
        Self { said, id: String::new() }
    }

    /// The next thing that is no sign of life; none at the end.
    async fn next(&mut self) -> Option<Said> {
        loop {
            let said = timeout(Duration::from_secs(3600), self.said.recv()).await.unwrap()?;
            match said {
                Said::Beat { id } => self.id = id,
                Said::Event { ref id, .. } | Said::Missed { ref id, .. } => {
                    self.id.clone_from(id);
                    return Some(said);
                }
                Said::FilterFailed(_) => return Some(said),
            }
        }
    }

    /// The `data.n` of the next event.
    async fn n(&mut self) -> i64 {
        match self.next().await {
            Some(Said::Event { data, .. }) => {
                serde_json::from_str::<serde_json::Value>(&data).unwrap()["data"]["n"].as_i64().unwrap()
            }
            other => panic!("no event: {other:?}"),
        }
    }

    /// Waits for a sign of life that says where the stream is now.
    async fn beat(&mut self) -> String {
        match timeout(Duration::from_secs(60), self.said.recv()).await.unwrap() {
            Some(Said::Beat { id }) => id,
            other => panic!("{other:?}"),
        }
    }
}

fn wanted(account: &str) -> Wanted {
    Wanted { account: account.into(), types: Types::All, filter: None }
}

fn clicks(world: &Fake, account: &str, numbers: std::ops::Range<i64>) {
    numbers.for_each(|n| world.happen(event(account, "click", &format!("{{\"n\":{n}}}"))));
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_what_comes_of_its_account_and_types_in_order() {
    let world = Fake::new(registry());
    let console = world.console();
    clicks(&world, "acme", 0..3);
    let types = Types::Only(["click".into()].into());
    let mut desk = Desk::of(&console, ACME, Wanted { types, ..wanted("acme") }, None).await;
    clicks(&world, "bolt", 3..4);
    world.happen(event("acme", "open", "{\"n\":4}"));
    world.happen(event("acme", "click", "no JSON"));
    clicks(&world, "acme", 5..7);
    assert_eq!((desk.n().await, desk.n().await), (5, 6), "not what was there before");
    assert_eq!(desk.beat().await, "0-4,1-4", "and it knows how far that is");
}

#[tokio::test(start_paused = true)]
async fn an_account_never_sees_anothers_events_live_or_read_again() {
    let world = Fake::new(registry());
    let console = world.console();
    let mut bolt = Desk::of(&console, BOLT, wanted("bolt"), None).await;
    let mut acme = Desk::of(&console, ACME, wanted("acme"), None).await;
    clicks(&world, "acme", 0..50);
    clicks(&world, "bolt", 50..51);
    assert_eq!(bolt.n().await, 50);
    assert_eq!(acme.n().await, 0);
    let mut again = Desk::of(&console, BOLT, wanted("bolt"), Some("0-0,1-0")).await;
    assert_eq!(again.n().await, 50);
    // In structured mode the account stands in the value.
    let structured = r#"{"specversion":"1.0","type":"click","account":"acme","data":{"n":7}}"#;
    let mut hidden = event("bolt", "click", structured);
    hidden.headers.set("content-type", "application/cloudevents+json");
    world.happen(hidden);
    clicks(&world, "bolt", 51..52);
    assert_eq!((bolt.n().await, again.n().await), (51, 51));
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_where_it_stood_without_a_gap_or_a_double() {
    let world = Fake::new(registry());
    let console = world.console();
    let mut desk = Desk::of(&console, ACME, wanted("acme"), None).await;
    clicks(&world, "acme", 0..5);
    for n in 0..3 {
        assert_eq!(desk.n().await, n);
    }
    let id = desk.id.clone();
    drop(desk);
    clicks(&world, "acme", 5..9);
    let mut desk = Desk::of(&console, ACME, wanted("acme"), Some(&id)).await;
    clicks(&world, "acme", 9..12);
    let mut seen = Vec::new();
    for _ in 3..12 {
        seen.push(desk.n().await);
    }
    assert_eq!(seen, (3..12).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_is_told_how_many_it_missed_and_goes_on() {
    let world = Fake::new(registry());
    let console = world.console();
    let mut slow = Desk::of(&console, ACME, wanted("acme"), None).await;
    let all = 2 * room::QUEUE as i64;
    clicks(&world, "acme", 0..all);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut got = 0;
    let missed = loop {
        match slow.next().await {
            Some(Said::Event { .. }) => got += 1,
            Some(Said::Missed { missed, .. }) => break missed,
            other => panic!("{other:?}"),
        }
    };
    assert!(got >= room::QUEUE as i64, "{got}");
    assert_eq!(missed, u64::try_from(all - got).ok(), "counted");
    clicks(&world, "acme", 5000..5001);
    assert_eq!(slow.n().await, 5000);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_out_of_reach_is_told() {
    let world = Fake::new(registry());
    let console = world.console();
    clicks(&world, "acme", 0..2);
    let mut desk = Desk::of(&console, ACME, wanted("acme"), Some("0-900,1-900")).await;
    assert!(matches!(desk.next().await, Some(Said::Missed { missed: None, .. })));
    assert_eq!((desk.n().await, desk.n().await), (0, 1), "another log is read from its beginning");
}

#[tokio::test(start_paused = true)]
async fn a_filter_narrows_a_stream_and_its_failure_is_told_once() {
    let world = Fake::new(registry());
    let console = world.console();
    let filter = Some("data.n > 1".into());
    let mut desk = Desk::of(&console, ACME, Wanted { filter, ..wanted("acme") }, None).await;
    world.happen(event("acme", "click", "{}"));
    world.happen(event("acme", "click", "{}"));
    clicks(&world, "acme", 0..3);
    assert!(matches!(desk.next().await, Some(Said::FilterFailed(why)) if why.contains("'n'")));
    assert_eq!(desk.n().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_key() {
    let world = Fake::new(registry());
    let console = world.console();
    let mut desk = Desk::of(&console, ACME, wanted("acme"), None).await;
    desk.beat().await;
    desk.beat().await;
    world.put(Change::KeyGone(domain::KeyHash::of(ACME)));
    clicks(&world, "acme", 0..1);
    assert_eq!(desk.next().await, None, "not one event more");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_ends_with_its_key_at_the_next_sign_of_life() {
    let world = Fake::new(registry());
    let console = world.console();
    let mut desk = Desk::of(&console, ACME, wanted("acme"), None).await;
    world.put(Change::KeyGone(domain::KeyHash::of(ACME)));
    let begun = tokio::time::Instant::now();
    assert_eq!(desk.next().await, None);
    assert!(begun.elapsed() <= talk::BEAT);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_the_soft_stop_and_when_the_events_cannot_be_read() {
    let world = Fake::new(registry());
    let console = world.console();
    let mut desk = Desk::of(&console, ACME, wanted("acme"), None).await;
    world.lose_events();
    assert_eq!(desk.next().await, None);
    let refused = open(&console, actor(&registry(), ACME), wanted("acme"), None).await.err();
    assert_eq!(refused, Some(Refusal::no_events("no broker answers")));

    let world = Fake::new(registry());
    let console = world.console();
    let mut desk = Desk::of(&console, ACME, wanted("acme"), None).await;
    console.streams.lifecycle.stop();
    assert_eq!(desk.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn one_reader_serves_all_and_ends_behind_the_last() {
    let world = Fake::new(registry());
    let console = world.console();
    assert_eq!(world.readers(), 0);
    let first = Desk::of(&console, ACME, wanted("acme"), None).await;
    let second = Desk::of(&console, BOLT, wanted("bolt"), None).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.readers(), 1);
    drop((first, second));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.readers(), 0);
    let mut third = Desk::of(&console, ACME, wanted("acme"), None).await;
    clicks(&world, "acme", 0..1);
    assert_eq!(third.n().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_hung_up_on_and_frees_its_place() {
    let world = Fake::new(registry());
    let console = world.console();
    let stuck = [
        Desk::of(&console, ACME, wanted("acme"), None).await,
        Desk::of(&console, ACME, wanted("acme"), None).await,
    ];
    let another = open(&console, actor(&registry(), ACME), wanted("acme"), None).await.err();
    assert_eq!(another, Some(Refusal::TooManyStreams(2)));
    clicks(&world, "acme", 0..100);
    tokio::time::sleep(Duration::from_secs(61)).await;
    let mut free = Desk::of(&console, ACME, wanted("acme"), None).await;
    clicks(&world, "acme", 100..101);
    assert_eq!(free.n().await, 100);
    drop(stuck);
}

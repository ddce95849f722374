//! An endpoint that was broken for too long is well again: everything that died is delivered after all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use harness::{Answer, Call, Receiver, World, WorldOptions, said, signal};
use serde_json::json;

/// How many die.
const LETTERS: usize = 350;

/// A receiver that answers all kinds of failures until it is well.
async fn broken() -> (Receiver, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let count = AtomicUsize::new(0);
    let receiver = Receiver::scripted({
        let well = Arc::clone(&well);
        move |_, _| {
            let failures = [500, 404, 502, 400];
            let n = count.fetch_add(1, Ordering::SeqCst);
            let status = if well.load(Ordering::SeqCst) { 204 } else { failures[n % failures.len()] };
            Answer::status(status)
        }
    })
    .await;
    (receiver, well)
}

/// An installation where two attempts are all there are, and no breaker spreads them over hours.
async fn dying_quickly(story: &str) -> World {
    let environment = vec![
        ("POSTBODE__DELIVERY__SCHEDULE", "300ms".to_owned()),
        ("POSTBODE__DELIVERY__BREAKER_FAILURES", "0".to_owned()),
    ];
    let world = World::with(story, WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    world
}

/// An installation in which so many deliveries died, and whose receiver is well again. Says how many calls there were.
async fn recovered(story: &str) -> (World, Receiver, usize) {
    let world = dying_quickly(story).await;
    let (receiver, well) = broken().await;
    world.hook("acme", &receiver, &[], json!({"limits": {"concurrency": 16}})).await;
    world.clicks("acme", LETTERS).await;
    world.until_written(&world.topics.dead_deliveries, LETTERS).await;
    let calls = receiver.calls().len();
    assert_eq!((receiver.accepted().len(), calls), (0, 2 * LETTERS));
    well.store(true, Ordering::SeqCst);
    (world, receiver, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_and_fifty_that_died_are_posted_once_each_after_a_replay() {
    let (world, receiver, before) = recovered("recover").await;
    let told = world.says(&["dlq", "replay", "--reason", "exhausted", "--json"]).await;
    assert_eq!((told.code, &told.last()["summary"]["replayed"]), (Some(0), &json!(LETTERS)), "{told:?}");
    receiver.until_accepted(LETTERS).await;

    let told = world.says(&["dlq", "replay", "--json"]).await;
    let summary = &told.last()["summary"];
    assert_eq!((&summary["replayed"], &summary["left"]["replayed"]), (&json!(0), &json!(LETTERS)));
    world.settled().await;
    let after: Vec<Call> = receiver.calls().split_off(before);
    assert_eq!((after.len(), receiver.accepted().len()), (LETTERS, LETTERS), "one POST each");
    let first = |id: &str| receiver.calls().into_iter().find(|call| call.id() == id).unwrap();
    for call in after.iter().step_by(50) {
        assert_eq!(call.body, first(&call.id()).body, "the same id and the same body as when it failed");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_interrupted_and_then_killed_goes_on_where_it_was() {
    let (world, receiver, before) = recovered("recover-killed").await;
    let replay = ["dlq", "replay", "--rate", "150", "--json"];

    let interrupted = world.cli(&replay);
    receiver.until_accepted(60).await;
    signal(&interrupted, "INT");
    let told = said(interrupted).await;
    let first = told.last()["summary"]["replayed"].as_u64().unwrap() as usize;
    assert_eq!(told.code, Some(3), "{told:?}");
    assert!(told.err.contains("Say the same command again"), "{}", told.err);
    receiver.until_accepted(first).await;
    assert_eq!(told.last()["summary"]["in_doubt"], 0);

    let killed = world.cli(&replay);
    receiver.until_accepted(first + 80).await;
    signal(&killed, "KILL");
    assert_eq!(said(killed).await.code, None);
    assert_eq!(receiver.duplicates(), 0, "an interrupt repeats nothing");

    let told = world.says(&["dlq", "replay", "--json"]).await;
    let summary = &told.last()["summary"];
    let (left, replayed) = (summary["left"]["replayed"].as_u64(), summary["replayed"].as_u64());
    assert_eq!(left.zip(replayed).map(|(left, replayed)| left + replayed), Some(LETTERS as u64), "{told:?}");
    receiver.until_accepted(LETTERS).await;
    world.settled().await;
    // Sixty-four may be on their way; at this rate there were few.
    assert!(receiver.duplicates() <= 64, "{} twice", receiver.duplicates());
    assert_eq!(receiver.calls().len() - before, LETTERS + receiver.duplicates());
    eprintln!("after the kill {} of {LETTERS} were sent twice", receiver.duplicates());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_dies_again_and_again_is_left_alone_in_the_end() {
    let world = dying_quickly("dlq-loop").await;
    let receiver = Receiver::scripted(|_, _| Answer::status(500)).await;
    world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 1).await;
    for round in 1..=3 {
        let letters = world.until_written(&world.topics.dead_deliveries, round).await;
        let newest = letters.iter().map(|l| l.headers.text(wire::names::REPLAY).unwrap_or("0")).max();
        assert_eq!(newest, Some((round - 1).to_string().as_str()));
        let told = world.says(&["dlq", "replay", "--max-replays", "2", "--json"]).await;
        let summary = &told.last()["summary"];
        let expected = if round < 3 { (json!(1), json!(null)) } else { (json!(0), json!(1)) };
        assert_eq!((summary["replayed"].clone(), summary["left"]["too-often"].clone()), expected, "{told:?}");
    }
    let told = world.says(&["dlq", "replay", "--max-replays", "2"]).await;
    assert!(told.out.contains("replayed too often already"), "{told:?}");
    assert_eq!(
        world.read(&world.topics.deliveries).await.len(),
        3 * 2,
        "a first attempt and a retry in each life"
    );
    assert_eq!(receiver.calls().len(), 3 * 2, "two attempts in each life");
    world.close().await;
}

//! What an operator says and what then lies in Kafka.

use std::collections::{BTreeMap, BTreeSet};

use domain::DeathReason;
use harness::{World, said};
use serde_json::{Value, json};
use wire::disposition::{Disposition, Place, What};
use wire::{Record, dead_letter, names};

use super::letters::{Particulars, USUAL, kafka_alone, lay_down, letter};

/// How often each delivery was put back.
async fn put_back(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in world.read(&world.topics.deliveries).await {
        *counts.entry(record.headers.text(names::DELIVERY).unwrap().to_owned()).or_default() += 1;
    }
    counts
}

async fn dispositions(world: &World) -> BTreeMap<Place, Disposition> {
    let mut read = BTreeMap::new();
    for record in world.read(&world.topics.dispositions).await {
        match Disposition::read(&record).unwrap() {
            (place, Some(disposition)) => read.insert(place, disposition),
            (place, None) => read.remove(&place),
        };
    }
    read
}

/// What `ls --json` says is open.
async fn open(world: &World) -> u64 {
    world.says(&["dlq", "ls", "--json"]).await.last()["histogram"]["total"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_all_and_writes_nothing() {
    let world = kafka_alone("dlq-dry").await;
    lay_down(&world, 40).await;
    for act in ["replay", "discard"] {
        let told = world.says(&["dlq", act, "--dry-run", "--json"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let summary = &told.last()["summary"];
        assert_eq!((&summary["dry_run"], &summary["histogram"]["total"]), (&json!(true), &json!(40)));
        assert_eq!(summary["histogram"]["webhooks"]["wh_3"], 8);
        assert_eq!(summary["histogram"]["hours"].as_object().unwrap().len(), 1);
        let text = world.says(&["dlq", act, "--dry-run"]).await.out;
        assert!(text.contains(&format!("would {act} 40 dead letters")) && text.contains("█"), "{text}");
    }
    assert_eq!(put_back(&world).await.len(), 0);
    assert_eq!(world.read(&world.topics.dispositions).await.len(), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_chooses_and_together_they_narrow() {
    let world = kafka_alone("dlq-filters").await;
    let sink = world.sink();
    let all = [
        USUAL,
        Particulars { status: Some(404), ..USUAL },
        Particulars { status: None, reason: DeathReason::Expired, ..USUAL },
        Particulars { webhook: "wh_2", kind: "open", ..USUAL },
        Particulars { account: "bolt", webhook: "wh_3", ..USUAL },
    ];
    let mut places = Vec::new();
    for (n, particulars) in all.into_iter().enumerate() {
        places.push(sink.send(&letter(&world, n, particulars)).await.unwrap());
    }
    let third = format!("{}:{}", places[2].partition, places[2].offset);
    let cases: [(&[&str], &[usize]); 11] = [
        (&[], &[0, 1, 2, 3, 4]),
        (&["--reason", "expired"], &[2]),
        (&["--webhook", "wh_2", "--webhook", "wh_3"], &[3, 4]),
        (&["--account", "acme", "--type", "click"], &[0, 1, 2]),
        (&["--status", "4xx"], &[1]),
        (&["--status", "none"], &[2]),
        (&["--status", "5xx", "--account", "bolt"], &[4]),
        (&["--delivery", "dlv_3"], &[3]),
        (&["--offset", &third], &[2]),
        (&["--since", "1h"], &[0, 1, 2, 3, 4]),
        (&["--until", "1h"], &[]),
    ];
    for (filter, expected) in cases {
        let told = world.says(&[&["dlq", "ls", "--json"], filter].concat()).await;
        let lines: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let seen: BTreeSet<_> = lines.iter().filter_map(|line| line["delivery"].as_str()).collect();
        let expected: Vec<_> = expected.iter().map(|n| format!("dlv_{n}")).collect();
        assert_eq!(seen, expected.iter().map(String::as_str).collect(), "{filter:?}: {told:?}");
    }
    let told = world.says(&["dlq", "replay", "--json", "--status", "404"]).await;
    assert_eq!((told.code, &told.last()["summary"]["replayed"]), (Some(0), &json!(1)));
    assert_eq!(put_back(&world).await, BTreeMap::from([("dlv_1".to_owned(), 1)]));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_is_not_replayed_until_it_is_restored_or_that_is_said() {
    let world = kafka_alone("dlq-discard").await;
    lay_down(&world, 10).await;

    let asked = world.says(&["dlq", "discard", "--webhook", "wh_1"]).await;
    assert_eq!(asked.code, Some(2), "nobody can be asked: {asked:?}");
    assert!(asked.err.contains("--yes"), "{asked:?}");
    let discard = ["dlq", "discard", "--yes", "--by", "ops", "--note", "tests of theirs", "--json"];
    let told = world.says(&[&discard[..], &["--webhook", "wh_1", "--webhook", "wh_2"]].concat()).await;
    assert_eq!((told.code, &told.last()["summary"]["discarded"]), (Some(0), &json!(4)), "{told:?}");
    let written = dispositions(&world).await;
    assert_eq!(written.len(), 4);
    assert!(written.values().all(|d| {
        (d.what, d.by.as_str(), d.note.as_deref()) == (What::Discarded, "ops", Some("tests of theirs"))
    }));
    assert_eq!(open(&world).await, 6);
    assert_eq!(world.read(&world.topics.dead_deliveries).await.len(), 10, "Kafka deletes nothing");

    let told = world.says(&["dlq", "restore", "--webhook", "wh_1", "--json"]).await;
    assert_eq!(told.last()["summary"]["restored"], 2, "{told:?}");
    assert_eq!(open(&world).await, 8);
    let told = world.says(&["dlq", "replay", "--json"]).await;
    let summary = &told.last()["summary"];
    assert_eq!((&summary["replayed"], &summary["left"]["discarded"]), (&json!(8), &json!(2)), "{told:?}");
    assert!(!put_back(&world).await.contains_key("dlv_1"), "wh_2's stays discarded");

    let told = world.says(&["dlq", "replay", "--include-discarded", "--json"]).await;
    let summary = &told.last()["summary"];
    assert_eq!((&summary["replayed"], &summary["left"]["replayed"]), (&json!(2), &json!(8)), "{told:?}");
    let counts = put_back(&world).await;
    assert_eq!((counts.len(), counts.values().sum::<usize>()), (10, 10), "each once");
    let listed = world.says(&["dlq", "ls"]).await;
    assert!(listed.out.contains("open: no dead letters\ndealt with: 10 replayed (--all"), "{listed:?}");
    let listed = world.says(&["dlq", "ls", "--all"]).await;
    assert!(listed.out.contains("10 dead letters: exhausted 10"), "{listed:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_without_its_value_stays_and_says_why() {
    let world = kafka_alone("dlq-omitted").await;
    let omitted = dead_letter::without_value(&letter(&world, 0, USUAL));
    world.sink().send(&omitted).await.unwrap();
    let told = world.says(&["dlq", "replay"]).await;
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.out.contains("1 without a value, which was too large") && told.out.contains("postbode-origin")
    );
    assert_eq!(put_back(&world).await.len(), 0);
    assert_eq!(world.says(&["dlq", "discard", "--yes", "--json"]).await.last()["summary"]["discarded"], 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_goes_back_to_the_events_with_its_own_bytes() {
    let world = kafka_alone("dlq-events").await;
    let mut dead = letter(&world, 0, Particulars { reason: DeathReason::Malformed, ..USUAL });
    dead.topic = world.topics.dead_events.clone();
    dead.value = Some((&b"\xff\x00not json"[..]).into());
    world.sink().send(&dead).await.unwrap();
    let nothing = world.says(&["dlq", "replay", "--json"]).await;
    assert_eq!(nothing.last()["summary"]["replayed"], 0, "deliveries are meant unless it is said");
    let told = world.says(&["dlq", "replay", "--topic", "events", "--json"]).await;
    assert_eq!(told.last()["summary"]["replayed"], 1, "{told:?}");
    let again: Record = world.read(&world.topics.events).await.remove(0);
    assert_eq!((again.value, again.headers.text(names::REPLAY)), (dead.value, Some("1")));
    assert_eq!(again.headers.get(names::REASON), None);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_twice_is_sent_once_and_what_died_again_is_sent_again() {
    let world = kafka_alone("dlq-copies").await;
    let sink = world.sink();
    for n in [0, 1, 0] {
        sink.send(&letter(&world, n, USUAL)).await.unwrap();
    }
    let told = world.says(&["dlq", "replay", "--json"]).await;
    let summary = &told.last()["summary"];
    assert_eq!((&summary["replayed"], &summary["copies"]), (&json!(2), &json!(1)), "{told:?}");
    assert_eq!(put_back(&world).await.values().sum::<usize>(), 2);
    assert_eq!((dispositions(&world).await.len(), open(&world).await), (3, 0));

    // One more copy turns up late; and the delivery dies in its second life.
    sink.send(&letter(&world, 0, USUAL)).await.unwrap();
    let mut again = letter(&world, 0, USUAL);
    again.headers.set(names::REPLAY, "1");
    sink.send(&again).await.unwrap();
    let told = world.says(&["dlq", "replay", "--json"]).await;
    let summary = &told.last()["summary"];
    assert_eq!((&summary["replayed"], &summary["copies"]), (&json!(1), &json!(1)), "{told:?}");
    assert_eq!(put_back(&world).await["dlv_0"], 2, "once in each life");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kafka_does_not_take_stays_open_and_nothing_is_written_down() {
    let world = kafka_alone("dlq-refused").await;
    let mut dead = letter(&world, 0, Particulars { reason: DeathReason::TooLarge, ..USUAL });
    dead.topic = world.topics.dead_events.clone();
    // There is more room among the dead letters than on events; no compressor makes this smaller.
    let noise = std::iter::successors(Some(1_u64), |n| {
        Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
    });
    dead.value =
        Some(noise.map(|n| n.to_be_bytes()[0]).take(world.topics.event_record_bytes() + 8 * 1024).collect());
    world.sink().send(&dead).await.unwrap();
    world.sink().send(&letter(&world, 1, USUAL)).await.unwrap();

    let told = world.says(&["dlq", "replay", "--topic", "events", "--json"]).await;
    let summary = &told.last()["summary"];
    assert_eq!(
        (told.code, &summary["failed"], &summary["replayed"]),
        (Some(1), &json!(1), &json!(0)),
        "{told:?}"
    );
    assert!(told.err.contains("too large"), "{}", told.err);
    assert_eq!(dispositions(&world).await.len(), 0, "a disposition follows an acknowledgement");
    assert_eq!(open(&world).await, 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_so_many_and_then_the_next() {
    let world = kafka_alone("dlq-max").await;
    lay_down(&world, 25).await;
    for (count, stopped) in [(10, json!("max")), (10, json!("max")), (5, json!(null)), (0, json!(null))] {
        let told = world.says(&["dlq", "replay", "--max", "10", "--json"]).await;
        let summary = &told.last()["summary"];
        assert_eq!(
            (told.code, &summary["replayed"], &summary["stopped"]),
            (Some(0), &json!(count), &stopped)
        );
    }
    assert!(put_back(&world).await.values().all(|count| *count == 1));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_at_once_take_turns_and_send_each_letter_once() {
    let world = kafka_alone("dlq-two").await;
    lay_down(&world, 350).await;
    let replay = ["dlq", "replay", "--rate", "100", "--json"];
    let (one, two) = (world.cli(&replay), world.cli(&replay));
    let (one, two) = tokio::join!(said(one), said(two));
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{}\n{}", one.err, two.err);
    let replayed = |told: &harness::Said| told.last()["summary"]["replayed"].as_u64().unwrap();
    assert_eq!(replayed(&one) + replayed(&two), 350);
    let counts = put_back(&world).await;
    assert_eq!((counts.len(), counts.values().sum::<usize>()), (350, 350), "each once");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_who_will_not_wait_repeat_little_and_lose_nothing() {
    let world = kafka_alone("dlq-rush").await;
    lay_down(&world, 350).await;
    let first = world.cli(&["dlq", "replay", "--rate", "100", "--concurrent"]);
    harness::eventually(std::time::Duration::from_secs(20), "the first has begun", || async {
        let count = put_back(&world).await.len();
        if count >= 50 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
    // The second overtakes the first, which finds what the second has done.
    let second = world.says(&["dlq", "replay", "--concurrent", "--json"]).await;
    let first = said(first).await;
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{}\n{}", first.err, second.err);
    let counts = put_back(&world).await;
    let twice = counts.values().sum::<usize>() - counts.len();
    assert_eq!(counts.len(), 350);
    assert!(twice <= 20, "{twice} sent twice");
    assert_eq!(dispositions(&world).await.len(), 350);
    world.close().await;
}

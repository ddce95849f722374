//! Two regions, each with a Kafka of its own; MirrorMaker copies what one has to the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Answer, Broker, Call, Ending, Hook, Kind, Mirror, Receiver, World, WorldOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use stream::{Admin, Severity};

/// What docs/operations/disaster.md tells operators to configure, and then what a story has no minute for.
fn properties(prefix: &str) -> String {
    let document = include_str!("../../../docs/operations/disaster.md");
    let (_, rest) = document.split_once("```properties\n").unwrap();
    let (told, _) = rest.split_once("```").unwrap();
    let ours = told.replace(r"postbode\..*", &format!("{}.*", prefix.replace('.', r"\.")));
    assert_ne!(ours, told, "the document mirrors topics by their prefix");
    let hurry = [
        "refresh.topics.interval.seconds = 1",
        "refresh.groups.interval.seconds = 1",
        "sync.topic.configs.interval.seconds = 1",
        "emit.checkpoints.interval.seconds = 1",
        "sync.group.offsets.interval.seconds = 1",
        "replication.factor = 1",
        "checkpoints.topic.replication.factor = 1",
        "heartbeats.topic.replication.factor = 1",
        "offset-syncs.topic.replication.factor = 1",
        "config.storage.replication.factor = 1",
        "offset.storage.replication.factor = 1",
        "status.storage.replication.factor = 1",
        "offset.flush.interval.ms = 1000",
    ];
    format!("{ours}\n{}\n", hurry.join("\n"))
}

fn options(broker: &Broker, prefix: Option<&str>) -> WorldOptions {
    // A minute of attempts, one a second; an endpoint that fails is not left alone.
    let schedule = ["1s"; 60].join(",");
    let environment = vec![
        ("POSTBODE__DELIVERY__SCHEDULE", schedule),
        ("POSTBODE__DELIVERY__BREAKER_FAILURES", "0".to_owned()),
    ];
    let prefix = prefix.map(str::to_owned);
    WorldOptions { broker: Some(broker.clone()), environment, prefix, ..WorldOptions::default() }
}

/// How many calls for each delivery were taken.
fn taken(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut taken = BTreeMap::new();
    for call in calls.iter().filter(|call| call.accepted()) {
        *taken.entry(call.id()).or_default() += 1;
    }
    taken
}

/// Waits until the other region has every record of this one.
async fn until_mirrored(from: &World, standby: &Broker) {
    for topic in from.topics.specs().iter().map(|spec| &spec.name) {
        let all = from.read(topic).await.len();
        eventually(Duration::from_secs(120), &format!("{topic} is mirrored"), || async {
            let there = standby.count(topic).await;
            if there >= all { Ok(()) } else { Err(format!("{there} of {all}")) }
        })
        .await;
    }
}

/// Whether people find what they had: webhooks, letters, deliveries.
async fn everything_is_there(world: &World, acme: &str, delivered: &Hook, dead: &Hook) {
    let letters = world.says(&["dlq", "ls", "--json"]).await;
    assert!(letters.out.contains(&dead.id), "{letters:?}");
    let ask = async |path: &str| -> Value {
        world.console_as(acme, Method::GET, path, None).await.json().await.unwrap()
    };
    let hooks = ask("/v1/webhooks").await;
    let mut states: Vec<_> =
        hooks["items"].as_array().unwrap().iter().map(|hook| hook["state"].to_string()).collect();
    states.sort();
    assert_eq!(states, ["\"active\"", "\"active\"", "\"disabled\""]);
    eventually(Duration::from_secs(60), "the history is made anew", || async {
        let page = ask(&format!("/v1/deliveries?webhook={}&state=delivered&limit=100", delivered.id)).await;
        let found = page["items"].as_array().map_or(0, Vec::len);
        if found == 100 { Ok(()) } else { Err(page.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_region_goes_on_with_what_was_mirrored_and_loses_none_of_it() {
    let [main, standby] = ["region-main", "region-standby"].map(Broker::own);
    let _endings = [Ending(main.clone()), Ending(standby.clone())];
    let here = World::with("regions", options(&main, None)).await;
    let acme = here.account("acme").await;
    let steady = Receiver::start().await;
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let moody =
        Receiver::scripted(move |_, _| Answer::status(if well.load(Ordering::Relaxed) { 204 } else { 500 }))
            .await;
    let gone = Receiver::scripted(|_, _| Answer::status(410)).await;
    let clicks = here.hook("acme", &steady, &["click"], json!({})).await;
    let bounces = here.hook("acme", &moody, &["bounce"], json!({})).await;
    let opens = here.hook("acme", &gone, &["open"], json!({})).await;
    here.stop_books(&opens);
    let mirror = Mirror::start(&properties(here.prefix()), &main, &standby, here.folder());

    // Some of it is done, some waits for its next attempt, some is dead.
    let mut accepted = here.clicks("acme", 500).await;
    let waiting = here.events("acme", "bounce", 10).await;
    here.events("acme", "open", 1).await;
    steady.until_accepted(500).await;
    moody.until_called(20).await;
    here.until_written(&here.topics.dead_deliveries, 1).await;
    until_mirrored(&here, &standby).await;
    // The last thing that was mirrored: events that nobody has touched yet.
    here.service(Kind::Fanout).signal("KILL");
    accepted.extend(here.clicks("acme", 100).await);
    until_mirrored(&here, &standby).await;
    // Partitions, retention, sizes and compaction, as services ask for them.
    let problems = Admin::new(&standby.settings()).unwrap().check(&here.topics.specs()).await.unwrap();
    assert!(problems.iter().all(|problem| problem.severity == Severity::Note), "{problems:#?}");
    let before = taken(&steady.calls());
    let prefix = here.prefix().to_owned();
    here.abandon();
    mirror.stop().await;
    main.kill();

    is_well.store(true, Ordering::Relaxed);
    let there = World::with("regions-standby", options(&standby, Some(&prefix))).await;
    there.keep_books(&clicks, &steady);
    there.keep_books(&bounces, &moody);
    there.book(&accepted);
    there.book(&waiting);
    accepted.extend(there.clicks("acme", 20).await);
    steady.until_accepted(620).await;
    moody.until_accepted(10).await;
    let after = taken(&steady.calls());
    assert_eq!(after.len(), accepted.len(), "the same deliveries under the same names");
    let twice = before.keys().filter(|id| after[*id] > before[*id]).count();
    assert!(after.values().all(|times| *times <= 2), "{twice} came twice, and some more often");
    eprintln!("of {} deliveries that were done, {twice} came twice", before.len());
    everything_is_there(&there, &acme, &clicks, &opens).await;
    for kind in [Kind::Fanout, Kind::Delivery, Kind::Retry] {
        // Offsets are translated: the logs are not taken for others of the same name, which would be read from their beginning.
        assert_eq!(there.service(kind).metric("postbode_logs_made_anew_total").await, 0.0, "{}", kind.name());
    }
    there.close().await;
}

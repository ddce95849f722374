//! Events that a webhook did not get are sent to it afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{Clock as _, Event, Timestamp};
use harness::{Answer, Hook, Kind, Receiver, World, WorldOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use wire::names;

/// A time that lies before all that follows.
fn now() -> Timestamp {
    process::SystemClock.now()
}

async fn change(world: &World, hook: &Hook, what: &str) {
    let answer = world.console(Method::POST, &format!("/v1/webhooks/{}/{what}", hook.id), None).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    world.registry_seen().await;
}

/// Waits until these many events have been routed, to whomever.
async fn routed(world: &World, count: f64) {
    eventually(Duration::from_secs(30), "the events are routed", || async {
        let now = world.service(Kind::Fanout).metric("postbode_fanout_events_total").await;
        if now >= count { Ok(()) } else { Err(format!("{now} of {count}")) }
    })
    .await;
}

/// Begins a backfill, and returns its job's path.
async fn begin(world: &World, hook: &Hook, since: Timestamp, more: Value) -> String {
    let mut body = json!({"since": wire::text::rfc3339(since)});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/v1/webhooks/{}/backfill", hook.id);
    let answer = world.console(Method::POST, &path, Some(body)).await;
    let (status, place) = (answer.status(), answer.headers().get("location").cloned());
    assert_eq!(status, StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
    place.unwrap().to_str().unwrap().to_owned()
}

async fn job(world: &World, path: &str) -> Value {
    world.console(Method::GET, path, None).await.json().await.unwrap()
}

/// Waits until a job has come to something.
async fn until(world: &World, path: &str, what: &str, there: impl Fn(&Value) -> bool) -> Value {
    eventually(Duration::from_secs(60), what, || async {
        let job = job(world, path).await;
        if there(&job) { Ok(job) } else { Err(job.to_string()) }
    })
    .await
}

/// Its counts, once it is done.
async fn done(world: &World, path: &str) -> Value {
    let ended = until(world, path, "the job ends", |job| {
        matches!(job["state"].as_str(), Some("done" | "failed" | "cancelled"))
    });
    let ended = ended.await;
    assert_eq!(ended["state"], "done", "{ended}");
    ended["progress"].clone()
}

fn due(hook: &Hook, events: &[Event]) -> BTreeSet<String> {
    events.iter().map(|event| hook.delivery(event).to_string()).collect()
}

/// Events that come while a webhook is paused; it is active again behind them.
async fn missed(world: &World, hook: &Hook, count: usize) -> Vec<Event> {
    change(world, hook, "pause").await;
    world.stop_books(hook);
    let before = world.service(Kind::Fanout).metric("postbode_fanout_events_total").await;
    let events = world.clicks(&hook.account, count).await;
    routed(world, before + count as f64).await;
    change(world, hook, "resume").await;
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_while_paused_arrives_after_a_backfill_and_the_count_tells_the_truth_before() {
    let (world, begin_at) = (World::start("backfill").await, now());
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    let events = missed(&world, &hook, 30).await;
    world.events("acme", "open", 5).await;
    assert!(receiver.calls().is_empty());

    let counted = done(&world, &begin(&world, &hook, begin_at, json!({"dry_run": true})).await).await;
    assert_eq!((&counted["matched"], &counted["of_account"]), (&json!(30), &json!(35)), "{counted}");
    assert_eq!((&counted["by_type"], &counted["sent"]), (&json!({"click": 30}), &json!(0)), "{counted}");
    assert!(receiver.calls().is_empty() && world.read(&world.topics.deliveries).await.is_empty());

    let path = begin(&world, &hook, begin_at, json!({})).await;
    let sent = done(&world, &path).await;
    assert_eq!((&sent["sent"], &sent["matched"]), (&json!(30), &json!(30)));
    receiver.until_accepted(30).await;
    assert_eq!(receiver.accepted(), due(&hook, &events));
    assert_eq!(receiver.duplicates(), 0);
    assert!(receiver.calls().iter().all(|call| call.verifies(&hook.secret)));
    for record in world.read(&world.topics.deliveries).await {
        assert_eq!(record.headers.text(names::BACKFILL), path.rsplit('/').next());
        assert_eq!(record.headers.text(names::REPLAY), None, "the loop guard counts no backfill");
    }
    for record in world.until_written(&world.topics.attempts, 30).await {
        let attempt: Value = serde_json::from_slice(record.value.as_deref().unwrap_or_default()).unwrap();
        assert_eq!(attempt["backfill"].as_str(), path.rsplit('/').next(), "{attempt}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_had_everything_gets_it_again_under_the_same_ids_and_bytes() {
    let (world, begin_at) = (World::start("backfill-again").await, now());
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    let events = world.clicks("acme", 10).await;
    receiver.until_accepted(10).await;
    done(&world, &begin(&world, &hook, begin_at, json!({})).await).await;
    let calls = receiver.until_called(20).await;
    assert_eq!((receiver.accepted(), receiver.duplicates()), (due(&hook, &events), 10));
    let shown = ["content-type", "user-agent", "webhook-id"];
    let told: BTreeSet<_> = calls
        .iter()
        .map(|call| (shown.map(|name| call.header(name).to_owned()), call.path.clone(), call.body.clone()))
        .collect();
    assert_eq!(told.len(), 10, "each call of the backfill is one that there was");
    let names = calls.iter().flat_map(|call| call.headers.keys());
    assert!(names.into_iter().all(|name| !name.as_str().contains("backfill")));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_still_decides_and_another_accounts_events_are_never_sent() {
    let (world, begin_at) = (World::start("backfill-filter").await, now());
    world.account("acme").await;
    world.account("bolt").await;
    let receiver = Receiver::start().await;
    let filter = json!({"filter": "'newsletter' in data.tags"});
    let hook = world.hook("acme", &receiver, &["click"], filter).await;
    world.stop_books(&hook);
    let events = missed(&world, &hook, 40).await;
    let theirs = world.clicks("bolt", 40).await;
    let wanted = |n: &usize| {
        let data: Value = serde_json::from_str(&wire::catalogue::sample("click", *n as u64)).unwrap();
        data["tags"].as_array().is_some_and(|tags| tags.contains(&json!("newsletter")))
    };
    let matching: Vec<_> = (0..40).filter(wanted).map(|n| events[n].clone()).collect();
    assert!((1..40).contains(&matching.len()), "the samples tell nothing");
    let counts = done(&world, &begin(&world, &hook, begin_at, json!({})).await).await;
    assert_eq!((&counts["of_account"], &counts["sent"]), (&json!(40), &json!(matching.len())), "{counts}");
    receiver.until_accepted(matching.len()).await;
    assert_eq!(receiver.accepted(), due(&hook, &matching));
    assert!(receiver.accepted().is_disjoint(&due(&hook, &theirs)));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_goes_on_after_its_console_was_killed_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let history = format!("sqlite:{}", folder.path().join("history.db").display());
    let environment = vec![("POSTBODE__HISTORY__URL", history)];
    let options = WorldOptions { environment, ..WorldOptions::default() };
    let (mut world, begin_at) = (World::with("backfill-killed", options).await, now());
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    let events = missed(&world, &hook, 120).await;
    let path = begin(&world, &hook, begin_at, json!({"rate": 25})).await;
    until(&world, &path, "some are sent", |job| job["progress"]["sent"].as_u64() > Some(0)).await;
    let mut killed = world.take(Kind::Console);
    killed.signal("KILL");
    assert_eq!(killed.ended().await, None);
    let sent = world.read(&world.topics.deliveries).await.len();
    assert!((1..120).contains(&sent), "it was killed in the middle: {sent}");

    world.add(Kind::Console).await;
    let counts = done(&world, &path).await;
    assert_eq!((&counts["sent"], &counts["matched"]), (&json!(120), &json!(120)), "{counts}");
    receiver.until_accepted(120).await;
    assert_eq!(receiver.accepted(), due(&hook, &events));
    assert!(
        receiver.duplicates() <= 64 + 25,
        "only what came after the last report: {}",
        receiver.duplicates()
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_stops_gives_its_backfill_to_the_next_and_nothing_is_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    let history = format!("sqlite:{}", folder.path().join("history.db").display());
    let environment = vec![("POSTBODE__HISTORY__URL", history)];
    let options = WorldOptions { environment, ..WorldOptions::default() };
    let (mut world, begin_at) = (World::with("backfill-handed", options).await, now());
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    missed(&world, &hook, 100).await;
    let path = begin(&world, &hook, begin_at, json!({"rate": 25})).await;
    until(&world, &path, "some are sent", |job| job["progress"]["sent"].as_u64() > Some(0)).await;
    world.take(Kind::Console).stop().await;
    world.add(Kind::Console).await;
    done(&world, &path).await;
    receiver.until_accepted(100).await;
    assert_eq!((receiver.duplicates(), world.read(&world.topics.deliveries).await.len()), (0, 100));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_it_and_a_pause_ends_it_with_a_reason() {
    let (world, begin_at) = (World::start("backfill-cancel").await, now());
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    missed(&world, &hook, 200).await;
    let path = begin(&world, &hook, begin_at, json!({"rate": 20})).await;
    let body = json!({"since": wire::text::rfc3339(begin_at)});
    let again = world.console(Method::POST, &format!("/v1/webhooks/{}/backfill", hook.id), Some(body)).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let again: Value = again.json().await.unwrap();
    assert_eq!(again["job"].as_str(), path.rsplit('/').next(), "{again}");

    until(&world, &path, "some are sent", |job| job["progress"]["sent"].as_u64() > Some(0)).await;
    let cancelled = world.console(Method::POST, &format!("{path}/cancel"), None).await;
    assert_eq!(cancelled.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let sent = world.read(&world.topics.deliveries).await.len();
    assert!(sent < 150, "{sent}");
    assert_eq!(job(&world, &path).await["state"], "cancelled");

    let next = begin(&world, &hook, begin_at, json!({"rate": 20})).await;
    until(&world, &next, "some are sent", |job| job["progress"]["sent"].as_u64() > Some(0)).await;
    assert_eq!(world.read(&world.topics.deliveries).await.len().min(sent), sent, "it had stopped");
    change(&world, &hook, "pause").await;
    let failed = until(&world, &next, "it ends", |job| job["state"] == "failed").await;
    assert_eq!(failed["error"], "the webhook is paused: resume it first");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfilled_delivery_that_dies_is_open_though_the_first_one_was_replayed() {
    let (world, begin_at) = (World::start("backfill-dead").await, now());
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer::status(if before < 12 { 500 } else { 200 })).await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    world.clicks("acme", 1).await;
    world.until_written(&world.topics.dead_deliveries, 1).await;
    world.postbode(&["dlq", "replay"]).await;
    world.until_written(&world.topics.dead_deliveries, 2).await;
    world.postbode(&["dlq", "discard", "--yes"]).await;
    done(&world, &begin(&world, &hook, begin_at, json!({})).await).await;
    let letters = world.until_written(&world.topics.dead_deliveries, 3).await;
    assert!(letters.iter().any(|letter| letter.headers.get(names::BACKFILL).is_some()));
    let said = world.postbode(&["dlq", "replay", "--json"]).await;
    let summary: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&summary["summary"]["replayed"], &summary["summary"]["copies"]),
        (&json!(1), &json!(0)),
        "{said}"
    );
    receiver.until_accepted(1).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_counts_sends_and_shows_and_cancels_jobs() {
    let world = World::start("backfill-cli").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &[], json!({})).await;
    missed(&world, &hook, 20).await;
    let console = world.service(Kind::Console).api();
    let run =
        async |arguments: &[&str]| world.says(&[arguments, &["--console-url", &console]].concat()).await;

    let counted = run(&["webhooks", "backfill", &hook.id, "--since", "1h", "--dry-run"]).await;
    assert_eq!(counted.code, Some(0), "{counted:?}");
    assert!(counted.out.starts_with("20 of 20 events match\n  click                20\n"), "{counted:?}");
    let unasked = run(&["webhooks", "backfill", &hook.id, "--since", "1h"]).await;
    assert_eq!((unasked.code, receiver.calls().len()), (Some(2), 0), "{unasked:?}");
    let sent = run(&["webhooks", "backfill", &hook.id, "--since", "1h", "--yes", "--json"]).await;
    assert_eq!((sent.code, &sent.last()["progress"]["sent"]), (Some(0), &json!(20)), "{sent:?}");
    receiver.until_accepted(20).await;

    let slow =
        ["webhooks", "backfill", &hook.id, "--since", "1h", "--yes", "--detach", "--rate", "1", "--json"];
    let slow = run(&slow).await;
    let id = slow.last()["id"].as_str().unwrap().to_owned();
    let shown = run(&["jobs", "show", &id]).await;
    assert!(shown.code == Some(0) && shown.out.contains(&hook.id), "{shown:?}");
    let cancelled = run(&["jobs", "cancel", &id, "--json"]).await;
    assert_eq!((cancelled.code, &cancelled.last()["state"]), (Some(0), &json!("cancelled")), "{cancelled:?}");
    assert_eq!(run(&["jobs", "cancel", "job_none"]).await.code, Some(1));
    let list = run(&["jobs", "ls", "--webhook", &hook.id]).await;
    assert_eq!(list.out.lines().count(), 6, "three counts, two backfills, and a heading: {list:?}");
    let late = run(&["webhooks", "backfill", &hook.id, "--since", "2h", "--until", "1h", "--yes"]).await;
    assert!(late.code == Some(0) && late.out.starts_with("0 of 0 events match"), "{late:?}");
    world.close().await;
}

//! What happened, searched in the console's database.

use std::time::Duration;

use harness::{Kind, Receiver, World, WorldOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn get(world: &World, key: &str, path: &str) -> Value {
    let answer = world.console_as(key, Method::GET, path, None).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.json().await.unwrap()
}

/// Waits until a webhook's statistics count so many attempts, and says what they count.
async fn until_counted(world: &World, key: &str, hook: &str, attempts: u64) -> Value {
    let path = format!("/v1/webhooks/{hook}/statistics?hours=2");
    eventually(Duration::from_secs(60), "the history has them", || async {
        let answer = world.console_as(key, Method::GET, &path, None).await;
        let told: Value = answer.json().await.map_err(|error| error.to_string())?;
        let counted = told["total"]["attempts"].as_u64().unwrap_or(0);
        if counted >= attempts { Ok(told) } else { Err(format!("{counted} of {attempts}: {told}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_and_what_died_is_found_by_its_account_alone() {
    let world = World::start("history").await;
    let (acme, bolt) = (world.account("acme").await, world.account("bolt").await);
    let (good, bad) =
        (Receiver::start().await, Receiver::scripted(|_, _| harness::Answer::status(500)).await);
    let hook = world.hook("acme", &good, &["click"], json!({})).await;
    let failing = world.hook("acme", &bad, &["bounce"], json!({})).await;
    world.clicks("acme", 5).await;
    let bounces = world.events("acme", "bounce", 1).await;
    let told = until_counted(&world, &acme, &hook.id, 5).await;
    assert_eq!((&told["total"]["successes"], &told["total"]["failures"]), (&json!(5), &json!(0)));
    let letters = eventually(Duration::from_secs(60), "the letter is known", || async {
        let letters = get(&world, &acme, "/v1/dead-letters?disposition=open").await;
        match letters["items"].as_array().map(Vec::len) {
            Some(1) => Ok(letters),
            _ => Err(letters.to_string()),
        }
    })
    .await;
    assert_eq!(letters["items"][0]["reason"], "exhausted");
    until_counted(&world, &acme, &failing.id, 4).await;

    let path = format!("/v1/deliveries?event={}&state=dead", bounces[0].id);
    let found = get(&world, &acme, &path).await;
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    let full = get(&world, &acme, &format!("/v1/deliveries/{id}")).await;
    assert_eq!(full["tries"].as_array().unwrap().len(), 4, "{full}");
    assert_eq!((&full["webhook"], &full["status"]), (&json!(failing.id), &json!(500)));
    assert_eq!(full["data"]["recipient"], full["recipient"], "as Kafka has the event: {full}");
    let counts = get(&world, &acme, "/v1/dead-letters/counts").await;
    assert_eq!(
        counts["items"],
        json!([{"webhook": failing.id, "reason": "exhausted", "open": 1, "replayed": 0, "discarded": 0}])
    );

    assert_eq!(get(&world, &bolt, &path).await["items"], json!([]));
    assert_eq!(get(&world, &bolt, "/v1/dead-letters").await["items"], json!([]));
    let foreign = world.console_as(&bolt, Method::GET, &format!("/v1/deliveries/{id}"), None).await;
    assert_eq!(foreign.status(), StatusCode::NOT_FOUND);

    world.postbode(&["dlq", "discard", "--yes"]).await;
    eventually(Duration::from_secs(30), "the disposition is known", || async {
        let letters = get(&world, &acme, "/v1/dead-letters?disposition=discarded").await;
        if letters["items"].as_array().is_some_and(|it| it.len() == 1) {
            Ok(())
        } else {
            Err(letters.to_string())
        }
    })
    .await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_wants_nothing_kept_leaves_nothing_of_what_was_said() {
    let world = World::start("keep").await;
    let acme = world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    let tried = async |clicks: usize| {
        let events = world.clicks("acme", 1).await;
        until_counted(&world, &acme, &hook.id, clicks as u64).await;
        get(&world, &acme, &format!("/v1/deliveries/{}", hook.delivery(&events[0]))).await
    };
    let all = tried(1).await;
    assert!(all["recipient"].is_string() && all["tries"][0]["request_headers"].is_array(), "{all}");

    let change = Some(json!({"keep": {"details": "nothing"}, "revision": 1}));
    let changed = world.console_as(&acme, Method::PATCH, "/v1/accounts/acme", change).await;
    assert_eq!(changed.status(), StatusCode::OK);
    world.registry_seen().await;
    let less = tried(2).await;
    assert_eq!((&less["state"], &less["tries"][0]["status"]), (&json!("delivered"), &json!(204)));
    assert!(less["recipient"].is_null() && less["tries"][0]["response_body"].is_null(), "{less}");
    assert_eq!(less["tries"][0]["request_headers"], json!([]), "{less}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_is_made_anew_from_the_topics() {
    let mut world = World::start("lost").await;
    let acme = world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    world.clicks("acme", 40).await;
    until_counted(&world, &acme, &hook.id, 40).await;
    world.take(Kind::Console).stop().await;
    // The same file goes on where it was: what was counted is not counted again.
    world.set("POSTBODE__HISTORY__URL", world.history_of(0));
    world.add(Kind::Console).await;
    world.clicks("acme", 10).await;
    let told = until_counted(&world, &acme, &hook.id, 50).await;
    assert_eq!(told["total"]["attempts"], 50);
    world.take(Kind::Console).stop().await;

    world.set("POSTBODE__HISTORY__URL", world.history_of(99));
    world.add(Kind::Console).await;
    let anew = until_counted(&world, &acme, &hook.id, 50).await;
    assert_eq!(anew["total"]["attempts"], 50);
    let path = format!("/v1/audit?object={}", hook.id);
    eventually(Duration::from_secs(30), "who did what is known again", || async {
        let log = get(&world, &acme, &path).await;
        let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
        if actions == ["webhook.verified", "webhook.created"] { Ok(()) } else { Err(log.to_string()) }
    })
    .await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_share_one_database_and_count_everything_once() {
    let services =
        Some(vec![Kind::Console, Kind::Console, Kind::Ingest, Kind::Fanout, Kind::Delivery, Kind::Retry]);
    let environment = vec![("POSTBODE__HISTORY__URL", harness::postgres())];
    let mut world =
        World::with("shared", WorldOptions { services, environment, ..WorldOptions::default() }).await;
    let acme = world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    world.clicks("acme", 100).await;
    until_counted(&world, &acme, &hook.id, 100).await;
    // One that is killed in the middle leaves nothing half done, and the other goes on.
    world.take(Kind::Console).signal("KILL");
    world.clicks("acme", 100).await;
    let told = until_counted(&world, &acme, &hook.id, 200).await;
    assert_eq!(told["total"]["attempts"], 200);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_is_counted_and_passed_by() {
    let world = World::start("garbage").await;
    let acme = world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({})).await;
    let sink = world.sink();
    for topic in [&world.topics.attempts, &world.topics.dead_deliveries] {
        let (key, value) = (Some(hook.id.clone().into()), Some("no JSON".into()));
        let garbage = wire::OutRecord { topic: topic.clone(), key, value, headers: wire::Headers::new() };
        sink.send(&garbage).await.unwrap();
    }
    world.clicks("acme", 3).await;
    until_counted(&world, &acme, &hook.id, 3).await;
    let console = world.service(Kind::Console);
    eventually(Duration::from_secs(30), "both are counted", || async {
        let counted = console.metric("postbode_history_unreadable_total").await;
        if counted == 2.0 { Ok(()) } else { Err(counted.to_string()) }
    })
    .await;
    world.close().await;
}

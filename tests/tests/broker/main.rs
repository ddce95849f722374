//! Stories that break Kafka, or lose it for good: each has a broker of its own.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod regions;

use std::time::Duration;

use harness::{Answer, Broker, Ending, Kind, Receiver, World, WorldOptions};
use serde_json::{Value, json};
use tokio::time::Instant;

async fn world(story: &str, broker: &Broker) -> World {
    // Each delivery's own first call fails here: no endpoint does that, and a breaker would take it for one that is down.
    let environment = vec![("POSTBODE__DELIVERY__BREAKER_FAILURES", "0".to_owned())];
    World::with(story, WorldOptions { broker: Some(broker.clone()), environment, ..WorldOptions::default() })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_restarts_in_mid_stream_loses_nothing() {
    let broker = Broker::own("restart");
    let _ending = Ending(broker.clone());
    let world = world("restart", &broker).await;
    world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer {
        status: if before == 0 { 500 } else { 204 },
        delay: Duration::from_millis(10),
        ..Answer::default()
    })
    .await;
    world.hook("acme", &receiver, &[], json!({"limits": {"concurrency": 8}})).await;
    world.clicks("acme", 500).await;
    receiver.until_called(100).await;
    broker.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    broker.start();
    receiver.until_accepted(400).await;
    broker.stop();
    broker.start();
    world.clicks("acme", 100).await;
    receiver.until_accepted(600).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_answers_503_while_kafka_is_down_and_what_it_answered_202_is_there() {
    let broker = Broker::own("ingest-503");
    let _ending = Ending(broker.clone());
    let options = WorldOptions {
        broker: Some(broker.clone()),
        services: Some(vec![Kind::Console, Kind::Ingest]),
        environment: vec![("POSTBODE__INGEST__PRODUCE_TIMEOUT", "2s".to_owned())],
        ..WorldOptions::default()
    };
    let world = World::with("ingest-503", options).await;
    let key = format!("Bearer {}", world.account("acme").await);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let click = |n: u64| wire::catalogue::sample("click", n);
    let mut accepted = Vec::new();
    let answer = world.post_events("", &headers, click(0)).await;
    assert_eq!(answer.status(), 202);
    accepted.push(answer.json::<Value>().await.unwrap()["ids"][0].clone());

    broker.stop();
    for n in 1..4 {
        let answer = world.post_events("", &headers, click(n)).await;
        assert_eq!(answer.status(), 503, "never a false 202");
        assert!(answer.headers().contains_key("retry-after"));
    }
    broker.start();
    let back = || async {
        let answer = world.post_events("", &headers, click(9)).await;
        if answer.status() == 202 {
            Ok(answer.json::<Value>().await.unwrap())
        } else {
            Err(answer.status().to_string())
        }
    };
    let answer = harness::eventually(Duration::from_secs(40), "ingest takes events again", back).await;
    accepted.push(answer["ids"][0].clone());
    let records = world.read(&world.topics.events).await;
    for id in accepted {
        let there = records.iter().any(|record| record.headers.text(wire::names::CE_ID) == id.as_str());
        assert!(there, "{id} was accepted");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_is_cut_off_from_the_registry_holds_within_two_seconds_and_goes_on_when_it_is_back() {
    let broker = Broker::own("cut-off");
    let _ending = Ending(broker.clone());
    let world = world("cut-off", &broker).await;
    world.account("acme").await;
    let receiver =
        Receiver::scripted(|_, _| Answer { delay: Duration::from_millis(100), ..Answer::default() }).await;
    world.hook("acme", &receiver, &[], json!({"limits": {"concurrency": 1}})).await;
    // Ten a second: delivery holds records for a long while to come.
    world.clicks("acme", 150).await;
    receiver.until_called(5).await;
    let frozen = Instant::now();
    broker.freeze();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let held = receiver.calls();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(receiver.calls().len(), held.len(), "it holds");
    let last = held.iter().map(|call| call.at).max().unwrap();
    // A POST that was running when the proof expired may finish: 0.1 s.
    assert!(last < frozen + Duration::from_millis(2_500), "{:?} after the cut", last - frozen);
    broker.thaw();
    receiver.until_accepted(150).await;
    world.close().await;
}

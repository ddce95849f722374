//! The one broker there is dies in the middle of a replay, and comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Broker, Ending, World, WorldOptions, said};
use serde_json::json;
use wire::names;

use super::letters::lay_down;

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_outlives_its_broker_and_puts_each_letter_back_once() {
    let broker = Broker::own("dlq-outage");
    let _ending = Ending(broker.clone());
    let options =
        WorldOptions { broker: Some(broker.clone()), services: Some(Vec::new()), ..WorldOptions::default() };
    let world = World::with("dlq-outage", options).await;
    lay_down(&world, 350).await;
    let replay = world.cli(&["dlq", "replay", "--rate", "100", "--json"]);
    world.until_written(&world.topics.deliveries, 50).await;
    broker.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    broker.start();

    let told = said(replay).await;
    let summary = &told.last()["summary"];
    assert_eq!((told.code, &summary["replayed"]), (Some(0), &json!(350)), "{}\n{summary}", told.err);
    let mut counts = BTreeMap::<String, usize>::new();
    for record in world.read(&world.topics.deliveries).await {
        *counts.entry(record.headers.text(names::DELIVERY).unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!((counts.len(), counts.values().sum::<usize>()), (350, 350), "each once");
    world.close().await;
}

//! Topics that are gone, too narrow, or past their retention.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::Kind;
use serde_json::Value;
use stream::Admin;
use tokio::time::Instant;
use wire::names;

use crate::stage::{Stage, one_of, quickly};
use harness::Operator;

/// How long a write to a missing topic may take to be noticed: the client's own patience with unknown topics, and more.
const NOTICE: Duration = Duration::from_secs(60);
/// One delivery of so many dies. More would keep the webhook's breaker open, and what waits for that spends no attempt.
const MORTAL: u32 = 9;
const REPEATS: &str = "postbode_write_repeats_total";

/// Deletes the first tier while nothing lies in it, then makes a webhook refuse a third of its deliveries the first time. What is to go there stays in flight, and
/// the metric rises; when the topic is made again, it goes on.
pub(crate) async fn retry_deleted(stage: &mut Stage) {
    let topic = stage.world.topics.retries().next().map(|(_, topic)| Arc::clone(topic)).unwrap();
    let ill = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ill);
    let temper = move |id: &str, before: usize| {
        quickly(if before == 0 && one_of(3, id) && told.load(Ordering::Relaxed) { 503 } else { 204 })
    };
    stage.ill_hook("account-2", temper).await;
    deleted_and_made_again(stage, &topic, &ill).await;
}

/// The same with the dead letters, and a webhook that refuses some for good.
pub(crate) async fn dead_letters_deleted(stage: &mut Stage) {
    let topic = Arc::clone(&stage.world.topics.dead_deliveries);
    let ill = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ill);
    let temper = move |id: &str, _: usize| {
        quickly(if one_of(MORTAL, id) && told.load(Ordering::Relaxed) { 500 } else { 204 })
    };
    stage.ill_hook("account-2", temper).await;
    deleted_and_made_again(stage, &topic, &ill).await;
}

async fn deleted_and_made_again(stage: &mut Stage, topic: &Arc<str>, ill: &AtomicBool) {
    let admin = Admin::new(&stage.world.kafka).unwrap();
    stage.watch();
    admin.delete(&[topic]).await.unwrap();
    stage.pause(Duration::from_secs(2)).await;
    ill.store(true, Ordering::Relaxed);
    let noticed = until_repeats_rise(stage, NOTICE).await;
    stage.expect(noticed, format!("{topic} was missing for {NOTICE:?}, and no metric of delivery's rose"));
    let longer = stage.dice.between(1_000, 5_000);
    stage.pause(longer).await;
    let spec = stage.world.topics.specs().into_iter().find(|spec| spec.name == *topic).unwrap();
    admin.create(&[spec]).await.unwrap();
    stage.pause(Duration::from_secs(5)).await;
}

async fn until_repeats_rise(stage: &mut Stage, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        stage.pause(Duration::from_millis(500)).await;
        if stage.metric(Kind::Delivery, REPEATS).await > 0.0 {
            return true;
        }
    }
    false
}

/// Narrows the first tier until it takes no record: what is too large to wait there dies with that reason.
pub(crate) async fn retry_too_narrow(stage: &mut Stage) {
    let topic = stage.world.topics.retries().next().map(|(_, topic)| Arc::clone(topic)).unwrap();
    narrowed(stage, &topic).await;
    stage.pause(Duration::from_secs(5)).await;
    let died = stage.metric(Kind::Delivery, "postbode_delivery_dead_letters_total").await;
    stage.expect(died > 0.0, "the metric of dead letters did not rise");
}

/// Narrows the dead letters until they take no value: letters go without it.
pub(crate) async fn dead_letters_too_narrow(stage: &mut Stage) {
    stage.ill_hook("account-2", |id, _| quickly(if one_of(MORTAL, id) { 500 } else { 204 })).await;
    let topic = Arc::clone(&stage.world.topics.dead_deliveries);
    narrowed(stage, &topic).await;
    stage.pause(Duration::from_secs(8)).await;
}

/// By lot, only just too narrow for a record, or for any at all; wide again after some seconds.
async fn narrowed(stage: &mut Stage, topic: &str) {
    let operator = Operator::new(&stage.world.kafka.bootstrap_servers);
    stage.watch();
    let width = if stage.dice.coin() { "700" } else { "100" };
    operator.set(topic, "max.message.bytes", width).await.unwrap();
    let narrow = stage.dice.between(4_000, 8_000);
    stage.pause(narrow).await;
    operator.set(topic, "max.message.bytes", "1310720").await.unwrap();
}

/// Delivery is away while its records are deleted, as retention does. That is loss, and whoever runs this must hear of
/// it: an error in the log of the service that comes to it has to say for each partition how many records went.
pub(crate) async fn past_retention(stage: &mut Stage) {
    let away = stage.take_by_lot(Kind::Delivery);
    away.stop().await;
    stage.pause(Duration::from_secs(5)).await;
    let operator = Operator::new(&stage.world.kafka.bootstrap_servers);
    let (topic, group) = (stage.world.topics.deliveries.clone(), format!("{}delivery", stage.world.prefix()));
    let admin = Admin::new(&stage.world.kafka).unwrap();
    let bounds = admin.bounds(&topic).await.unwrap();
    let committed = operator.committed(&group, &topic, 4).await.unwrap();
    let records = stage.world.read(&topic).await;
    let mut gone: Vec<(i32, i64, i64)> = Vec::new();
    for (partition, (first, end)) in &bounds {
        let at = committed.get(&partition.0).map_or(first.0, |(offset, _)| *offset);
        let before = at + (end.0 - at) / 2;
        if before > at {
            operator.delete_records(&topic, partition.0, before).await.unwrap();
            gone.push((partition.0, at, before));
        }
    }
    let is_gone = |partition: i32, offset: i64| {
        gone.iter().any(|(p, from, to)| *p == partition && (*from..*to).contains(&offset))
    };
    let ids: BTreeSet<String> = records
        .iter()
        .filter(|record| is_gone(record.partition.0, record.offset.0))
        .filter_map(|record| record.headers.text(names::DELIVERY).map(str::to_owned))
        .collect();
    stage.expect(!ids.is_empty(), "nothing was past its retention: the run shows nothing");
    stage.add(Kind::Delivery).await;
    stage.watch();
    stage.pause(Duration::from_secs(5)).await;
    let log = stage.world.service(Kind::Delivery).log();
    let screamed = gone.iter().filter(|(p, from, to)| announced(&log, &topic, *p) == to - from).count();
    if screamed == gone.len() {
        let skipped = stage.ledger.forgive(&ids);
        stage.remarks.push(format!("{skipped} deliveries were past retention, and announced: not counted"));
    } else {
        stage.broken.push(format!(
            "{} deliveries went past retention unannounced: of {} partitions {screamed} are told of in the log",
            ids.len(),
            gone.len()
        ));
        stage.gone = ids;
    }
}

/// How many records of a partition some error in a log says are gone.
fn announced(log: &str, topic: &str, partition: i32) -> i64 {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = lines.filter(|line| line["level"] == "ERROR");
    let ours = errors.filter(|line| line["kafka.topic"] == topic && line["kafka.partition"] == partition);
    ours.filter_map(|line| line["kafka.records"].as_i64()).sum()
}

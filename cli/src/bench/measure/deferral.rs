//! A backlog behind one endpoint that never succeeds: what waiting costs Kafka in writing, and the services in memory.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

use super::drain::fill;
use crate::bench::finding::Finding;
use crate::bench::room::Room;
use crate::bench::seed::Population;
use crate::bench::services::Start;

/// The default tiers, in seconds: they decide how often a record that waits is written again.
const TIERS: [u64; 8] = [5, 30, 300, 1800, 7200, 18_000, 36_000, 86_400];
/// From being ready to the breaker's being open and the first records' being moved aside.
const SETTLE: Duration = Duration::from_secs(5);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Bytes a second by which the logs of `deliveries` and of the tiers grow, and the most memory that each service held.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let bench = room.bench;
    let failing = Population { name: "failing", accounts: 1, each: 1, word: "fail" };
    let hooks = room.open(&TIERS, &[failing]).await?;
    fill(room, &hooks, bench.sizes.waiting).await?;
    room.start(&[Start::one("delivery"), Start::one("retry"), Start::one("fanout"), Start::one("ingest")])
        .await?;
    sleep(SETTLE).await;
    let (meter, began, before) = (room.meter(), Instant::now(), log_bytes(room));
    let posts = bench.receiver.counts().await?.failed;
    let mut most = room.memory();
    while began.elapsed() < bench.sizes.waiting_for {
        tokio::select! {
            () = sleep(LOOK) => {}
            death = room.died() => return Err(death),
        }
        for (service, megabytes) in room.memory() {
            let most = most.entry(service).or_default();
            *most = most.max(megabytes);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let posts = bench.receiver.counts().await?.failed - posts;
    let mut finding = Finding::default().while_busy("deferral_kafka_bytes_per_s", &meter);
    finding = match (before, log_bytes(room)) {
        (Ok(before), Ok(after)) => {
            finding.and("deferral_kafka_bytes_per_s", after.saturating_sub(before) as f64 / seconds)
        }
        (Err(error), _) | (_, Err(error)) => {
            finding.without("deferral_kafka_bytes_per_s", format!("{error:#}"))
        }
    };
    for (service, megabytes) in most {
        finding = finding.and(format!("rss_mb.waiting.{service}"), megabytes);
    }
    Ok(finding.and("deferral_posts_per_s", posts as f64 / seconds))
}

/// Bytes in the logs of `deliveries` and of the tiers.
fn log_bytes(room: &Room<'_>) -> anyhow::Result<u64> {
    let node = room.bench.kafka_node.as_deref().context("the logs of a Kafka that is given are not here")?;
    let topics = room.topics()?;
    let counted: Vec<_> =
        topics.retries().map(|(_, topic)| topic).chain([&topics.deliveries]).map(|topic| &**topic).collect();
    let mut bytes = 0;
    for entry in std::fs::read_dir(node.join("data"))? {
        let entry = entry?;
        let name = entry.file_name();
        let topic = name.to_str().and_then(|name| name.rsplit_once('-')).map(|(topic, _)| topic);
        if topic.is_some_and(|topic| counted.contains(&topic)) {
            bytes += segments(&entry.path())?;
        }
    }
    Ok(bytes)
}

fn segments(partition: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(partition)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

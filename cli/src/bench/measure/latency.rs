//! How long an event takes from its sending to its POST's arrival, at a pace that leaves the machine room.

use std::sync::Arc;
use std::time::Duration;

use super::ingest::load;
use crate::bench::finding::Finding;
use crate::bench::generator::{Load, Pace};
use crate::bench::receiver::Latency;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::Population;
use crate::bench::services::Start;

/// Events a second.
const PACES: [u32; 2] = [200, 1000];
/// How long nothing may arrive before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// At each pace. Before that, what the services hold in memory at rest.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let customers = Population { name: "one", accounts: 100, each: 1, word: "ok" };
    let hooks = room.open(FEW_TIERS, &[customers]).await?;
    room.start(&Start::all()).await?;
    let mut finding = Finding::default();
    for (service, megabytes) in room.memory() {
        finding = finding.and(format!("rss_mb.rest.{service}"), megabytes);
    }
    let load = Arc::new(load(room, &hooks, 1)?);
    for pace in PACES {
        let name = format!("latency_ms.at_{pace}");
        let meter = room.meter();
        finding = match at(room, &load, pace, |timed| timed).await {
            Ok(Latency { p50, p95, p99, max, .. }) => finding
                .and(format!("{name}.p50"), p50)
                .and(format!("{name}.p95"), p95)
                .and(format!("{name}.p99"), p99)
                .and(format!("{name}.max"), max),
            Err(error) => finding.without(&format!("{name}.p50"), error.to_string()),
        };
        finding = finding.while_busy(&name, &meter);
    }
    Ok(finding)
}

/// Latencies at a pace, of all the events that `wanted` expects of those that carry a time. Warmed up before.
pub(super) async fn at(
    room: &Room<'_>,
    load: &Arc<Load>,
    pace: u32,
    wanted: impl Fn(u64) -> u64,
) -> anyhow::Result<Latency> {
    let bench = room.bench;
    bench.receiver.reset().await?;
    let sent = load.run(Pace::PerSecond(pace), bench.sizes.warm_up, bench.sizes.latency).await?;
    let wanted = wanted(sent.timed);
    let counts = bench.receiver.wait(PATIENCE, |counts| counts.latency.count >= wanted).await?;
    let arrived = counts.latency.count;
    anyhow::ensure!(sent.refused == 0, "{} requests were refused at {pace}/s", sent.refused);
    anyhow::ensure!(arrived >= wanted, "{arrived} of {wanted} deliveries arrived at {pace}/s");
    Ok(counts.latency)
}

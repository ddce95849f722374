//! From HTTP in to POST received, with all services and Kafka on this machine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::ingest::load;
use super::most_of;
use crate::bench::finding::Finding;
use crate::bench::generator::{Gate, Pace};
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::Population;
use crate::bench::services::Start;

/// How long nothing may arrive before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(12);

/// Deliveries on their way at most: some seconds' work. Ingest takes far more than can be delivered, and what it would
/// take in vain would be waited for, and not be throughput.
const WINDOW: u64 = 40_000;
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// One event per request, one webhook per event.
pub(super) async fn single(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    measure(room, "end_to_end_per_s", 1, 1).await
}

/// A hundred events per request, one webhook per event.
pub(super) async fn batches(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    measure(room, "end_to_end_batch100_per_s", 100, 1).await
}

/// A hundred events per request, five webhooks per event. What is counted is deliveries.
pub(super) async fn five(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    measure(room, "fanout5_deliveries_per_s", 100, 5).await
}

/// Deliveries per second, from the first request to the POSTs of all that followed: a backlog that is left behind counts
/// against the rate.
async fn measure(room: &mut Room<'_>, name: &str, batch: usize, each: usize) -> anyhow::Result<Finding> {
    let bench = room.bench;
    let customers = Population { name: "one", accounts: 100 / each, each, word: "ok" };
    let hooks = room.open(FEW_TIERS, &[customers]).await?;
    room.start(&Start::all()).await?;
    let load = Arc::new(load(room, &hooks, batch)?);
    let meter = room.meter();
    let sent = tokio::select! {
        sent = load.run(Pace::FlatOut, Duration::ZERO, bench.sizes.load) => sent?,
        failed = keep_window(room, &load.gate, each as u64) => return failed,
    };
    let wanted = sent.accepted * each as u64;
    let counts = bench.receiver.wait(PATIENCE, |counts| counts.posts >= most_of(wanted)).await?;
    anyhow::ensure!(counts.posts >= most_of(wanted), "{} of {wanted} deliveries arrived", counts.posts);
    let seconds = (counts.last - sent.began) as f64 / 1e6;
    let mut finding = Finding::of(name, counts.posts as f64 / seconds).while_busy(name, &meter);
    let all = bench.receiver.wait(PATIENCE, |counts| counts.posts >= wanted).await?;
    if all.posts < wanted {
        let (late, aside) = (wanted - all.posts, room.moved_aside().await?);
        finding =
            finding.note(format!("{name}: {late} of {wanted} were still on their way, {aside} moved aside"));
    }
    Ok(if sent.refused > 0 {
        finding.note(format!("{name}: {} requests refused", sent.refused))
    } else {
        finding
    })
}

/// Stops the load for as long as too much of what follows from it is on its way. Ends only when it fails.
async fn keep_window(room: &Room<'_>, gate: &Gate, each: u64) -> anyhow::Result<Finding> {
    loop {
        let posts = room.bench.receiver.counts().await?.posts;
        let expected = gate.accepted.load(Ordering::Relaxed) * each;
        gate.closed.store(expected.saturating_sub(posts) > WINDOW, Ordering::Relaxed);
        sleep(LOOK).await;
    }
}

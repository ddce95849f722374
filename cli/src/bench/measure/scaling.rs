//! Four delivery processes against one, where the receivers are what is slow: each answers after 50 ms, and a process may
//! have a fixed number of POSTs open.

use std::time::Duration;

use tokio::time::sleep;

use super::drain::fill;
use crate::bench::finding::Finding;
use crate::bench::room::{FEW_TIERS, Room, setting};
use crate::bench::seed::Population;
use crate::bench::services::Start;

/// POSTs open at once in each process: few enough for the machine's cores to carry four processes.
const OPEN: u32 = 50;
/// What one process can do at most: twenty rounds a second.
const PER_PROCESS: u64 = OPEN as u64 * 20;
/// Endpoints: enough for their keys to spread evenly over the partitions.
const ENDPOINTS: usize = 600;
/// From all being ready to all being busy.
const WARM_UP: Duration = Duration::from_secs(4);

/// The rates while all are busy, and what one is of the other.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let (one, alone) = with(room, 1, "scaling_per_s.one").await?;
    room.close().await;
    let (four, together) = with(room, 4, "scaling_per_s.four").await?;
    Ok(Finding::of("scaling", four / one.max(1.0)).join(alone).join(together))
}

async fn with(room: &mut Room<'_>, processes: u64, name: &str) -> anyhow::Result<(f64, Finding)> {
    let bench = room.bench;
    let slow = Population { name: "slow", accounts: ENDPOINTS, each: 1, word: "slow" };
    let hooks = room.open(FEW_TIERS, &[slow]).await?;
    // Enough for the busiest process to be busy until the end.
    let seconds = (WARM_UP + bench.sizes.scaling).as_secs() + 4;
    fill(room, &hooks, processes * PER_PROCESS * seconds * 3 / 2).await?;
    let start = |number| Start {
        service: "delivery",
        label: format!("delivery-{number}"),
        settings: setting("delivery", "max_open", i64::from(OPEN)),
    };
    room.start(&(1..=processes).map(start).collect::<Vec<_>>()).await?;
    sleep(WARM_UP).await;
    let (meter, before) = (room.meter(), bench.receiver.counts().await?);
    sleep(bench.sizes.scaling).await;
    let after = bench.receiver.counts().await?;
    let idle: Vec<_> = meter
        .cores()
        .into_iter()
        .filter(|(name, cores)| name.starts_with("delivery") && *cores < 0.005)
        .map(|(name, _)| name)
        .collect();
    anyhow::ensure!(idle.is_empty(), "{idle:?} had nothing to do");
    let elapsed = (after.last - before.last) as f64 / 1e6;
    anyhow::ensure!(elapsed > 0.0, "nothing arrived while it was looked at");
    let rate = (after.posts - before.posts) as f64 / elapsed;
    Ok((rate, Finding::of(name, rate).while_busy(name, &meter)))
}

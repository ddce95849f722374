//! What a webhook costs a delivery process while nothing happens.

use std::time::Duration;

use tokio::time::sleep;

use crate::bench::finding::Finding;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::{self, Population};
use crate::bench::services::Start;
use crate::bench::usage;

/// Webhooks of one account.
const EACH: usize = 10;
/// From being ready to being at rest.
const SETTLE: Duration = Duration::from_secs(3);

/// The memory of a process that starts with many webhooks, less that of one that starts with none, for each webhook.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let count = room.bench.sizes.idle;
    let without = memory_with(room, 0).await?;
    room.close().await;
    let with = memory_with(room, count).await?;
    Ok(Finding::of("idle_webhook_bytes", with.saturating_sub(without) as f64 / count as f64))
}

async fn memory_with(room: &mut Room<'_>, count: usize) -> anyhow::Result<u64> {
    room.open(FEW_TIERS, &[]).await?;
    let idle = Population { name: "idle", accounts: count / EACH, each: EACH, word: "ok" };
    let bench = room.bench;
    let (_, changes) = seed::population(&idle, &bench.seals, |word, number| bench.receiver.url(word, number));
    room.seed(changes).await?;
    room.start(&[Start::one("delivery")]).await?;
    sleep(SETTLE).await;
    usage::memory(room.service("delivery")?.pid)
}

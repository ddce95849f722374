//! Events taken over HTTP, a hundred to a request, each acknowledged by all in-sync replicas before the answer.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::finding::Finding;
use crate::bench::generator::{Load, Pace};
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::{Hook, Population};
use crate::bench::services::Start;

/// Answers in flight: enough to keep the producer's batches full.
const CONNECTIONS: usize = 16;

/// Accepted events per second.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let customers = Population { name: "one", accounts: 20, each: 1, word: "ok" };
    let hooks = room.open(FEW_TIERS, &[customers]).await?;
    room.start(&[Start::one("ingest")]).await?;
    let load = Arc::new(Load { connections: CONNECTIONS, ..load(room, &hooks, 100)? });
    load.run(Pace::FlatOut, Duration::ZERO, Duration::from_millis(300)).await?;
    let meter = room.meter();
    let sent = load.run(Pace::FlatOut, Duration::ZERO, room.bench.sizes.load).await?;
    anyhow::ensure!(sent.accepted > 0, "ingest took nothing and refused {} requests", sent.refused);
    let finding =
        Finding::of("ingest_per_s", sent.accepted as f64 / sent.seconds).while_busy("ingest_per_s", &meter);
    Ok(if sent.refused > 0 {
        finding.note(format!("ingest refused {} requests", sent.refused))
    } else {
        finding
    })
}

/// A load on ingest for the accounts of these webhooks.
pub(super) fn load(room: &Room<'_>, hooks: &[Hook], batch: usize) -> anyhow::Result<Load> {
    let mut accounts: Vec<_> = hooks.iter().map(|hook| hook.account.clone()).collect();
    accounts.dedup();
    let api = room.service("ingest")?.api.clone().unwrap_or_default();
    Load::events(&api, room.bench.operator_key.expose(), &accounts, &room.bench.events, batch)
}

//! What healthy endpoints notice of others that hang or fail.

use std::sync::Arc;

use super::ingest::load;
use super::latency;
use crate::bench::finding::Finding;
use crate::bench::receiver::Latency;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::Population;
use crate::bench::services::Start;

/// Events a second over all endpoints: what a machine of two cores does with room to spare.
const PACE: u32 = 500;
/// Endpoints, and how many of them are in trouble.
const ENDPOINTS: usize = 100;
const TROUBLED: usize = 10;

/// With all endpoints healthy, then with a tenth that never answers, then with a tenth that answers 503.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let (clean, mut finding) = with(room, "clean", "ok").await?;
    for (name, word) in [("hanging", "hang"), ("failing", "fail")] {
        room.close().await;
        finding = match with(room, name, word).await {
            Ok((latency, found)) => {
                finding.join(found).and(format!("isolation.{name}.ratio"), latency.p99 / clean.p99.max(1e-3))
            }
            Err(error) => finding.without(&format!("isolation.{name}.ratio"), format!("{error:#}")),
        };
    }
    Ok(finding)
}

/// Latencies of the healthy endpoints' events: only what is answered with success is timed.
async fn with(room: &mut Room<'_>, name: &str, word: &'static str) -> anyhow::Result<(Latency, Finding)> {
    let healthy = Population { name: "healthy", accounts: ENDPOINTS - TROUBLED, each: 1, word: "ok" };
    let troubled = Population { name: "troubled", accounts: TROUBLED, each: 1, word };
    let hooks = room.open(FEW_TIERS, &[healthy, troubled]).await?;
    room.start(&Start::all()).await?;
    let load = Arc::new(load(room, &hooks, 1)?);
    let healthy_share = (ENDPOINTS - TROUBLED) as u64;
    // Requests take turns over the accounts, so the share is exact up to one round.
    let wanted = |timed: u64| match name {
        "clean" => timed,
        _ => (timed * healthy_share / ENDPOINTS as u64).saturating_sub(ENDPOINTS as u64),
    };
    let meter = room.meter();
    let latency = latency::at(room, &load, PACE, wanted).await?;
    let finding = Finding::of(&format!("isolation.{name}.healthy_p50"), latency.p50)
        .and(format!("isolation.{name}.healthy_p99"), latency.p99)
        .while_busy(&format!("isolation.{name}"), &meter);
    Ok((latency, finding))
}

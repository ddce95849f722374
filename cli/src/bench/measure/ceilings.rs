//! What the benchmark's own parts can do: figures near these are figures about the benchmark.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::finding::Finding;
use crate::bench::generator::{Gate, Load, Pace, Request};
use crate::bench::room::Room;

/// The generator calls the receiver, and nobody is between them. What one core of each would do follows from the CPU
/// time that a call costs it; together they share the machine.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let bench = room.bench;
    let address = bench.receiver.addresses[0];
    let requests = bench.events.iter().map(|event| Request::to_receiver(address, event)).collect();
    let load = Arc::new(Load { address, requests, connections: 64, gate: Gate::default() });
    load.run(Pace::FlatOut, Duration::ZERO, Duration::from_millis(300)).await?;
    let meter = room.meter();
    let sent = load.run(Pace::FlatOut, Duration::ZERO, bench.sizes.load).await?;
    let cores = meter.cores();
    let rate = sent.accepted as f64 / sent.seconds;
    let per_core = |process: &str| rate / cores.get(process).copied().unwrap_or(0.0).max(0.01);
    Ok(Finding::of("ceilings.receiver_per_s", per_core("receiver"))
        .and("ceilings.generator_per_s", per_core("generator"))
        .and("ceilings.together_per_s", rate))
}

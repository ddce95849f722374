//! A backlog in `deliveries`, drained by one delivery process.

use std::time::Duration;

use domain::Clock as _;
use tokio::time::Instant;

use super::most_of;
use crate::bench::backlog;
use crate::bench::finding::Finding;
use crate::bench::receiver::Counts;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::{Hook, Population};
use crate::bench::services::Start;
use crate::bench::usage;

/// How long nothing may arrive before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// Where nothing arrives for so long, what was moved aside is counted.
const LULL: Duration = Duration::from_secs(1);
/// Writing a backlog may take so long, and a second more for so many records.
const WRITE: Duration = Duration::from_secs(30);
const WRITTEN_PER_SECOND: u64 = 8_000;
/// A hundred customers with one endpoint each.
const CUSTOMERS: Population = Population { name: "one", accounts: 100, each: 1, word: "ok" };

/// From the first POST to the last: a process's start is another figure.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let bench = room.bench;
    let count = bench.sizes.deliveries;
    let hooks = room.open(FEW_TIERS, &[CUSTOMERS]).await?;
    fill(room, &hooks, count).await?;
    room.start(&[Start::one("delivery")]).await?;
    let meter = room.meter();
    let pid = room.service("delivery")?.pid;
    let (early, cpu) = (bench.receiver.counts().await?.posts, usage::cpu(pid)?);
    let (counts, aside) = drained(room, count, |counts| counts.posts).await?;
    let used = usage::cpu(pid)?.saturating_sub(cpu);
    let seconds = (counts.last - counts.first) as f64 / 1e6;
    let per_delivery = used.as_secs_f64() * 1e6 / (counts.posts - early).max(1) as f64;
    let finding = Finding::of("delivery_per_s", counts.posts as f64 / seconds)
        .and("cpu_us_per_delivery", per_delivery)
        .while_busy("delivery_per_s", &meter);
    Ok(if aside > 0 {
        finding.note(format!("delivery moved {aside} of {count} records aside"))
    } else {
        finding
    })
}

/// Waits until all have arrived or been moved aside: a lane that drains slowly does that with its newest records. Both
/// count. `arrived` says what is counted, as the backlog counts it.
pub(super) async fn drained(
    room: &Room<'_>,
    backlog: u64,
    arrived: impl Fn(&Counts) -> u64,
) -> anyhow::Result<(Counts, u64)> {
    let began = Instant::now();
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let counts = room.bench.receiver.wait(LULL, |counts| arrived(counts) >= most_of(backlog)).await?;
        let here = arrived(&counts);
        let aside = if here >= most_of(backlog) { 0 } else { room.moved_aside().await? };
        if here + aside >= most_of(backlog) {
            return Ok((counts, aside));
        }
        if here > last {
            (last, moved) = (here, Instant::now());
        }
        anyhow::ensure!(
            moved.elapsed() < PATIENCE,
            "{here} of {backlog} arrived and {aside} were moved aside in {:?}",
            began.elapsed()
        );
    }
}

/// Writes deliveries to these webhooks in turn.
pub(super) async fn fill(room: &Room<'_>, hooks: &[Hook], count: u64) -> anyhow::Result<()> {
    let (bench, topics) = (room.bench, room.topics()?);
    let now = process::SystemClock.now();
    let limit = WRITE + Duration::from_secs(count / WRITTEN_PER_SECOND);
    backlog::write(&room.context().kafka, topics, count, limit, |number| {
        let nth = usize::try_from(number).unwrap_or(usize::MAX);
        backlog::delivery(topics, number, &hooks[nth % hooks.len()], bench.event(nth), now)
    })
    .await
}

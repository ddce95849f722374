//! A backlog in `events`, fanned out by one process to one webhook each, and to ten.

use std::time::Duration;

use domain::Clock as _;
use tokio::time::{Instant, sleep};

use crate::bench::backlog;
use crate::bench::finding::Finding;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::Population;
use crate::bench::services::Start;

const WRITE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60);

/// Both, each in a room of its own.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let sizes = &room.bench.sizes;
    let single = with_matches(room, 1, sizes.events, "fanout_per_s.x1").await?;
    room.close().await;
    Ok(single.join(with_matches(room, 10, sizes.events_by_ten, "fanout_per_s.x10").await?))
}

/// Events per second, from the first delivery written to the last.
async fn with_matches(room: &mut Room<'_>, each: usize, events: u64, name: &str) -> anyhow::Result<Finding> {
    let bench = room.bench;
    let accounts = Population { name: "fan", accounts: 20, each, word: "ok" };
    let hooks = room.open(FEW_TIERS, &[accounts]).await?;
    let (topics, now) = (room.topics()?, process::SystemClock.now());
    backlog::write(&room.context().kafka, topics, events, WRITE, |number| {
        let nth = usize::try_from(number).unwrap_or(usize::MAX);
        backlog::event(topics, number, &hooks[nth * each % hooks.len()], bench.event(nth), now)
    })
    .await?;
    room.start(&[Start::one("fanout")]).await?;
    let (meter, wanted) = (room.meter(), events * each as u64);
    let (first, began) = look_until(room, |written| written > 0).await?;
    let (last, ended) = look_until(room, |written| written >= wanted).await?;
    let seconds = (ended - began).as_secs_f64();
    anyhow::ensure!(last == wanted, "{last} deliveries were written in place of {wanted}");
    anyhow::ensure!(seconds > 0.0, "it was over before it could be looked at: too few events");
    let rate = (last - first) as f64 / seconds / each as f64;
    Ok(Finding::of(name, rate).while_busy(name, &meter))
}

/// Waits until so many deliveries are written; how many, and when.
async fn look_until(room: &Room<'_>, will_do: impl Fn(u64) -> bool) -> anyhow::Result<(u64, Instant)> {
    let deliveries = &room.topics()?.deliveries;
    let until = Instant::now() + PATIENCE;
    loop {
        let (written, now) = (room.written(deliveries).await?, Instant::now());
        if will_do(written) {
            return Ok((written, now));
        }
        anyhow::ensure!(now < until, "{written} deliveries were written within {PATIENCE:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

//! What it costs to find an event's webhooks among more and more of other customers'. In this process, without Kafka.

use std::hint::black_box;

use domain::{AccountId, Change, EventType, Keyring, Offset, Registry};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::Instant;

use crate::bench::finding::Finding;
use crate::bench::payload::KIND;
use crate::bench::seed::{self, Seals};

/// Webhooks in the registry.
const SIZES: [usize; 3] = [100, 10_000, 100_000];
/// Webhooks of one account.
const EACH: usize = 10;
/// Events of one measurement, and how often it is made: the fastest counts, for what disturbs only ever slows.
const EVENTS: u32 = 200_000;
const ROUNDS: usize = 5;

/// Nanoseconds to find the webhooks of one event.
pub(super) fn measure(seed: u64) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let mut all = Vec::new();
    for size in SIZES {
        let nanos = route(seed, size)?;
        all.push(nanos);
        finding = finding.and(format!("route_ns.at_{size}"), nanos);
    }
    let growth = all.iter().copied().fold(0.0, f64::max) / all[0].max(1e-3);
    Ok(finding.and("route_ns.growth", growth))
}

fn route(seed: u64, size: usize) -> anyhow::Result<f64> {
    let (registry, accounts) = registry(size)?;
    let kind = EventType::from(KIND);
    let mut random = StdRng::seed_from_u64(seed);
    // As many accounts as the smallest registry has, in every registry: what is compared is the looking up among
    // others, not how much of a registry the CPU's caches hold.
    let pick = |_| accounts[random.random_range(0..accounts.len())].clone();
    let busy: Vec<_> = (0..SIZES[0] / EACH).map(pick).collect();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for number in 0..EVENTS as usize {
            let found = registry.routes(&busy[number % busy.len()], &kind);
            black_box(found.map(|standing| standing.offset.0).sum::<i64>());
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
    }
    Ok(best)
}

fn registry(size: usize) -> anyhow::Result<(Registry, Vec<AccountId>)> {
    let seals = Seals {
        keyring: Keyring::parse(&["bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="])?,
        secret: seed::signing_secret(),
    };
    let population = seed::Population { name: "route", accounts: size / EACH, each: EACH, word: "ok" };
    let url = |_: &str, number| format!("https://customer-{number}.example/hook");
    let (hooks, changes) = seed::population(&population, &seals, url);
    let mut registry = Registry::default();
    for (offset, change) in (0..).map(Offset).zip(changes) {
        if matches!(change, Change::Webhook(_)) {
            registry.apply(offset, change);
        }
    }
    let mut accounts: Vec<_> = hooks.into_iter().map(|hook| hook.account).collect();
    accounts.dedup();
    Ok((registry, accounts))
}

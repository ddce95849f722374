//! What it costs to ask more and more filters of one account about an event. In this process, without Kafka: looking the
//! webhooks up, reading the data once, running every filter.

use std::hint::black_box;
use std::sync::Arc;

use domain::{AccountId, Change, Event, EventType, Keyring, Offset, Registry, Timestamp, Webhook};
use tokio::time::Instant;
use trigger::{Matcher, Occurrence, Verdict};

use crate::bench::finding::Finding;
use crate::bench::payload::{self, KIND};
use crate::bench::seed::{self, Seals};

/// Webhooks with a filter of their own.
const SIZES: [usize; 3] = [1, 100, 10_000];
/// Filters that are asked in one measurement, over all its events, and how often it is made: the fastest counts, for what
/// disturbs only ever slows.
const ASKED: usize = 100_000;
const ROUNDS: usize = 3;
/// Different events.
const EVENTS: usize = 50;
const ACCOUNT: &str = "filter-0";

/// Nanoseconds for one event.
pub(super) fn measure(seed: u64) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let events = payload::events(seed, EVENTS);
    for size in SIZES {
        let nanos =
            judged(&registry(size, |n| format!("data.recipient.endsWith(\"@host-{n}.example\")"))?, &events);
        finding = finding.and(format!("filter_ns.at_{size}"), nanos);
        if size == SIZES[2] {
            finding = finding.and("filter_ns.each", nanos / size as f64);
        }
    }
    let equal = registry(SIZES[2], |_| "data.code == 550".to_owned())?;
    Ok(finding.and("filter_ns.equal_10000", judged(&equal, &events)))
}

fn judged(registry: &Registry, events: &[Vec<u8>]) -> f64 {
    let envelope =
        Event { id: "e".into(), source: "/bench".into(), kind: KIND.into(), account: ACCOUNT.into() };
    let (account, kind) = (AccountId::from(ACCOUNT), EventType::from(KIND));
    let size = registry.routes(&account, &kind).count();
    let turns = (ASKED / size).max(10);
    let mut matcher = Matcher::default();
    let mut one = |data: &[u8]| {
        let webhooks: Vec<_> = registry.routes(&account, &kind).cloned().collect();
        let time = Some(Timestamp::from_millis(1_769_860_800_000));
        let mut judge = matcher.on(Occurrence { event: &envelope, time, data });
        webhooks.iter().filter(|it| judge.judge(&it.webhook.trigger) == Verdict::Match).count()
    };
    // Compiles them.
    black_box(one(&events[0]));
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for turn in 0..turns {
            black_box(one(&events[turn % events.len()]));
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / turns as f64);
    }
    best
}

/// One account's webhooks, with these filters.
fn registry(size: usize, filter: impl Fn(usize) -> String) -> anyhow::Result<Registry> {
    let seals = Seals {
        keyring: Keyring::parse(&["bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="])?,
        secret: seed::signing_secret(),
    };
    let population = seed::Population { name: "filter", accounts: 1, each: size, word: "ok" };
    let url = |_: &str, number| format!("https://customer-{number}.example/hook");
    let (_, changes) = seed::population(&population, &seals, url);
    let mut registry = Registry::default();
    let mut number = 0;
    for (offset, change) in (0..).map(Offset).zip(changes) {
        if let Change::Webhook(webhook) = change {
            let mut webhook: Webhook = *webhook;
            webhook.trigger.filter = Some(Arc::from(filter(number)));
            number += 1;
            registry.apply(offset, Change::Webhook(Box::new(webhook)));
        }
    }
    Ok(registry)
}

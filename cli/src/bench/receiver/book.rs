//! What the receiver has counted since it was last reset.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::bench::clock::micros;
use crate::bench::payload;

/// The counters. Latencies are kept in a histogram: millions of them in constant memory, to three digits.
pub(super) struct Book {
    counts: Counts,
    latency: Histogram<u32>,
}

/// What is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Counts {
    /// POSTs that were answered with success.
    pub(in crate::bench) posts: u64,
    /// Events in their bodies: one each, or as many as an array has.
    pub(in crate::bench) events: u64,
    /// POSTs that were turned down.
    pub(in crate::bench) failed: u64,
    /// POSTs that are left without an answer.
    pub(in crate::bench) hanging: u64,
    /// When the first successful POST was here, in microseconds since 1970; 0 before it.
    pub(in crate::bench) first: u64,
    /// When the last one was.
    pub(in crate::bench) last: u64,
    /// How long events took from their sending to here.
    pub(in crate::bench) latency: Latency,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Latency {
    /// Of so many events.
    pub(in crate::bench) count: u64,
    /// Half of them were faster.
    pub(in crate::bench) p50: f64,
    /// 95 % of them were.
    pub(in crate::bench) p95: f64,
    /// 99 % of them were.
    pub(in crate::bench) p99: f64,
    /// The slowest.
    pub(in crate::bench) max: f64,
}

/// Above this nothing is told apart: ten minutes, in microseconds.
const LONGEST: u64 = 600_000_000;

impl Book {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let latency = Histogram::new_with_max(LONGEST, 3).expect("bounds that hdrhistogram can keep");
        Self { counts: Counts::default(), latency }
    }

    /// A POST was read whole and is a success.
    pub(super) fn took(&mut self, body: &[u8]) {
        let now = micros();
        self.counts.posts += 1;
        self.counts.events += events_in(body);
        if self.counts.first == 0 {
            self.counts.first = now;
        }
        self.counts.last = now;
        if let Some(sent) = payload::time_in(body) {
            self.latency.saturating_record(now.saturating_sub(sent).max(1));
        }
    }

    /// A POST is turned down.
    pub(super) fn failed(&mut self) {
        self.counts.failed += 1;
    }

    /// A POST gets no answer.
    pub(super) fn hangs(&mut self) {
        self.counts.hanging += 1;
    }

    /// Everything so far.
    pub(super) fn counts(&self) -> Counts {
        let millis = |micros: u64| micros as f64 / 1e3;
        let quantile = |q: f64| millis(self.latency.value_at_quantile(q));
        let latency = Latency {
            count: self.latency.len(),
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            max: millis(self.latency.max()),
        };
        Counts { latency, ..self.counts.clone() }
    }
}

/// A batch holds as many events as elements begin in it, each with its delivery's id; anything else is one.
fn events_in(body: &[u8]) -> u64 {
    if body.first() != Some(&b'[') {
        return 1;
    }
    memchr::memmem::find_iter(body, b"{\"webhook-id\":").count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_events_that_carry_a_time() {
        let mut book = Book::new();
        let mut event = payload::events(1, 1).remove(0);
        book.took(&event);
        assert_eq!((book.counts().posts, book.counts().latency.count), (1, 0));
        for millis in 1..=100 {
            payload::stamp(&mut event[payload::AT], micros() - millis * 10_000);
            book.took(&event);
        }
        let Counts { posts, events, first, last, latency, .. } = book.counts();
        assert_eq!((posts, events, latency.count), (101, 101, 100));
        assert!(first > 0 && last >= first);
        assert!((490.0..520.0).contains(&latency.p50), "{latency:?}");
        assert!((980.0..1010.0).contains(&latency.p99), "{latency:?}");
    }

    #[test]
    fn an_array_counts_its_events() {
        assert_eq!(events_in(br#"[{"webhook-id":"a","type":"click"},{"webhook-id":"b","type":"open"}]"#), 2);
        assert_eq!(events_in(br#"{"type":"click"}"#), 1);
    }
}

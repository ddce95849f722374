//! One webhook's queue, and how much may be sent of it at once.
//!
//! A lane begins narrow, widens with each success up to its webhook's limit, narrows when its endpoint is out of
//! breath, and has a breaker. It is *brisk* while its POSTs end soon: what is not brisk may hold part of the process only.

use std::collections::VecDeque;
use std::time::Duration;

use super::Place;
use super::drain::Drain;
use crate::{
    AccountId, BatchPart, Batching, Breaker, BreakerSettings, Ending, Gate, Limits, Outcome, Pace, Timestamp,
    Tripped, Verdict,
};

/// POSTs that a lane begins with.
const FIRST_WIDTH: usize = 2;
/// A webhook's limit is never above this.
const MOST_WIDTH: usize = 10_000;
/// A POST that has been running for so long is overdue: its lane is not brisk.
pub(super) const OVERDUE: Duration = Duration::from_secs(1);
/// How long a lane may take to drain what it holds before that is too much.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Queued>,
    pub(super) queued_bytes: usize,
    /// POSTs running, and how many of them are overdue.
    pub(super) open: usize,
    overdue: usize,
    /// Whether the POST that ended last was not overdue: unknown endpoints are not brisk.
    prompt: bool,
    /// POSTs that may run.
    width: usize,
    /// When the width was cut: what began before tells nothing new.
    cut_at: Timestamp,
    pub(super) pace: Pace,
    /// What its webhook allowed when it was looked at last, and how it wanted deliveries put together.
    pub(super) limits: Limits,
    pub(super) batching: Option<Batching>,
    pub(super) drain: Drain,
    pub(super) breaker: Breaker,
    /// Whose it is; none before its first record was looked at.
    pub(super) account: Option<AccountId>,
    pub(super) used_at: Timestamp,
    pub(super) turn: Turn,
}

#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) place: Place,
    pub(super) bytes: usize,
    pub(super) read_at: Timestamp,
    /// Which part of a batch it was, if that failed.
    pub(super) part: Option<BatchPart>,
}

/// What a lane waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing to do, or no slot of its own free.
    Idle,
    /// Its turn.
    Queued,
    /// The registry.
    Asleep,
    /// A time: it keeps to its rate, or its breaker is open.
    Paced,
    /// More records for its next batch, but not for ever.
    Filling,
    /// A slot of its account's.
    Account,
    /// A slot of those for lanes that are not brisk.
    Brisk,
}

/// What a POST's end says about its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breath {
    /// It took the call: it may get more at once.
    Easy,
    /// It timed out, or asked for less.
    Short,
    /// Neither.
    Unknown,
}

impl Lane {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            queue: VecDeque::new(),
            queued_bytes: 0,
            open: 0,
            overdue: 0,
            prompt: false,
            width: FIRST_WIDTH,
            cut_at: Timestamp::from_millis(i64::MIN),
            pace: Pace::default(),
            limits: Limits::default(),
            batching: None,
            drain: Drain::default(),
            breaker: Breaker::default(),
            account: None,
            used_at: now,
            turn: Turn::Idle,
        }
    }

    pub(super) fn push(&mut self, now: Timestamp, queued: Queued) {
        self.queued_bytes += queued.bytes;
        self.queue.push_back(queued);
        self.used_at = now;
    }

    pub(super) fn pop_front(&mut self) {
        if let Some(head) = self.queue.pop_front() {
            self.queued_bytes = self.queued_bytes.saturating_sub(head.bytes);
        }
    }

    /// Takes records out, by their places in the queue.
    pub(super) fn take(&mut self, members: &[usize]) -> Vec<Place> {
        let taken: Vec<_> = members.iter().filter_map(|index| self.queue.get(*index)).cloned().collect();
        match members {
            [0] => drop(self.queue.pop_front()),
            _ if members.iter().copied().eq(0..members.len()) => drop(self.queue.drain(..members.len())),
            _ => {
                let mut index = 0..;
                self.queue.retain(|_| index.next().is_none_or(|index| !members.contains(&index)));
            }
        }
        let bytes: usize = taken.iter().map(|queued| queued.bytes).sum();
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        taken.into_iter().map(|queued| queued.place).collect()
    }

    pub(super) fn pop_back(&mut self) -> Option<Queued> {
        let last = self.queue.pop_back()?;
        self.queued_bytes = self.queued_bytes.saturating_sub(last.bytes);
        Some(last)
    }

    /// Whether it holds a batch that need not wait for more.
    pub(super) fn is_full(&self) -> bool {
        self.batching.is_none_or(|batching| {
            let enough = |held: usize, most: u32| u32::try_from(held).is_ok_and(|held| held >= most);
            enough(self.queue.len(), batching.max_events) || enough(self.queued_bytes, batching.max_bytes)
        })
    }

    /// Whether it has a slot of its own free.
    pub(super) fn has_slot(&self) -> bool {
        self.open < self.slots()
    }

    /// POSTs that may run.
    fn slots(&self) -> usize {
        self.width.min(usize::try_from(self.limits.concurrency).unwrap_or(usize::MAX))
    }

    /// No wider than its webhook allows, so that there is something to narrow.
    fn most_width(&self) -> usize {
        usize::try_from(self.limits.concurrency).unwrap_or(MOST_WIDTH).clamp(FIRST_WIDTH, MOST_WIDTH)
    }

    /// Whether only this process keeps it from sending more: its endpoint takes calls well and nobody asked for less.
    pub(super) fn is_unhindered(&self) -> bool {
        let does_well = self.overdue == 0 && (self.prompt || self.drain.is_unknown());
        does_well
            && !self.breaker.is_open()
            && self.limits.per_second.is_none()
            && self.width < self.most_width()
    }

    pub(super) fn is_brisk(&self) -> bool {
        self.prompt && self.overdue == 0
    }

    /// Records per second that it drains.
    pub(super) fn per_second(&self) -> f64 {
        let drained = if self.breaker.is_open() {
            self.drain.per_second_well(self.slots())
        } else {
            self.drain.per_second(self.slots(), self.overdue > 0)
        };
        let posts = self.limits.per_second.map_or(drained, |limit| drained.min(f64::from(limit.get())));
        posts * self.batching.map_or(1.0, |batching| f64::from(batching.max_events))
    }

    /// How long it has to wait before it may send anything.
    pub(super) fn shut_for(&self, now: Timestamp) -> Duration {
        match self.breaker.gate(now) {
            Gate::Open(until) => until.since(now),
            Gate::Closed | Gate::Probe | Gate::Probing => Duration::ZERO,
        }
    }

    /// How long until it has nothing to do. What it holds while its breaker is open goes aside too.
    pub(super) fn free_in(&self, now: Timestamp) -> Duration {
        let (shut, rate) = (self.shut_for(now), self.per_second());
        let held = if shut <= PATIENCE { self.queue.len() + self.open } else { 0 };
        let busy = Duration::from_secs_f64((held as f64 / rate).min(1e9));
        self.drain.free_in(now, shut + busy, rate)
    }

    /// Whether it may be forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.open == 0 && self.queue.is_empty() && self.turn == Turn::Idle
    }

    /// A POST of its has been running for long.
    pub(super) fn overdue(&mut self) {
        self.overdue += 1;
    }

    /// A POST ended.
    pub(super) fn closed(
        &mut self,
        now: Timestamp,
        began: Timestamp,
        was_overdue: bool,
        outcome: &Outcome,
        settings: &BreakerSettings,
    ) -> Tripped {
        self.open = self.open.checked_sub(1).expect("a POST was counted when it began");
        self.overdue = self.overdue.saturating_sub(usize::from(was_overdue));
        self.prompt = !was_overdue;
        self.used_at = now;
        self.drain.ended(now.since(began), outcome.verdict() == Verdict::Delivered);
        match breath(outcome) {
            Breath::Easy if self.drain.is_strained() => self.width = (self.width - 1).max(FIRST_WIDTH),
            Breath::Easy => self.width = self.width.saturating_add(1).min(self.most_width()),
            Breath::Short if began >= self.cut_at => {
                self.width = (self.width / 2).max(1);
                self.cut_at = now;
            }
            Breath::Short | Breath::Unknown => {}
        }
        let tripped = self.breaker.ended(now, began, ending(outcome), settings);
        if matches!(tripped, Tripped::Failing(_)) && self.breaker.is_open() {
            self.width = FIRST_WIDTH;
        }
        tripped
    }
}

/// What an outcome says about the endpoint's breath.
fn breath(outcome: &Outcome) -> Breath {
    match outcome.verdict() {
        Verdict::Delivered => Breath::Easy,
        Verdict::Failed { throttled: true, .. } => Breath::Short,
        Verdict::Failed { .. } if matches!(outcome, Outcome::TimedOut(_)) => Breath::Short,
        Verdict::Failed { .. } | Verdict::Gone | Verdict::Deferred => Breath::Unknown,
    }
}

/// What an outcome is to the breaker: a time-out holds a slot for long, so it counts for more.
fn ending(outcome: &Outcome) -> Ending {
    match outcome.verdict() {
        Verdict::Delivered => Ending::Good,
        Verdict::Failed { retry_after, throttled } => {
            let weight = if matches!(outcome, Outcome::TimedOut(_)) { 3 } else { 1 };
            Ending::Bad { weight, asked: retry_after.filter(|_| throttled) }
        }
        Verdict::Gone | Verdict::Deferred => Ending::Unknown,
    }
}

//! A virtual queue per webhook, served in turn: a busy webhook waits behind itself only.
//!
//! A lane begins narrow, widens with each success up to its webhook's limit, and narrows when its endpoint is out of breath.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::Place;
use super::drain::Drain;
use crate::{Limits, Pace, Timestamp, WebhookId};

/// POSTs that a lane begins with.
const FIRST_WIDTH: usize = 2;
/// A lane that had nothing to do for so long is forgotten: an idle webhook costs nothing.
const FORGET: Duration = Duration::from_secs(60);

/// Every webhook's lane.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<WebhookId, Lane>,
    /// Lanes to look at, in turn. A lane is in here at most once.
    turns: VecDeque<WebhookId>,
    /// Lanes that keep to a rate, by when they may go on.
    paced: BinaryHeap<Reverse<(Timestamp, WebhookId)>>,
}

#[derive(Debug)]
struct Lane {
    queue: VecDeque<Queued>,
    queued_bytes: usize,
    /// POSTs running, and how many of them have been for long.
    open: usize,
    slow: usize,
    /// POSTs that may run.
    width: usize,
    /// When the width was cut: what began before tells nothing new.
    cut_at: Timestamp,
    pace: Pace,
    /// What its webhook allowed when it was looked at last.
    limits: Limits,
    drain: Drain,
    used_at: Timestamp,
    turn: Turn,
}

#[derive(Clone, Copy, Debug)]
struct Queued {
    place: Place,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Nothing to do, or no slot free.
    Idle,
    /// Among the turns.
    Queued,
    /// Waits for the registry.
    Asleep,
    /// Keeps to its rate.
    Paced,
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

/// Whether a lane's head may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is taken off the lane.
    Granted,
    /// The lane waits: for a slot, or for its rate.
    Refused,
}

impl Lane {
    fn new(now: Timestamp) -> Self {
        Self {
            queue: VecDeque::new(),
            queued_bytes: 0,
            open: 0,
            slow: 0,
            width: FIRST_WIDTH,
            cut_at: Timestamp::from_millis(i64::MIN),
            pace: Pace::default(),
            limits: Limits::default(),
            drain: Drain::default(),
            used_at: now,
            turn: Turn::Idle,
        }
    }

    /// POSTs that may run.
    fn slots(&self) -> usize {
        self.width.min(usize::try_from(self.limits.concurrency).unwrap_or(usize::MAX))
    }

    /// Records per second that it drains.
    fn per_second(&self) -> f64 {
        let drained = self.drain.per_second(self.slots(), self.slow > 0);
        self.limits.per_second.map_or(drained, |limit| drained.min(f64::from(limit.get())))
    }

    fn is_idle(&self) -> bool {
        self.open == 0 && self.queue.is_empty()
    }
}

impl Lanes {
    /// Adds a record at a lane's end; `is_back` says that it was moved aside before.
    pub(super) fn push(
        &mut self,
        now: Timestamp,
        webhook: &WebhookId,
        place: Place,
        bytes: usize,
        is_back: bool,
    ) {
        let lane = self.lanes.entry(webhook.clone()).or_insert_with(|| Lane::new(now));
        lane.queue.push_back(Queued { place, bytes });
        lane.queued_bytes += bytes;
        lane.used_at = now;
        if is_back {
            lane.drain.came_back();
        }
        self.take_turn(webhook);
    }

    /// How much a lane holds, in records and bytes, and how long it will take to drain that.
    pub(super) fn load(&self, webhook: &WebhookId) -> (usize, usize, Duration) {
        self.lanes.get(webhook).map_or((0, 0, Duration::ZERO), |lane| {
            let seconds = lane.queue.len() as f64 / lane.per_second();
            (lane.queue.len(), lane.queued_bytes, Duration::from_secs_f64(seconds.min(1e9)))
        })
    }

    /// Takes the last record off a lane, and promises it the lane's next free slot: so far away.
    pub(super) fn overflow(&mut self, webhook: &WebhookId) -> Option<(Place, Duration)> {
        let lane = self.lanes.get_mut(webhook)?;
        let last = lane.queue.pop_back()?;
        lane.queued_bytes = lane.queued_bytes.saturating_sub(last.bytes);
        let rate = lane.per_second();
        let wait = lane.drain.reserve(lane.queue.len() + lane.open, rate);
        Some((last.place, wait))
    }

    /// The lane whose turn it is, and the record at its head. The lane keeps its turn until something is done.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<(WebhookId, Place)> {
        self.wake_paced(now);
        loop {
            let webhook = self.turns.front()?.clone();
            match self.lanes.get(&webhook).and_then(|lane| lane.queue.front()) {
                Some(head) => return Some((webhook, head.place)),
                None => self.end_turn(&webhook, Turn::Idle),
            }
        }
    }

    /// Takes the head off the lane whose turn it is; the next lane's turn comes.
    pub(super) fn pop(&mut self, webhook: &WebhookId) {
        if let Some(lane) = self.lanes.get_mut(webhook)
            && let Some(head) = lane.queue.pop_front()
        {
            lane.queued_bytes = lane.queued_bytes.saturating_sub(head.bytes);
        }
        self.end_turn(webhook, Turn::Idle);
        self.take_turn(webhook);
    }

    /// Takes the head off to be sent, if the lane has a slot free and is within its rate. While `slow_full` a lane that
    /// has slow POSTs open begins no more.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        webhook: &WebhookId,
        limits: &Limits,
        slow_full: bool,
    ) -> Entry {
        let Some(lane) = self.lanes.get_mut(webhook) else {
            return Entry::Refused;
        };
        lane.limits = *limits;
        if lane.open >= lane.slots() || (slow_full && lane.slow > 0) {
            self.end_turn(webhook, Turn::Idle);
            return Entry::Refused;
        }
        let admitted = limits.per_second.map_or(Ok(()), |rate| lane.pace.admit(now, rate.get()));
        if let Err(then) = admitted {
            self.paced.push(Reverse((then, webhook.clone())));
            self.end_turn(webhook, Turn::Paced);
            return Entry::Refused;
        }
        lane.open += 1;
        lane.used_at = now;
        self.pop(webhook);
        Entry::Granted
    }

    /// A POST of the lane has been running for long.
    pub(super) fn slowed(&mut self, webhook: &WebhookId) {
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.slow += 1;
        }
    }

    /// A POST of the lane ended: a slot is free.
    pub(super) fn closed(
        &mut self,
        now: Timestamp,
        webhook: &WebhookId,
        began: Timestamp,
        slow: bool,
        breath: Breath,
    ) {
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.open = lane.open.checked_sub(1).expect("a POST was counted when it began");
            lane.slow = lane.slow.saturating_sub(usize::from(slow));
            lane.used_at = now;
            lane.drain.ended(now.since(began));
            match breath {
                Breath::Easy => lane.width = lane.width.saturating_add(1).min(MOST_WIDTH),
                Breath::Short if began >= lane.cut_at => {
                    lane.width = (lane.width / 2).max(1);
                    lane.cut_at = now;
                }
                Breath::Short | Breath::Unknown => {}
            }
        }
        self.take_turn(webhook);
    }

    /// The lane waits for the registry.
    pub(super) fn sleep(&mut self, webhook: &WebhookId) {
        self.end_turn(webhook, Turn::Asleep);
    }

    /// Whatever waited for the registry has its turn again.
    pub(super) fn wake(&mut self) {
        for (webhook, lane) in self.lanes.iter_mut().filter(|(_, lane)| lane.turn == Turn::Asleep) {
            lane.turn = Turn::Queued;
            self.turns.push_back(webhook.clone());
        }
    }

    /// When the first lane that keeps to its rate may go on.
    pub(super) fn next_paced(&self) -> Option<Timestamp> {
        self.paced.peek().map(|Reverse((then, _))| *then)
    }

    /// Takes records out, wherever they stand.
    pub(super) fn forget(&mut self, places: &HashSet<Place>) {
        for lane in self.lanes.values_mut() {
            lane.queue.retain(|queued| !places.contains(&queued.place));
            lane.queued_bytes = lane.queue.iter().map(|queued| queued.bytes).sum();
        }
    }

    /// Forgets lanes that had nothing to do for a while.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.lanes.retain(|_, lane| {
            !(lane.is_idle() && lane.turn == Turn::Idle && now.since(lane.used_at) >= FORGET)
        });
    }

    fn wake_paced(&mut self, now: Timestamp) {
        while let Some(Reverse((then, _))) = self.paced.peek()
            && *then <= now
            && let Some(Reverse((_, webhook))) = self.paced.pop()
        {
            if let Some(lane) = self.lanes.get_mut(&webhook).filter(|lane| lane.turn == Turn::Paced) {
                lane.turn = Turn::Idle;
            }
            self.take_turn(&webhook);
        }
    }

    fn take_turn(&mut self, webhook: &WebhookId) {
        if let Some(lane) = self.lanes.get_mut(webhook)
            && lane.turn == Turn::Idle
            && !lane.queue.is_empty()
        {
            lane.turn = Turn::Queued;
            self.turns.push_back(webhook.clone());
        }
    }

    fn end_turn(&mut self, webhook: &WebhookId, turn: Turn) {
        self.turns.pop_front();
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.turn = turn;
        }
    }
}

/// A webhook's limit is never above this.
const MOST_WIDTH: usize = 10_000;

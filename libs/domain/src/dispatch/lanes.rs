//! A virtual queue per webhook, served in turn: a busy webhook waits behind itself only.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::Place;
use super::assembly::{Assembly, assemble};
use super::caps::{Caps, Load};
use super::lane::{Lane, Queued, Turn};
use crate::{AccountId, Breaker, Gate, Outcome, Standing, Timestamp, Tripped, WebhookId};

/// A lane that had nothing to do for so long is forgotten: an idle webhook costs nothing.
const FORGET: Duration = Duration::from_secs(60);
/// One whose endpoint was in trouble is remembered for longer.
const REMEMBER: Duration = Duration::from_secs(3600);

/// Every webhook's lane.
#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) caps: Caps,
    pub(super) lanes: HashMap<WebhookId, Lane>,
    pub(super) accounts: HashMap<AccountId, Load>,
    /// Lanes to look at, in turn. A lane is in here at most once.
    turns: VecDeque<WebhookId>,
    /// What waits for a time.
    pub(super) timers: BinaryHeap<Reverse<(Timestamp, Timer)>>,
    /// POSTs open in lanes that are not brisk, and the lanes that wait for one of those to end.
    pub(super) not_brisk: usize,
    pub(super) until_brisk: VecDeque<WebhookId>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Lane(WebhookId),
    Account(AccountId),
}

/// Whether a lane's head may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is taken off the lane, with those that go with it in one POST; `true` says that they are a batch.
    Granted(Vec<Place>, bool),
    /// The lane waits: for a slot, its rate, its breaker.
    Refused,
    /// The lane's breaker is open for so long that its records had better wait elsewhere.
    Shut,
}

impl Lanes {
    pub(super) fn new(caps: Caps) -> Self {
        Self {
            caps,
            lanes: HashMap::new(),
            accounts: HashMap::new(),
            turns: VecDeque::new(),
            timers: BinaryHeap::new(),
            not_brisk: 0,
            until_brisk: VecDeque::new(),
        }
    }

    /// Adds a record at a lane's end; `is_back` says that it was moved aside before.
    pub(super) fn push(&mut self, now: Timestamp, webhook: &WebhookId, queued: Queued, is_back: bool) {
        let lane = match self.lanes.get_mut(webhook) {
            Some(lane) => lane,
            None => self.lanes.entry(webhook.clone()).or_insert_with(|| Lane::new(now)),
        };
        lane.push(now, queued);
        if is_back {
            lane.drain.came_back();
        }
        if lane.turn == Turn::Filling && lane.is_full() {
            lane.turn = Turn::Idle;
        }
        self.take_turn(webhook);
    }

    /// How much a lane holds, in records and bytes, and how long it will take to drain that.
    pub(super) fn load(&self, now: Timestamp, webhook: &WebhookId) -> (usize, usize, Duration) {
        self.lanes.get(webhook).map_or((0, 0, Duration::ZERO), |lane| {
            let seconds = lane.queue.len() as f64 / lane.per_second();
            let wait = lane.shut_for(now) + Duration::from_secs_f64(seconds.min(1e9));
            (lane.queue.len(), lane.queued_bytes, wait)
        })
    }

    /// Whether only this process keeps a lane from sending more.
    pub(super) fn is_unhindered(&self, webhook: &WebhookId) -> bool {
        self.lanes.get(webhook).is_some_and(Lane::is_unhindered)
    }

    /// Lanes that hold records.
    pub(super) fn busy(&self) -> usize {
        self.lanes.values().filter(|lane| !lane.queue.is_empty()).count()
    }

    /// Records in lanes that have their turn, or wait for one of the slots that all lanes share.
    pub(super) fn due(&self) -> usize {
        let waits_for_us = |lane: &&Lane| match lane.turn {
            Turn::Queued | Turn::Brisk => true,
            Turn::Idle | Turn::Asleep | Turn::Paced | Turn::Filling | Turn::Account => false,
        };
        self.lanes.values().filter(waits_for_us).map(|lane| lane.queue.len()).sum()
    }

    /// Takes the last record off a lane.
    pub(super) fn overflow(&mut self, webhook: &WebhookId) -> Option<Place> {
        Some(self.lanes.get_mut(webhook)?.pop_back()?.place)
    }

    /// How far away the turn is of a record that is moved aside.
    pub(super) fn turn_in(&self, now: Timestamp, webhook: &WebhookId) -> Duration {
        self.lanes.get(webhook).map_or(Duration::ZERO, |lane| lane.free_in(now))
    }

    /// A record was moved aside for so long.
    pub(super) fn moved_aside(&mut self, now: Timestamp, webhook: &WebhookId, wait: Duration) {
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.drain.moved_aside(now, wait);
        }
    }

    /// The lane whose turn it is, and the record at its head. The lane keeps its turn until something is done.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<(WebhookId, Place)> {
        self.wake_timed(now);
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
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.pop_front();
        }
        self.end_turn(webhook, Turn::Idle);
        self.take_turn(webhook);
    }

    /// Takes the head off to be sent, if nothing stands against that: the lane's width, rate and breaker, its account's
    /// share, and the share of lanes that are not brisk. A breaker that is open for longer than `patience` is `Shut`.
    pub(super) fn begin(&mut self, now: Timestamp, standing: &Standing, patience: Duration) -> Entry {
        let webhook = &standing.webhook;
        let Some(lane) = self.lanes.get_mut(&webhook.id) else {
            return Entry::Refused;
        };
        lane.limits = webhook.limits;
        lane.batching = webhook.batch;
        if lane.account.is_none() {
            lane.account = Some(webhook.account.clone());
            if let Some(since) = standing.failing_since {
                lane.breaker = Breaker::resume(now, since, &self.caps.breaker);
            }
        }
        let gate = lane.breaker.gate(now);
        if matches!(gate, Gate::Open(until) if until.since(now) > patience) {
            return Entry::Shut;
        }
        let assembly = assemble(now, &lane.queue, lane.batching.as_ref());
        let obstacle = match assembly {
            Assembly::Wait(then) => {
                self.timers.push(Reverse((then, Timer::Lane(webhook.id.clone()))));
                Some(Turn::Filling)
            }
            Assembly::Single | Assembly::Batch(_) => self.obstacle(now, &webhook.id, &webhook.account, gate),
        };
        let entry = match obstacle {
            Some(turn) => {
                self.end_turn(&webhook.id, turn);
                Entry::Refused
            }
            None => {
                self.count_begun(now, &webhook.id, &webhook.account);
                self.take(&webhook.id, &assembly)
            }
        };
        self.pass_on(&webhook.account, obstacle);
        entry
    }

    /// Takes a POST's members off the lane whose turn it is; the next lane's turn comes.
    fn take(&mut self, webhook: &WebhookId, assembly: &Assembly) -> Entry {
        let Some(lane) = self.lanes.get_mut(webhook) else { return Entry::Refused };
        let entry = match assembly {
            Assembly::Batch(members) => Entry::Granted(lane.take(members), true),
            Assembly::Single | Assembly::Wait(_) => Entry::Granted(lane.take(&[0]), false),
        };
        self.end_turn(webhook, Turn::Idle);
        self.take_turn(webhook);
        entry
    }

    /// What a lane has to wait for before it may begin a POST; it is woken when that is over.
    fn obstacle(&mut self, now: Timestamp, id: &WebhookId, account: &AccountId, gate: Gate) -> Option<Turn> {
        let lane = self.lanes.get(id)?;
        if let Gate::Open(until) = gate {
            self.timers.push(Reverse((until, Timer::Lane(id.clone()))));
            return Some(Turn::Paced);
        }
        if gate == Gate::Probing || !lane.has_slot() {
            return Some(Turn::Idle);
        }
        if !lane.is_brisk() && self.not_brisk >= self.caps.not_brisk {
            self.until_brisk.push_back(id.clone());
            return Some(Turn::Brisk);
        }
        if let Some(Err(then)) = lane.limits.per_second.map(|_| lane.pace.look(now)) {
            self.timers.push(Reverse((then, Timer::Lane(id.clone()))));
            return Some(Turn::Paced);
        }
        let load = self.accounts.entry(account.clone()).or_default();
        if load.open >= self.caps.account {
            load.waiting.push_back(id.clone());
            return Some(Turn::Account);
        }
        if let Some(Err(then)) = self.caps.account_per_second.map(|_| load.pace.look(now)) {
            load.waiting.push_back(id.clone());
            if !std::mem::replace(&mut load.timed, true) {
                self.timers.push(Reverse((then, Timer::Account(account.clone()))));
            }
            return Some(Turn::Account);
        }
        None
    }

    fn count_begun(&mut self, now: Timestamp, id: &WebhookId, account: &AccountId) {
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.open += 1;
            lane.used_at = now;
            if let Some(rate) = lane.limits.per_second {
                lane.pace.take(now, rate.get());
            }
            if lane.breaker.gate(now) == Gate::Probe {
                lane.breaker.probe();
            }
            self.not_brisk += usize::from(!lane.is_brisk());
        }
        if let Some(load) = self.accounts.get_mut(account) {
            load.open += 1;
            if let Some(rate) = self.caps.account_per_second {
                load.pace.take(now, rate.get());
            }
        }
    }

    /// A POST of the lane is overdue.
    pub(super) fn overdue(&mut self, webhook: &WebhookId) {
        self.change(webhook, Lane::overdue);
    }

    /// A POST of the lane ended: a slot is free.
    pub(super) fn closed(
        &mut self,
        now: Timestamp,
        webhook: &WebhookId,
        began: Timestamp,
        was_overdue: bool,
        outcome: &Outcome,
    ) -> Tripped {
        let breaker = self.caps.breaker;
        let mut tripped = Tripped::Unchanged;
        self.change(webhook, |lane| tripped = lane.closed(now, began, was_overdue, outcome, &breaker));
        let account = self.lanes.get(webhook).and_then(|lane| lane.account.clone());
        if let Some(account) = account {
            self.close_for(&account);
        }
        if self.not_brisk < self.caps.not_brisk {
            self.wake_first(|lanes| lanes.until_brisk.pop_front(), Turn::Brisk);
        }
        let lane = self.lanes.get_mut(webhook);
        if let Some(lane) = lane.filter(|lane| lane.turn == Turn::Brisk && lane.is_brisk()) {
            lane.turn = Turn::Idle;
        }
        self.take_turn(webhook);
        tripped
    }

    /// Changes a lane, and counts it where it belongs afterwards.
    fn change(&mut self, webhook: &WebhookId, change: impl FnOnce(&mut Lane)) {
        let Some(lane) = self.lanes.get_mut(webhook) else { return };
        let held = |lane: &Lane| if lane.is_brisk() { 0 } else { lane.open };
        let before = held(lane);
        change(lane);
        let others = self.not_brisk.checked_sub(before).expect("a lane's POSTs were counted when they began");
        self.not_brisk = others + held(lane);
    }

    /// The lane waits for the registry, but not past `until`.
    pub(super) fn sleep(&mut self, webhook: &WebhookId, until: Timestamp) {
        self.timers.push(Reverse((until, Timer::Lane(webhook.clone()))));
        self.end_turn(webhook, Turn::Asleep);
    }

    /// Whatever waited for the registry has its turn again.
    pub(super) fn wake(&mut self) {
        for (webhook, lane) in self.lanes.iter_mut().filter(|(_, lane)| lane.turn == Turn::Asleep) {
            lane.turn = Turn::Queued;
            self.turns.push_back(webhook.clone());
        }
    }

    /// When the first of those that wait for a time may go on.
    pub(super) fn next_timed(&self) -> Option<Timestamp> {
        self.timers.peek().map(|Reverse((then, _))| *then)
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
            let keep = if lane.breaker.is_blank() { FORGET } else { REMEMBER };
            let unused = lane.is_idle() && now.since(lane.used_at) >= keep;
            !unused || lane.drain.expects(now)
        });
        self.accounts.retain(|_, load| load.open > 0 || load.timed || !load.waiting.is_empty());
    }

    /// Lanes whose breaker is open.
    pub(super) fn breakers_open(&self) -> usize {
        self.lanes.values().filter(|lane| lane.breaker.is_open()).count()
    }

    fn wake_timed(&mut self, now: Timestamp) {
        while let Some(Reverse((then, _))) = self.timers.peek()
            && *then <= now
            && let Some(Reverse((_, timer))) = self.timers.pop()
        {
            match timer {
                Timer::Lane(webhook) => {
                    let waits =
                        |lane: &&mut Lane| matches!(lane.turn, Turn::Paced | Turn::Asleep | Turn::Filling);
                    if let Some(lane) = self.lanes.get_mut(&webhook).filter(waits) {
                        lane.turn = Turn::Idle;
                    }
                    self.take_turn(&webhook);
                }
                Timer::Account(account) => self.wake_account(now, account),
            }
        }
    }

    pub(super) fn take_turn(&mut self, webhook: &WebhookId) {
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

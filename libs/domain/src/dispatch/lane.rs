//! A virtual queue per webhook, served in turn: a busy webhook waits behind itself only.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Place;
use crate::WebhookId;

/// Every webhook's lane.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<WebhookId, Lane>,
    /// Lanes to look at, in turn. A lane is in here at most once.
    turns: VecDeque<WebhookId>,
}

#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<Place>,
    /// POSTs running.
    open: usize,
    turn: Turn,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    /// Nothing to do, or no slot free.
    #[default]
    Idle,
    /// Among the turns.
    Queued,
    /// Waits for the registry.
    Asleep,
}

impl Lanes {
    /// Adds a record at a lane's end.
    pub(super) fn push(&mut self, webhook: &WebhookId, place: Place) {
        self.lanes.entry(webhook.clone()).or_default().queue.push_back(place);
        self.take_turn(webhook);
    }

    /// The lane whose turn it is, and the record at its head. The lane keeps its turn until something is done.
    pub(super) fn next(&mut self) -> Option<(WebhookId, Place)> {
        loop {
            let webhook = self.turns.front()?.clone();
            match self.lanes.get(&webhook).and_then(|lane| lane.queue.front().copied()) {
                Some(place) => return Some((webhook, place)),
                None => self.end_turn(&webhook, Turn::Idle),
            }
        }
    }

    /// Takes the head off the lane whose turn it is; the next lane's turn comes.
    pub(super) fn pop(&mut self, webhook: &WebhookId) {
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.queue.pop_front();
        }
        self.end_turn(webhook, Turn::Idle);
        self.take_turn(webhook);
    }

    /// Takes the head off to be sent, if fewer than `slots` are open; otherwise the lane waits for one to close.
    pub(super) fn begin(&mut self, webhook: &WebhookId, slots: usize) -> bool {
        let Some(lane) = self.lanes.get_mut(webhook).filter(|lane| lane.open < slots) else {
            self.end_turn(webhook, Turn::Idle);
            return false;
        };
        lane.open += 1;
        self.pop(webhook);
        true
    }

    /// A POST of the lane ended: a slot is free.
    pub(super) fn closed(&mut self, webhook: &WebhookId) {
        if let Some(lane) = self.lanes.get_mut(webhook) {
            lane.open = lane.open.checked_sub(1).expect("a POST was counted when it began");
        }
        self.take_turn(webhook);
        self.drop_empty(webhook);
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

    /// Takes records out, wherever they stand.
    pub(super) fn forget(&mut self, places: &HashSet<Place>) {
        for lane in self.lanes.values_mut() {
            lane.queue.retain(|place| !places.contains(place));
        }
        self.lanes.retain(|_, lane| lane.open > 0 || !lane.queue.is_empty());
        let lanes = &self.lanes;
        self.turns.retain(|webhook| lanes.contains_key(webhook));
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
        self.drop_empty(webhook);
    }

    /// An idle webhook costs nothing.
    fn drop_empty(&mut self, webhook: &WebhookId) {
        if self
            .lanes
            .get(webhook)
            .is_some_and(|lane| lane.open == 0 && lane.queue.is_empty() && lane.turn != Turn::Queued)
        {
            self.lanes.remove(webhook);
        }
    }
}

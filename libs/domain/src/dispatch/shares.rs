//! What lanes share: the part of the process for those that are not brisk, and their account's part. Whoever waits for
//! a share is woken when one is free, in the order of waiting.

use std::cmp::Reverse;
use std::num::NonZeroU32;
use std::time::Duration;

use super::caps::Load;
use super::lane::Turn;
use super::lanes::{Lanes, Timer};
use crate::{AccountId, Timestamp, WebhookId};

impl Lanes {
    /// What a lane did not take, or did not need, of what others wait for is for the next of them.
    pub(super) fn pass_on(&mut self, account: &AccountId, obstacle: Option<Turn>) {
        if !self.until_brisk.is_empty()
            && obstacle != Some(Turn::Brisk)
            && self.not_brisk < self.caps.not_brisk
        {
            self.wake_first(|lanes| lanes.until_brisk.pop_front(), Turn::Brisk);
        }
        let cap = self.caps.account;
        let free = |load: &Load| !load.waiting.is_empty() && !load.timed && load.open < cap;
        if obstacle != Some(Turn::Account) && self.accounts.get(account).is_some_and(free) {
            self.wake_first(|lanes| lanes.accounts.get_mut(account)?.waiting.pop_front(), Turn::Account);
        }
    }

    pub(super) fn close_for(&mut self, account: &AccountId) {
        let Some(load) = self.accounts.get_mut(account) else { return };
        load.open = load.open.checked_sub(1).expect("a POST was counted when it began");
        if load.timed {
            return;
        }
        if load.open == 0 && load.waiting.is_empty() && self.caps.account_per_second.is_none() {
            self.accounts.remove(account);
            return;
        }
        self.wake_first(|lanes| lanes.accounts.get_mut(account)?.waiting.pop_front(), Turn::Account);
    }

    /// Wakes the first lane of those that `pop` names which still waits for that.
    pub(super) fn wake_first(
        &mut self,
        mut pop: impl FnMut(&mut Self) -> Option<WebhookId>,
        waits_for: Turn,
    ) {
        while let Some(webhook) = pop(self) {
            let lane = self.lanes.get_mut(&webhook);
            if let Some(lane) = lane.filter(|lane| lane.turn == waits_for) {
                lane.turn = Turn::Idle;
                if !lane.queue.is_empty() {
                    return self.take_turn(&webhook);
                }
            }
        }
    }

    /// As many of an account's lanes go on as its rate allows in a millisecond; those behind them wait for the next one.
    pub(super) fn wake_account(&mut self, now: Timestamp, account: AccountId) {
        let per_second = self.caps.account_per_second.map_or(1, NonZeroU32::get);
        for _ in 0..=per_second / 1000 {
            self.wake_first(|lanes| lanes.accounts.get_mut(&account)?.waiting.pop_front(), Turn::Account);
        }
        let Some(load) = self.accounts.get_mut(&account) else { return };
        load.timed = !load.waiting.is_empty();
        if load.timed {
            let step = (Duration::from_secs(1) / per_second).max(Duration::from_millis(1));
            self.timers.push(Reverse((now + step, Timer::Account(account))));
        }
    }
}

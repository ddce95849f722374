//! The partitions that are ours, how far each is done, and how they are let go.
//!
//! A claim is one assignment of one partition, named by its epoch. Whoever reads records keeps one [`Claims`]: it says
//! what to commit, and when a revoked claim has nothing under way any more and may be released.
//!
//! One commit is under way at a time, so that an answer can only be about that one: a claim is released when the commit
//! that says everything about it was accepted, and never on the answer to an older one.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Epoch, Offset, Sighting, Timestamp, Tracker};

/// How often is committed.
const COMMIT: Duration = Duration::from_millis(500);
/// How soon a refused commit is repeated.
const COMMIT_AGAIN: Duration = Duration::from_millis(100);

/// How far a claim's partition is done: what a commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// Which claim.
    pub epoch: Epoch,
    /// Everything before this offset is done.
    pub offset: Offset,
    /// What is done beyond it, in order.
    pub completed: Vec<Offset>,
}

/// Every claim at hand.
#[derive(Clone, Debug)]
pub struct Claims {
    claims: BTreeMap<Epoch, Claim>,
    commit_every: Duration,
    commit_at: Timestamp,
    /// Whether the last commit was refused: the next one waits a little.
    refused: bool,
    /// The commit that is not answered yet, if there is one: the claims of which it says everything.
    asked: Option<Vec<Epoch>>,
    released: Vec<Epoch>,
}

#[derive(Clone, Debug, Default)]
struct Claim {
    tracker: Tracker,
    revoking: bool,
    paused: bool,
    /// The frontier and how much was done beyond it, as committed last.
    told: Option<(Offset, usize)>,
}

/// How much may be read ahead of what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Records of one claim that are not done.
    pub undone: usize,
    /// Records of one claim between its frontier and the last one read.
    pub span: usize,
    /// Bytes of records that are not done, over all claims. Each has its share, so that none starves another.
    pub bytes: usize,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            claims: BTreeMap::new(),
            commit_every: COMMIT,
            commit_at: Timestamp::from_millis(0),
            refused: false,
            asked: None,
            released: Vec::new(),
        }
    }
}

impl Claims {
    /// None yet, and as often is committed.
    pub fn commit_every(every: Duration) -> Self {
        Self { commit_every: every, ..Self::default() }
    }

    /// A partition became ours.
    pub fn begin(&mut self, epoch: Epoch, committed: Option<Offset>, completed: Vec<Offset>) {
        let claim = Claim { tracker: Tracker::resume(committed, completed), ..Claim::default() };
        self.claims.insert(epoch, claim);
    }

    /// Notes a record that was read and weighs so many bytes. Nothing new is begun for a claim that is unknown or being revoked.
    pub fn see(&mut self, epoch: Epoch, offset: Offset, bytes: usize) -> Sighting {
        match self.claims.get_mut(&epoch) {
            Some(claim) if !claim.revoking => claim.tracker.see(offset, bytes),
            Some(_) | None => Sighting::Done,
        }
    }

    /// Notes that a record is done. Of a claim that is gone it says nothing.
    pub fn complete(&mut self, epoch: Epoch, offset: Offset) {
        if let Some(claim) = self.claims.get_mut(&epoch) {
            claim.tracker.complete(offset);
        }
    }

    /// Whether the claim is ours and nobody wants it back.
    pub fn holds(&self, epoch: Epoch) -> bool {
        self.claims.get(&epoch).is_some_and(|claim| !claim.revoking)
    }

    /// Every claim, in the order of epochs.
    pub fn epochs(&self) -> impl Iterator<Item = Epoch> {
        self.claims.keys().copied()
    }

    /// What is to be committed now: what changed since the last time, when it is time to; and everything about revoked
    /// claims that are not busy any more, at once, unless the last commit was refused. None while a commit is not answered
    /// yet; otherwise [`Claims::committed`] must be told what became of it.
    pub fn next_commit(&mut self, now: Timestamp, busy: impl Fn(Epoch) -> bool) -> Option<Vec<Frontier>> {
        // A clock may be set back: nobody waits for it to be there again.
        let due = self.commit_at <= now || self.commit_at > now + self.commit_every;
        if due {
            self.commit_at = now + self.commit_every;
        }
        if self.asked.is_some() || (self.refused && !due) {
            return None;
        }
        let drained = self.claims.iter().filter(|(epoch, claim)| claim.revoking && !busy(**epoch));
        let last: Vec<Epoch> = drained.map(|(epoch, _)| *epoch).collect();
        if last.is_empty() && !due {
            return None;
        }
        let claims = self.claims.iter_mut();
        let said: Vec<_> =
            claims.filter_map(|(epoch, claim)| claim.frontier(*epoch, last.contains(epoch))).collect();
        if last.is_empty() && said.is_empty() {
            return None;
        }
        self.asked = Some(last);
        Some(said)
    }

    /// When the next commit is due.
    pub fn next_commit_at(&self) -> Timestamp {
        self.commit_at
    }

    /// The commit was answered. What was refused is said again by the next one, a little later.
    pub fn committed(&mut self, now: Timestamp, accepted: bool) {
        let last = self.asked.take().unwrap_or_default();
        self.refused = !accepted;
        if accepted {
            self.forget(&last);
            self.released.extend(last);
        } else {
            self.commit_at = now + COMMIT_AGAIN.min(self.commit_every);
            self.claims.values_mut().for_each(|claim| claim.told = None);
        }
    }

    /// The group wants these back: nothing new is begun for them. One that is unknown may be released at once.
    pub fn revoke(&mut self, epochs: &[Epoch]) {
        for epoch in epochs {
            match self.claims.get_mut(epoch) {
                Some(claim) => claim.revoking = true,
                None => self.released.push(*epoch),
            }
        }
    }

    /// Everything is given back: nothing new is begun.
    pub fn revoke_all(&mut self) {
        self.claims.values_mut().for_each(|claim| claim.revoking = true);
    }

    /// Whether nothing is ours any more.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// These are gone: whatever still comes of them says nothing.
    pub fn forget(&mut self, epochs: &[Epoch]) {
        self.claims.retain(|epoch, _| !epochs.contains(epoch));
    }

    /// Claims to release now that their last commit is accepted.
    pub fn take_released(&mut self) -> Vec<Epoch> {
        std::mem::take(&mut self.released)
    }

    /// Bytes of the records that are not done, over all claims.
    pub fn undone_bytes(&self) -> usize {
        self.claims.values().map(|claim| claim.tracker.undone_bytes()).sum()
    }

    /// What each claim's frontier waits for: the first record of it that was read and is not done.
    pub fn oldest(&self) -> impl Iterator<Item = (Epoch, Offset)> {
        self.claims.iter().filter_map(|(epoch, claim)| Some((*epoch, claim.tracker.oldest()?)))
    }

    /// How much of its window the fullest claim has used, from 0 to 1. A claim with a full one is read no further.
    pub fn fill(&self, window: Window) -> f64 {
        let share = window.bytes / self.claims.len().max(1);
        let fill = |tracker: &Tracker| {
            let used = [
                (tracker.undone(), window.undone),
                (tracker.span(), window.span),
                (tracker.undone_bytes(), share),
            ];
            used.into_iter().map(|(used, most)| used as f64 / most.max(1) as f64).fold(0.0, f64::max)
        };
        self.claims.values().map(|claim| fill(&claim.tracker)).fold(0.0, f64::max).min(1.0)
    }

    /// How many more records, and how many more bytes, may be read ahead under a claim.
    pub fn room(&self, epoch: Epoch, window: Window) -> (usize, usize) {
        let share = window.bytes / self.claims.len().max(1);
        let Some(claim) = self.claims.get(&epoch) else { return (0, 0) };
        let tracker = &claim.tracker;
        (window.undone.saturating_sub(tracker.undone()), share.saturating_sub(tracker.undone_bytes()))
    }

    /// Claims that read too far ahead; each is named once, until it is resumed.
    pub fn take_crowded(&mut self, window: Window) -> Vec<Epoch> {
        let share = window.bytes / self.claims.len().max(1);
        let crowded = |tracker: &Tracker| {
            tracker.undone() > window.undone || tracker.span() > window.span || tracker.undone_bytes() > share
        };
        self.flip(|claim| !claim.paused && crowded(&claim.tracker), true)
    }

    /// Claims that were crowded and have room again: half of the window, so that they do not flutter.
    pub fn take_roomy(&mut self, window: Window) -> Vec<Epoch> {
        let share = window.bytes / self.claims.len().max(1);
        let roomy = |tracker: &Tracker| {
            tracker.undone() <= window.undone / 2
                && tracker.span() <= window.span / 2
                && tracker.undone_bytes() <= share / 2
        };
        self.flip(|claim| claim.paused && roomy(&claim.tracker), false)
    }

    fn flip(&mut self, which: impl Fn(&Claim) -> bool, paused: bool) -> Vec<Epoch> {
        let mut flipped = Vec::new();
        for (epoch, claim) in self.claims.iter_mut().filter(|(_, claim)| which(claim)) {
            claim.paused = paused;
            flipped.push(*epoch);
        }
        flipped
    }
}

impl Claim {
    fn frontier(&mut self, epoch: Epoch, all: bool) -> Option<Frontier> {
        let offset = self.tracker.frontier()?;
        let completed: Vec<Offset> = self.tracker.completed().collect();
        let state = (offset, completed.len());
        if self.told == Some(state) && !all {
            return None;
        }
        self.told = Some(state);
        Some(Frontier { epoch, offset, completed })
    }
}

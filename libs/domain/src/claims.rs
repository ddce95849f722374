//! The partitions that are ours, how far each is done, and how they are let go.
//!
//! A claim is one assignment of one partition, named by its epoch. Whoever reads records keeps one [`Claims`]: it says
//! what to commit, and when a revoked claim has nothing under way any more and may be released.

use std::collections::BTreeMap;

use crate::{Epoch, Offset, Sighting, Tracker};

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
#[derive(Debug, Default)]
pub struct Claims {
    claims: BTreeMap<Epoch, Claim>,
    released: Vec<Epoch>,
}

#[derive(Debug, Default)]
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

impl Claims {
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

    /// What is to be committed: what changed since the last time.
    pub fn changed(&mut self) -> Vec<Frontier> {
        self.claims.iter_mut().filter_map(|(epoch, claim)| claim.frontier(*epoch, false)).collect()
    }

    /// What is to be committed at the end: everything.
    pub fn all(&mut self) -> Vec<Frontier> {
        self.claims.iter_mut().filter_map(|(epoch, claim)| claim.frontier(*epoch, true)).collect()
    }

    /// A commit was refused: the next one says everything again.
    pub fn commit_refused(&mut self) {
        for claim in self.claims.values_mut() {
            claim.told = None;
        }
    }

    /// The group wants these back: nothing new is begun for them.
    pub fn revoke(&mut self, epochs: &[Epoch]) {
        for epoch in epochs {
            if let Some(claim) = self.claims.get_mut(epoch) {
                claim.revoking = true;
            }
        }
    }

    /// These are gone: whatever still comes of them says nothing.
    pub fn forget(&mut self, epochs: &[Epoch]) {
        for epoch in epochs {
            self.claims.remove(epoch);
        }
    }

    /// Takes out the revoked claims that are not busy, with what is to be committed for them before they are released.
    /// None if there are no such claims.
    pub fn take_drained(&mut self, busy: impl Fn(Epoch) -> bool) -> Option<Vec<Frontier>> {
        let drained: Vec<Epoch> =
            self.claims.iter().filter(|(e, claim)| claim.revoking && !busy(**e)).map(|(e, _)| *e).collect();
        if drained.is_empty() {
            return None;
        }
        let gone = drained.iter().filter_map(|epoch| Some((*epoch, self.claims.remove(epoch)?)));
        let last = gone.filter_map(|(epoch, mut claim)| claim.frontier(epoch, true)).collect();
        self.released.extend(drained);
        Some(last)
    }

    /// Claims to release now that their last commit is answered.
    pub fn take_released(&mut self) -> Vec<Epoch> {
        std::mem::take(&mut self.released)
    }

    /// Bytes of the records that are not done, over all claims.
    pub fn undone_bytes(&self) -> usize {
        self.claims.values().map(|claim| claim.tracker.undone_bytes()).sum()
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

#[cfg(test)]
mod tests {
    use super::*;

    const E1: Epoch = Epoch(1);
    const E2: Epoch = Epoch(2);

    fn claims() -> Claims {
        let mut claims = Claims::default();
        claims.begin(E1, Some(Offset(0)), Vec::new());
        for offset in 0..3 {
            assert_eq!(claims.see(E1, Offset(offset), 10), Sighting::New);
        }
        claims
    }

    #[test]
    fn a_frontier_is_told_once_unless_the_commit_was_refused() {
        let mut claims = claims();
        claims.complete(E1, Offset(0));
        claims.complete(E1, Offset(2));
        let told = claims.changed();
        assert_eq!(told, [Frontier { epoch: E1, offset: Offset(1), completed: vec![Offset(2)] }]);
        assert_eq!(claims.changed(), []);
        claims.commit_refused();
        assert_eq!(claims.changed(), told);
    }

    #[test]
    fn a_revoked_claim_is_released_when_nothing_is_under_way() {
        let mut claims = claims();
        claims.revoke(&[E1]);
        assert_eq!(claims.see(E1, Offset(3), 10), Sighting::Done);
        assert_eq!(claims.take_drained(|_| true), None);
        claims.complete(E1, Offset(0));
        let last = claims.take_drained(|_| false).unwrap();
        assert_eq!(last, [Frontier { epoch: E1, offset: Offset(1), completed: vec![] }]);
        assert_eq!(claims.take_released(), [E1]);
        assert_eq!(claims.take_released(), []);
    }

    #[test]
    fn what_an_old_epoch_completes_does_not_count_for_the_new_one() {
        let mut claims = claims();
        claims.forget(&[E1]);
        claims.begin(E2, Some(Offset(0)), Vec::new());
        assert_eq!(claims.see(E2, Offset(0), 10), Sighting::New);
        claims.complete(E1, Offset(0));
        assert_eq!(claims.changed(), [Frontier { epoch: E2, offset: Offset(0), completed: vec![] }]);
    }

    #[test]
    fn a_crowded_claim_is_paused_once_and_resumed_at_half() {
        let window = Window { undone: 2, span: 100, bytes: 1_000 };
        let mut claims = claims();
        assert_eq!(claims.take_crowded(window), [E1]);
        assert_eq!(claims.take_crowded(window), []);
        claims.complete(E1, Offset(1));
        assert_eq!(claims.take_roomy(window), []);
        claims.complete(E1, Offset(0));
        assert_eq!(claims.take_roomy(window), [E1]);
    }

    #[test]
    fn a_claim_that_holds_its_share_of_bytes_is_paused_and_no_other() {
        let window = Window { undone: 100, span: 100, bytes: 50 };
        let mut claims = claims();
        claims.begin(E2, Some(Offset(0)), Vec::new());
        claims.see(E2, Offset(0), 10);
        assert_eq!(claims.undone_bytes(), 40);
        assert_eq!(claims.take_crowded(window), [E1]);
        claims.complete(E1, Offset(0));
        claims.complete(E1, Offset(1));
        assert_eq!(claims.take_roomy(window), [E1]);
    }
}

//! Which records of one partition are done, when they are done out of order.
//!
//! The *frontier* is the offset to commit: every record before it is done. What is done beyond it goes into the commit's
//! metadata (see [`Completed`]), so that the next owner of the partition does not do it again. One tracker lives for one
//! assignment of one partition: its owner drops it when the partition goes, and with it whatever is still under way.

mod completed;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

pub use completed::{Completed, Home};

use crate::Offset;

/// Tracks one assignment of one partition.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    /// Records seen and not yet behind the frontier, in order. Offsets have gaps, so they are kept, not computed.
    seen: VecDeque<Seen>,
    /// Done under an earlier owner, ahead of what was seen.
    restored: BTreeSet<Offset>,
    /// The offset after the last record seen.
    end: Option<Offset>,
    undone: usize,
    undone_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    offset: Offset,
    bytes: usize,
    done: bool,
}

/// What to do with a record that was just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// It is new: do it.
    New,
    /// An earlier owner did it, or it was read before.
    Done,
}

impl Tracker {
    /// Begins where the commit says, knowing what its metadata says is done beyond.
    pub fn resume(from: Option<Offset>, completed: impl IntoIterator<Item = Offset>) -> Self {
        let restored =
            completed.into_iter().filter(|offset| from.is_none_or(|from| *offset >= from)).collect();
        Self { restored, end: from, ..Self::default() }
    }

    /// Notes that a record was read that weighs so many bytes. Offsets only grow within an assignment.
    pub fn see(&mut self, offset: Offset, bytes: usize) -> Sighting {
        if self.end.is_some_and(|end| offset < end) {
            return Sighting::Done;
        }
        self.end = Some(offset.next());
        let done = self.restored.remove(&offset);
        self.seen.push_back(Seen { offset, bytes, done });
        self.advance();
        if done {
            return Sighting::Done;
        }
        self.undone += 1;
        self.undone_bytes += bytes;
        Sighting::New
    }

    /// Notes that a record is done. Says whether that was news: one that was never seen, or is done already, is not.
    pub fn complete(&mut self, offset: Offset) -> bool {
        let Ok(index) = self.seen.binary_search_by_key(&offset, |seen| seen.offset) else {
            return false;
        };
        let Some(seen) = self.seen.get_mut(index).filter(|seen| !seen.done) else {
            return false;
        };
        seen.done = true;
        let bytes = seen.bytes;
        self.undone = self.undone.checked_sub(1).expect("an undone record was counted when it was seen");
        self.undone_bytes =
            self.undone_bytes.checked_sub(bytes).expect("an undone record was counted when it was seen");
        self.advance();
        true
    }

    /// The offset to commit: everything before it is done. None while nothing is known.
    pub fn frontier(&self) -> Option<Offset> {
        self.seen.front().map(|seen| seen.offset).or(self.end)
    }

    /// The first record that was seen and is not done: what the frontier waits for.
    pub fn oldest(&self) -> Option<Offset> {
        self.seen.front().map(|seen| seen.offset)
    }

    /// What is done beyond the frontier, in order; what an earlier owner did and was not read again belongs to it.
    pub fn completed(&self) -> impl Iterator<Item = Offset> {
        let seen = self.seen.iter().filter(|seen| seen.done).map(|seen| seen.offset);
        seen.chain(self.restored.iter().copied())
    }

    /// How many records are seen and not done.
    pub fn undone(&self) -> usize {
        self.undone
    }

    /// How many bytes those weigh.
    pub fn undone_bytes(&self) -> usize {
        self.undone_bytes
    }

    /// How many records the frontier is behind the last one seen.
    pub fn span(&self) -> usize {
        self.seen.len()
    }

    /// Moves the frontier past what is done. What lies behind it need not be remembered.
    fn advance(&mut self) {
        while self.seen.front().is_some_and(|seen| seen.done) {
            self.seen.pop_front();
        }
        if let Some(frontier) = self.frontier() {
            self.restored = match self.restored.first() {
                Some(first) if *first < frontier => self.restored.split_off(&frontier),
                Some(_) | None => return,
            };
        }
    }
}

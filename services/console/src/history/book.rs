//! What was read and is to be written, and how far that is. No I/O.

use std::collections::VecDeque;
use std::time::Duration;

use domain::{Claims, Epoch, Frontier, Offset, Sighting, Timestamp, Window};
use history::entry::{Entry, Read};
use tokio::time::Instant;

/// How far is read ahead of what is written.
const WINDOW: Window = Window { undone: 8_000, span: 1_000_000, bytes: 64 * 1024 * 1024 };
/// A transaction holds so many records, a batch's members counting as much; one of many members may pass it.
const FULL: usize = 2_000;
/// How long the first of a transaction waits for others.
const GATHER: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Book {
    claims: Claims,
    waiting: VecDeque<(Epoch, Read)>,
    weight: usize,
    /// When what waits is written, however little it is.
    due: Option<Instant>,
    /// What is being written.
    writing: Vec<(Epoch, Offset)>,
    stopping: bool,
}

impl Book {
    pub(super) fn begin(&mut self, epoch: Epoch, committed: Option<Offset>, completed: Vec<Offset>) {
        if !self.stopping {
            self.claims.begin(epoch, committed, completed);
        }
    }

    /// Takes a record in, which weighs so many bytes.
    pub(super) fn take_in(
        &mut self,
        now: Instant,
        epoch: Epoch,
        bytes: usize,
        read: impl FnOnce() -> Read,
        offset: Offset,
    ) {
        if self.stopping || self.claims.see(epoch, offset, bytes) == Sighting::Done {
            return;
        }
        let read = read();
        self.weight += weight(&read);
        self.waiting.push_back((epoch, read));
        self.due.get_or_insert(now + GATHER);
    }

    /// What to write now, unless something is being written: what waits, where it is enough or has waited for long enough.
    pub(super) fn next_batch(&mut self, now: Instant) -> Option<Vec<Read>> {
        let due = self.due.filter(|due| self.writing.is_empty() && (self.weight >= FULL || *due <= now))?;
        let (mut batch, mut taken) = (Vec::new(), 0);
        while taken < FULL {
            let Some((epoch, read)) = self.waiting.pop_front() else { break };
            taken += weight(&read);
            self.writing.push((epoch, read.offset));
            batch.push(read);
        }
        self.weight -= taken;
        self.due = (!self.waiting.is_empty()).then_some(due.max(now));
        (!batch.is_empty()).then_some(batch)
    }

    /// When the next batch is due; none while there is nothing to wait for.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| self.writing.is_empty())
    }

    /// What was being written is.
    pub(super) fn written(&mut self) {
        for (epoch, offset) in std::mem::take(&mut self.writing) {
            self.claims.complete(epoch, offset);
        }
    }

    /// Claims that read too far ahead, and such as have room again.
    pub(super) fn take_crowded(&mut self) -> Vec<Epoch> {
        self.claims.take_crowded(WINDOW)
    }

    pub(super) fn take_roomy(&mut self) -> Vec<Epoch> {
        self.claims.take_roomy(WINDOW)
    }

    /// See [`Claims::next_commit`].
    pub(super) fn next_commit(&mut self, now: Timestamp) -> Option<Vec<Frontier>> {
        let writing = &self.writing;
        self.claims.next_commit(now, |epoch| writing.iter().any(|(busy, _)| *busy == epoch))
    }

    /// When the next commit is due.
    pub(super) fn next_commit_at(&self) -> Timestamp {
        self.claims.next_commit_at()
    }

    /// A commit was answered. Says which claims to release.
    pub(super) fn committed(&mut self, now: Timestamp, accepted: bool) -> Vec<Epoch> {
        self.claims.committed(now, accepted);
        self.claims.take_released()
    }

    /// Begins to let go: what is not being written yet is left to the next owner. Says which claims to release at once.
    pub(super) fn revoke(&mut self, epochs: &[Epoch]) -> Vec<Epoch> {
        self.claims.revoke(epochs);
        self.drop_waiting(|epoch| epochs.contains(&epoch));
        self.claims.take_released()
    }

    /// Forgets claims that are lost.
    pub(super) fn forget(&mut self, epochs: &[Epoch]) {
        self.claims.forget(epochs);
        self.drop_waiting(|epoch| epochs.contains(&epoch));
    }

    /// Begins nothing new: everything is given back once it is written and committed.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.drop_waiting(|_| true);
        self.claims.revoke_all();
    }

    /// Waits for nothing any more but the last commit.
    pub(super) fn abandon(&mut self) {
        self.writing.clear();
    }

    /// Whether everything is given back.
    pub(super) fn is_over(&self) -> bool {
        self.claims.is_empty()
    }

    fn drop_waiting(&mut self, which: impl Fn(Epoch) -> bool) {
        self.waiting.retain(|(epoch, _)| !which(*epoch));
        self.weight = self.waiting.iter().map(|(_, read)| weight(read)).sum();
        if self.waiting.is_empty() {
            self.due = None;
        }
    }
}

fn weight(read: &Read) -> usize {
    match &read.entry {
        Some(Entry::Attempt(attempt)) => attempt.members.len(),
        Some(Entry::DeadLetter(_) | Entry::Disposition(..) | Entry::Audit(_)) | None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Partition;

    const EPOCH: Epoch = Epoch(1);

    fn book() -> Book {
        let mut book = Book::default();
        book.begin(EPOCH, Some(Offset(0)), Vec::new());
        book
    }

    fn take(book: &mut Book, now: Instant, offsets: std::ops::Range<i64>) {
        for offset in offsets.map(Offset) {
            let (topic, partition, timestamp) = ("t".into(), Partition(0), Timestamp::from_millis(0));
            let read = || Read { topic, partition, offset, timestamp, entry: None };
            book.take_in(now, EPOCH, 1, read, offset);
        }
    }

    #[test]
    fn little_is_written_after_a_while_and_much_at_once() {
        let (mut book, now) = (book(), Instant::now());
        take(&mut book, now, 0..3);
        assert_eq!(book.next_batch(now), None);
        assert_eq!(book.due(), Some(now + GATHER));
        assert_eq!(book.next_batch(now + GATHER).map(|batch| batch.len()), Some(3));
        take(&mut book, now, 3..5_000);
        assert_eq!(book.next_batch(now + GATHER), None, "one at a time");
        book.written();
        for expected in [FULL, FULL] {
            assert_eq!(book.next_batch(now).map(|batch| batch.len()), Some(expected));
            book.written();
        }
        assert_eq!(book.next_batch(now), None);
        assert_eq!(book.next_batch(now + GATHER).map(|batch| batch.len()), Some(997));
    }

    #[test]
    fn what_is_written_is_committed_and_nothing_before() {
        let (mut book, now) = (book(), Instant::now());
        take(&mut book, now, 0..3);
        book.next_batch(now + GATHER);
        let frontier = |book: &mut Book, at| {
            let said = book.next_commit(Timestamp::from_millis(at));
            book.committed(Timestamp::from_millis(at), true);
            said.into_iter().flatten().map(|frontier| frontier.offset).max()
        };
        assert_eq!(frontier(&mut book, 1_000).filter(|offset| offset.0 > 0), None);
        book.written();
        assert_eq!(frontier(&mut book, 2_000), Some(Offset(3)));
    }

    #[test]
    fn a_stop_leaves_what_waits_to_the_next_owner_and_gives_back_what_was_written() {
        let (mut book, now) = (book(), Instant::now());
        take(&mut book, now, 0..3);
        book.next_batch(now + GATHER);
        take(&mut book, now, 3..5);
        book.stop();
        let early = book.next_commit(Timestamp::from_millis(0));
        assert_eq!(early.map(|said| said[0].offset), Some(Offset(0)));
        assert_eq!(book.committed(Timestamp::from_millis(0), true), [], "something is being written");
        book.written();
        let said = book.next_commit(Timestamp::from_millis(1_000));
        assert_eq!(said.map(|said| said[0].offset), Some(Offset(3)));
        assert_eq!(book.committed(Timestamp::from_millis(1_000), true), [EPOCH]);
        assert!(book.is_over());
    }
}

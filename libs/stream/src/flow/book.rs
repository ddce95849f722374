//! What a flow has read, is writing and has done, per claim. No I/O.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use domain::{Claims, Epoch, Frontier, Offset, Sighting, Timestamp, Window};
use wire::Record;

use crate::Ahead;

/// How far is read ahead of what is written.
const WINDOW: Window = Window { undone: 4_000, span: 100_000, bytes: 64 * 1024 * 1024 };
/// Writes under way, at most: one record more may begin below it.
const MAX_OPEN: usize = 10_000;

#[derive(Default)]
pub(super) struct Book {
    claims: Claims,
    lanes: BTreeMap<Epoch, Lane>,
    open: HashMap<(Epoch, Offset), Open>,
    /// Writes under way, over all open records.
    writes: usize,
    /// Whose turn it was: the round over the lanes goes on behind it.
    turn: Option<Epoch>,
    stopping: bool,
}

/// What was read of one partition and waits for its step.
#[derive(Default)]
struct Lane {
    queue: VecDeque<Arc<Record>>,
    not_before: Option<Timestamp>,
}

struct Open {
    record: Arc<Record>,
    writes_left: usize,
}

impl Book {
    pub(super) fn begin(&mut self, epoch: Epoch, committed: Option<Offset>, completed: Vec<Offset>) {
        if !self.stopping {
            self.claims.begin(epoch, committed, completed);
            self.lanes.insert(epoch, Lane::default());
        }
    }

    /// Takes records in, and says which claims should be paused.
    pub(super) fn take_in(&mut self, records: Vec<(Epoch, Record)>) -> Vec<Epoch> {
        for (epoch, record) in records {
            let Some(lane) = self.lanes.get_mut(&epoch).filter(|_| !self.stopping) else {
                continue;
            };
            if self.claims.see(epoch, record.offset, record.size()) == Sighting::New {
                lane.queue.push_back(Arc::new(record));
            }
        }
        self.claims.take_crowded(WINDOW)
    }

    pub(super) fn take_resumable(&mut self) -> Vec<Epoch> {
        self.claims.take_roomy(WINDOW)
    }

    /// The next record that may be stepped through: the lanes take turns. It stays at its lane's head until it is
    /// opened.
    pub(super) fn ready(&self, now: Timestamp) -> Option<(Epoch, Arc<Record>)> {
        if self.writes >= MAX_OPEN || self.stopping {
            return None;
        }
        let after = self.turn.map_or(Epoch(0), |turn| Epoch(turn.0 + 1));
        let mut round = self.lanes.range(after..).chain(self.lanes.range(..after));
        round.find_map(|(epoch, lane)| {
            let due = lane.not_before.is_none_or(|then| then <= now);
            lane.queue.front().filter(|_| due).map(|record| (*epoch, Arc::clone(record)))
        })
    }

    /// Takes a record from its lane's head: so many writes follow from it.
    pub(super) fn opened(&mut self, epoch: Epoch, record: Arc<Record>, writes: usize) {
        self.turn = Some(epoch);
        let Some(lane) = self.lanes.get_mut(&epoch) else {
            return;
        };
        lane.queue.pop_front();
        lane.not_before = None;
        if writes == 0 {
            self.claims.complete(epoch, record.offset);
        } else {
            self.writes += writes;
            self.open.insert((epoch, record.offset), Open { record, writes_left: writes });
        }
    }

    pub(super) fn wait(&mut self, epoch: Epoch, then: Timestamp) {
        self.turn = Some(epoch);
        if let Some(lane) = self.lanes.get_mut(&epoch) {
            lane.not_before = Some(then);
        }
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.lanes.values().filter(|lane| !lane.queue.is_empty()).filter_map(|lane| lane.not_before).min()
    }

    pub(super) fn source_of(&self, epoch: Epoch, offset: Offset) -> Option<Arc<Record>> {
        self.open.get(&(epoch, offset)).map(|open| Arc::clone(&open.record))
    }

    pub(super) fn written(&mut self, epoch: Epoch, offset: Offset) {
        let Some(open) = self.open.get_mut(&(epoch, offset)) else {
            return;
        };
        open.writes_left =
            open.writes_left.checked_sub(1).expect("a record has as many acknowledgements as writes");
        self.writes = self.writes.saturating_sub(1);
        if open.writes_left == 0 {
            self.open.remove(&(epoch, offset));
            self.claims.complete(epoch, offset);
        }
    }

    /// How far is read ahead; `since` says since when a record could be done. The records of a lane become due in their
    /// order.
    pub(super) fn ahead(&self, now: Timestamp, since: impl Fn(&Record) -> Timestamp) -> Ahead {
        let oldest = self.claims.oldest().filter_map(|(epoch, offset)| self.held(epoch, offset));
        let due = |lane: &Lane| lane.queue.partition_point(|record| since(record) <= now);
        Ahead {
            oldest: oldest.map(&since).min(),
            fill: self.claims.fill(WINDOW),
            due: self.lanes.values().map(due).sum(),
        }
    }

    /// The record that a claim's frontier waits for: it is being written, or the next of its lane.
    fn held(&self, epoch: Epoch, offset: Offset) -> Option<&Record> {
        let next = || self.lanes.get(&epoch)?.queue.front().filter(|record| record.offset == offset);
        let open = self.open.get(&(epoch, offset)).map(|open| &open.record);
        open.or_else(next).map(|record| &**record)
    }

    /// See [`Claims::next_commit`].
    pub(super) fn next_commit(&mut self, now: Timestamp) -> Option<Vec<Frontier>> {
        let open = &self.open;
        self.claims.next_commit(now, |epoch| open.keys().any(|(busy, _)| *busy == epoch))
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

    /// Begins to let go: what was not begun is left to the next owner. Says which claims to release at once.
    pub(super) fn revoke(&mut self, epochs: &[Epoch]) -> Vec<Epoch> {
        self.claims.revoke(epochs);
        self.drop_lanes(epochs);
        self.claims.take_released()
    }

    /// Forgets claims that are lost: whatever comes of their writes says nothing any more.
    pub(super) fn forget(&mut self, epochs: &[Epoch]) {
        self.claims.forget(epochs);
        self.drop_lanes(epochs);
        self.open.retain(|(epoch, _), _| !epochs.contains(epoch));
        self.writes = self.open.values().map(|open| open.writes_left).sum();
    }

    /// Begins nothing new: everything is given back once it is done and committed.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.lanes.clear();
        self.claims.revoke_all();
    }

    /// Waits for nothing any more but the last commit.
    pub(super) fn abandon(&mut self) {
        self.open.clear();
        self.writes = 0;
    }

    /// Whether everything is given back.
    pub(super) fn is_over(&self) -> bool {
        self.claims.is_empty()
    }

    fn drop_lanes(&mut self, epochs: &[Epoch]) {
        self.lanes.retain(|epoch, _| !epochs.contains(epoch));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::Partition;
    use wire::Headers;

    use super::*;

    const E: Epoch = Epoch(1);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn record(offset: i64) -> Record {
        Record {
            topic: "t".into(),
            partition: Partition(0),
            offset: Offset(offset),
            timestamp: at(offset * 10),
            key: None,
            value: None,
            headers: Headers::new(),
        }
    }

    #[test]
    fn the_oldest_record_counts_until_it_is_written_and_what_is_due_until_it_is_begun() {
        let (mut book, since) =
            (Book::default(), |record: &Record| record.timestamp + Duration::from_secs(1));
        book.begin(E, Some(Offset(0)), Vec::new());
        assert_eq!(book.ahead(at(9_000), since), Ahead::default());
        book.take_in((0..4).map(|offset| (E, record(offset))).collect());
        let said = |book: &Book| {
            let ahead = book.ahead(at(1_020), since);
            (ahead.oldest, ahead.due)
        };
        assert_eq!(said(&book), (Some(at(1_000)), 3), "the last one is not due yet");
        for offset in [0, 1] {
            let Some((epoch, next)) = book.ready(at(1_020)) else { panic!("it may be stepped through") };
            assert_eq!(next.offset, Offset(offset));
            book.opened(epoch, next, 1);
        }
        assert_eq!(said(&book), (Some(at(1_000)), 1), "it is being written");
        book.written(E, Offset(0));
        assert_eq!(said(&book), (Some(at(1_010)), 1));
        book.written(E, Offset(1));
        assert_eq!(said(&book), (Some(at(1_020)), 1), "the next one was not begun");
        book.forget(&[E]);
        assert_eq!(book.ahead(at(9_000), since), Ahead::default());
    }
}

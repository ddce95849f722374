//! What a flow has read, is writing and has done, per claim. No I/O.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use domain::{Epoch, Offset, Sighting, Timestamp, Tracker};
use wire::Record;

use crate::{Claim, Progress};

/// Records of one partition that wait for their step: at most this many, then the partition is paused …
const QUEUE_HIGH: usize = 4_000;
/// … until so few are left.
const QUEUE_LOW: usize = 1_000;
/// Bytes that wait in all partitions together, with the same consequence.
const BYTES_HIGH: usize = 64 * 1024 * 1024;
/// Records with writes under way, at most.
const OPEN_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Book {
    lanes: BTreeMap<Epoch, Lane>,
    open: HashMap<(Epoch, Offset), Open>,
    queued_bytes: usize,
    released: Vec<Epoch>,
    /// Where the round over the lanes goes on.
    turn: Option<Epoch>,
    stopping: bool,
}

struct Lane {
    tracker: Tracker,
    queue: VecDeque<Arc<Record>>,
    not_before: Option<Timestamp>,
    paused: bool,
    revoking: bool,
    /// The frontier and the number of completed records beyond it, as committed last.
    told: Option<(Offset, usize)>,
}

struct Open {
    record: Arc<Record>,
    left: usize,
}

impl Book {
    pub(super) fn begin(&mut self, claim: Claim, committed: Option<Offset>, completed: Vec<Offset>) {
        let lane = Lane {
            tracker: Tracker::resume(committed, completed),
            queue: VecDeque::new(),
            not_before: None,
            paused: false,
            revoking: false,
            told: None,
        };
        self.lanes.insert(claim.epoch, lane);
    }

    /// Takes records in, and says which claims should be paused.
    pub(super) fn take_in(&mut self, records: Vec<(Epoch, Record)>) -> Vec<Epoch> {
        for (epoch, record) in records {
            let Some(lane) = self.lanes.get_mut(&epoch).filter(|lane| !lane.revoking && !self.stopping) else { continue };
            if lane.tracker.see(record.offset) == Sighting::New {
                self.queued_bytes += record.size();
                lane.queue.push_back(Arc::new(record));
            }
        }
        let full = self.queued_bytes > BYTES_HIGH;
        let crowded = |lane: &Lane| lane.queue.len() > QUEUE_HIGH || (full && !lane.queue.is_empty());
        let lanes = self.lanes.iter_mut().filter(|(_, lane)| !lane.paused && crowded(lane));
        lanes
            .map(|(epoch, lane)| {
                lane.paused = true;
                *epoch
            })
            .collect()
    }

    pub(super) fn take_resumable(&mut self) -> Vec<Epoch> {
        let room = self.queued_bytes <= BYTES_HIGH / 2;
        let lanes = self.lanes.iter_mut().filter(|(_, lane)| lane.paused && room && lane.queue.len() <= QUEUE_LOW);
        lanes
            .map(|(epoch, lane)| {
                lane.paused = false;
                *epoch
            })
            .collect()
    }

    /// The next record that may be stepped through: the lanes take turns. It stays at its lane's head until it is
    /// opened.
    pub(super) fn ready(&mut self, now: Timestamp) -> Option<(Epoch, Arc<Record>)> {
        if self.open.len() >= OPEN_MAX || self.stopping {
            return None;
        }
        let after = self.turn.map_or(Epoch(0), |turn| Epoch(turn.0 + 1));
        let round = self.lanes.range(after..).chain(self.lanes.range(..after));
        let (epoch, record) = round
            .filter(|(_, lane)| lane.not_before.is_none_or(|then| then <= now))
            .find_map(|(epoch, lane)| lane.queue.front().map(|record| (*epoch, Arc::clone(record))))?;
        Some((epoch, record))
    }

    /// Takes a record from its lane's head: so many writes follow from it.
    pub(super) fn opened(&mut self, epoch: Epoch, record: Arc<Record>, writes: usize) {
        self.turn = Some(epoch);
        let Some(lane) = self.lanes.get_mut(&epoch) else { return };
        lane.queue.pop_front();
        lane.not_before = None;
        self.queued_bytes = self.queued_bytes.saturating_sub(record.size());
        if writes == 0 {
            lane.tracker.complete(record.offset);
        } else {
            self.open.insert((epoch, record.offset), Open { record, left: writes });
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
        let Some(open) = self.open.get_mut(&(epoch, offset)) else { return };
        open.left = open.left.checked_sub(1).expect("a record has as many acknowledgements as writes");
        if open.left == 0 {
            self.open.remove(&(epoch, offset));
            if let Some(lane) = self.lanes.get_mut(&epoch) {
                lane.tracker.complete(offset);
            }
        }
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// What is to be committed: what changed since the last time, or all.
    pub(super) fn progress(&mut self, all: bool) -> Vec<Progress> {
        let lanes = self.lanes.iter_mut().filter(|(_, lane)| !lane.revoking || all);
        lanes.filter_map(|(epoch, lane)| lane.progress(*epoch, all)).collect()
    }

    /// The last commit was refused: everything is to be committed again.
    pub(super) fn commit_refused(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.told = None;
        }
    }

    /// Begins to let go: what was not begun is left to the next owner.
    pub(super) fn revoke(&mut self, epochs: &[Epoch]) {
        for epoch in epochs {
            if let Some(lane) = self.lanes.get_mut(epoch) {
                lane.revoking = true;
                self.queued_bytes -= lane.drop_queue();
            }
        }
    }

    /// The last progress of claims that are being revoked and have nothing under way any more; it is to be committed
    /// before they are released. None if there are no such claims.
    pub(super) fn take_drained(&mut self) -> Option<Vec<Progress>> {
        let busy = |epoch: &Epoch| self.open.keys().any(|(open, _)| open == epoch);
        let drained: Vec<Epoch> =
            self.lanes.iter().filter(|(epoch, lane)| lane.revoking && !busy(epoch)).map(|(epoch, _)| *epoch).collect();
        let gone = drained.iter().filter_map(|epoch| Some((*epoch, self.lanes.remove(epoch)?)));
        let progress = gone.filter_map(|(epoch, mut lane)| lane.progress(epoch, true)).collect();
        let any = !drained.is_empty();
        self.released.extend(drained);
        any.then_some(progress)
    }

    /// Claims to release now that their last commit is answered.
    pub(super) fn take_released(&mut self) -> Vec<Epoch> {
        std::mem::take(&mut self.released)
    }

    /// Forgets claims that are lost: whatever comes of their writes says nothing any more.
    pub(super) fn forget(&mut self, epochs: &[Epoch]) {
        for epoch in epochs {
            if let Some(mut lane) = self.lanes.remove(epoch) {
                self.queued_bytes -= lane.drop_queue();
            }
            self.open.retain(|(open, _), _| open != epoch);
        }
    }

    /// Begins nothing new.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        for lane in self.lanes.values_mut() {
            lane.drop_queue();
        }
        self.queued_bytes = 0;
    }
}

impl Lane {
    fn drop_queue(&mut self) -> usize {
        self.queue.drain(..).map(|record| record.size()).sum()
    }

    fn progress(&mut self, epoch: Epoch, all: bool) -> Option<Progress> {
        let frontier = self.tracker.frontier()?;
        let completed: Vec<Offset> = self.tracker.completed().collect();
        let state = (frontier, completed.len());
        if self.told == Some(state) && !all {
            return None;
        }
        self.told = Some(state);
        Some(Progress { epoch, frontier, completed })
    }
}

//! The log: partitions, what was committed of them, and the ledger of what came of each record.

use super::*;

/// A record: which delivery it is, whose, and how far it came. Strangers are no deliveries.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) delivery: usize,
    pub(super) webhook: Option<usize>,
    pub(super) progress: Progress,
}

#[derive(Debug)]
pub(super) struct Log {
    number: i32,
    pub(super) records: Vec<Written>,
    /// Who reads it, under which claim; none from `free_at` on.
    pub(super) owner: Option<(usize, Epoch)>,
    pub(super) free_at: Timestamp,
    committed: Option<Offset>,
    metadata: String,
    /// Under which claim something came of a record: it was accepted, or is acknowledged elsewhere.
    settled: BTreeMap<Offset, Epoch>,
}

impl Log {
    pub(super) fn new(number: i32) -> Self {
        Self {
            number,
            records: Vec::new(),
            owner: None,
            free_at: at(0),
            committed: None,
            metadata: String::new(),
            settled: BTreeMap::new(),
        }
    }

    fn home(&self) -> Home<'static> {
        Home { cluster: "c", topic: "deliveries", partition: Partition(self.number) }
    }

    pub(super) fn read(&self, offset: Offset) -> Option<&Written> {
        self.records.get(usize::try_from(offset.0).unwrap())
    }

    /// What the next owner begins with.
    pub(super) fn resume(&self) -> (Option<Offset>, Vec<Offset>) {
        let completed = |offset| Completed::decode(self.home(), offset, &self.metadata).offsets;
        (self.committed, self.committed.map(completed).unwrap_or_default())
    }

    /// A commit says only what is so.
    pub(super) fn check(&self, frontier: &Frontier) {
        for offset in (0..frontier.offset.0).map(Offset).chain(frontier.completed.iter().copied()) {
            let log = self.number;
            assert!(
                self.settled.contains_key(&offset),
                "{offset:?} of {log} is committed, nothing came of it"
            );
        }
    }

    pub(super) fn commit(&mut self, frontier: &Frontier) {
        assert!(self.committed.is_none_or(|before| before <= frontier.offset), "a frontier went back");
        let done = frontier.completed.iter().copied();
        self.metadata = Completed::encode(self.home(), frontier.offset, None, done, Completed::MAX_BYTES);
        self.committed = Some(frontier.offset);
    }

    pub(super) fn is_done(&self) -> bool {
        let end = i64::try_from(self.records.len()).unwrap();
        end == 0 || self.committed == Some(Offset(end))
    }

    /// Something came of a record: once, unless an earlier claim ended without everything being told.
    pub(super) fn settle(&mut self, offset: Offset, epoch: Epoch, untold: &BTreeSet<Epoch>) {
        if let Some(other) = self.settled.insert(offset, epoch) {
            let excused = other != epoch && untold.contains(&other.min(epoch));
            assert!(excused, "{offset:?} of {} is done twice, under {other:?} and {epoch:?}", self.number);
        }
    }
}

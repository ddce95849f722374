//! From topic to topics: read, step, write, and commit only what is written.
//!
//! A [`Step`] decides what follows from a record; the flow does the rest: order per partition, back-pressure, writes
//! that are repeated until they are acknowledged, commits behind them, rebalances and a clean stop. A record is behind
//! the committed frontier only when everything that follows from it is acknowledged by all in-sync replicas.

mod book;
mod gather;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Epoch, Offset, Timestamp};
use tokio::time::Instant;
use wire::{OutRecord, Record};

use crate::{Failures, ReadAhead, Sink, Source, SourceEvent, WriteEvent, Writes};
use book::Book;
use gather::Gather;

/// What follows from a record.
pub trait Step: Send {
    /// Decides. Called in order per partition, and again for the same record after a `NotBefore` or a `Hold`.
    fn step(&mut self, now: Timestamp, record: &Record) -> Next;

    /// What to write in the place of a record that is too large for its topic. None keeps the record under way: nothing
    /// may be dropped in silence.
    fn shrink(&mut self, record: &Record, refused: &OutRecord) -> Option<OutRecord>;

    /// Since when the record could be done: what its age is counted from.
    fn since(&self, record: &Record) -> Timestamp {
        record.timestamp
    }
}

/// A step's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write these; with none, the record is done.
    Emit(Vec<OutRecord>),
    /// Ask again then; the partition waits.
    NotBefore(Timestamp),
    /// Ask again soon; everything waits.
    Hold,
}

/// Why a flow ended although nobody asked it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The consumer is beyond repair.
    #[error("reading failed for good: {0}")]
    Source(String),
    /// The producer is beyond repair.
    #[error("writing failed for good: {0}")]
    Sink(String),
}

/// What is left for the last commit once the time to finish is over.
const LAST_COMMIT: Duration = Duration::from_secs(1);
/// How long is waited for something to happen: the clock may be set meanwhile.
const LEAST_WAIT: Duration = Duration::from_millis(1);
const MOST_WAIT: Duration = Duration::from_millis(500);
/// How long everything waits after a `Hold`.
const HOLD: Duration = Duration::from_millis(50);
/// How often what is costly to count is counted.
const LOOK: Duration = Duration::from_secs(1);
/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(5);

/// A running flow.
pub struct Flow<S> {
    source: Source,
    writes: Writes<(Epoch, Offset)>,
    step: S,
    clock: Arc<dyn Clock>,
    book: Book,
    gather: Gather,
    held_until: Option<Instant>,
    ahead: ReadAhead,
    looked_at: Option<Instant>,
}

impl<S: Step> Flow<S> {
    /// Joins a source and a sink by a step.
    pub fn new(source: Source, sink: Sink, step: S, clock: Arc<dyn Clock>) -> Self {
        let (writes, gather) = (Writes::new(sink), Gather::new(Instant::now()));
        let (book, ahead) = (Book::default(), ReadAhead::new(Arc::clone(&clock)));
        Self { source, writes, step, clock, book, gather, held_until: None, ahead, looked_at: None }
    }

    /// The count of repeated writes.
    pub fn failures(&self) -> Failures {
        self.writes.failures()
    }

    /// What tells how far is read ahead.
    pub fn read_ahead(&self) -> ReadAhead {
        self.ahead.clone()
    }

    /// Runs until the soft stop, then finishes what is under way, commits and leaves the group, all before the hard
    /// stop.
    ///
    /// # Errors
    /// When reading or writing fails for good.
    pub async fn run(mut self, soft_stop: impl Future, hard_stop: impl Future) -> Result<(), FlowError> {
        tokio::pin!(soft_stop, hard_stop);
        loop {
            self.advance()?;
            tokio::select! {
                turned = self.turn() => turned?,
                _ = &mut soft_stop => break,
            }
        }
        self.book.stop();
        let drained = tokio::select! {
            drained = self.drain() => Some(drained),
            _ = &mut hard_stop => None,
        };
        if let Some(drained) = drained {
            drained?;
        } else {
            self.book.abandon();
            // What is done by now is not done again, if Kafka listens at all.
            if let Ok(committed) = tokio::time::timeout(LAST_COMMIT, self.drain()).await {
                committed?;
            }
        }
        self.source.close(LEAVE).await;
        Ok(())
    }

    /// Waits for the next thing to happen, and handles it. Safe to drop while waiting.
    async fn turn(&mut self) -> Result<(), FlowError> {
        if let Some(pause) = self.gather.pause(Instant::now()) {
            tokio::time::sleep(pause).await;
        }
        let wake = self.wake();
        tokio::select! {
            event = self.source.next() => self.handle(event),
            write = self.writes.next() => self.settle(write),
            () = tokio::time::sleep_until(wake) => Ok(()),
        }
    }

    /// Finishes what is being written, polling on, until the last commit is accepted.
    async fn drain(&mut self) -> Result<(), FlowError> {
        while !self.book.is_over() {
            self.commit();
            self.turn().await?;
        }
        Ok(())
    }

    fn handle(&mut self, event: SourceEvent) -> Result<(), FlowError> {
        match event {
            SourceEvent::Assigned { claim, committed, completed } => {
                self.book.begin(claim.epoch, committed, completed)
            }
            SourceEvent::Records(records) => {
                self.gather.took(records.len());
                self.source.pause(self.book.take_in(records));
            }
            SourceEvent::Revoking(epochs) => self.source.release(self.book.revoke(&epochs)),
            SourceEvent::Lost(epochs) => {
                self.book.forget(&epochs);
                self.writes.retain(|(epoch, _)| !epochs.contains(epoch));
            }
            SourceEvent::Committed(result) => {
                if let Err(error) = &result {
                    tracing::warn!(kafka.error = error, "a commit was refused, the next one repeats it");
                }
                self.source.release(self.book.committed(self.clock.now(), result.is_ok()));
            }
            SourceEvent::Failed(why) => return Err(FlowError::Source(why)),
        }
        Ok(())
    }

    /// Steps through whatever may be stepped through now.
    fn advance(&mut self) -> Result<(), FlowError> {
        while let Some(write) = self.writes.try_next() {
            self.settle(write)?;
        }
        if self.held_until.is_none_or(|until| until <= Instant::now()) {
            self.held_until = None;
            self.work();
        }
        self.source.resume(self.book.take_resumable());
        self.commit();
        self.look();
        Ok(())
    }

    /// Says now and then how far is read ahead.
    fn look(&mut self) {
        if self.looked_at.is_none_or(|at| at.elapsed() >= LOOK) {
            self.looked_at = Some(Instant::now());
            let step = &self.step;
            self.ahead.tell(self.book.ahead(self.clock.now(), |record| step.since(record)));
        }
    }

    fn work(&mut self) {
        let now = self.clock.now();
        while let Some((epoch, record)) = self.book.ready(now) {
            match self.step.step(now, &record) {
                Next::Emit(outs) => {
                    let offset = record.offset;
                    self.book.opened(epoch, record, outs.len());
                    for out in outs {
                        self.writes.begin((epoch, offset), out);
                    }
                }
                Next::NotBefore(then) => self.book.wait(epoch, then),
                Next::Hold => {
                    self.held_until = Some(Instant::now() + HOLD);
                    return;
                }
            }
        }
    }

    fn settle(&mut self, write: WriteEvent<(Epoch, Offset)>) -> Result<(), FlowError> {
        match write {
            WriteEvent::Written((epoch, offset)) => self.book.written(epoch, offset),
            WriteEvent::TooLarge(tag, record) => self.write_smaller(tag, record),
            WriteEvent::Failed(why) => return Err(FlowError::Sink(why)),
        }
        Ok(())
    }

    fn write_smaller(&mut self, (epoch, offset): (Epoch, Offset), refused: OutRecord) {
        let Some(source) = self.book.source_of(epoch, offset) else { return };
        match self.step.shrink(&source, &refused) {
            Some(smaller) => self.writes.begin((epoch, offset), smaller),
            None => self.writes.again((epoch, offset), refused),
        }
    }

    fn commit(&mut self) {
        if let Some(frontiers) = self.book.next_commit(self.clock.now()) {
            self.source.commit(frontiers);
        }
    }

    fn wake(&self) -> Instant {
        let now = self.clock.now();
        let soonest = self.book.next_due().into_iter().fold(self.book.next_commit_at(), Timestamp::min);
        let due = Instant::now() + soonest.since(now).clamp(LEAST_WAIT, MOST_WAIT);
        self.held_until.map_or(due, |until| until.min(due)).max(Instant::now() + LEAST_WAIT)
    }
}

//! From topic to topics: read, step, write, and commit only what is written.
//!
//! A [`Step`] decides what follows from a record; the flow does the rest: order per partition, back-pressure, writes
//! that are repeated until they are acknowledged, commits behind them, rebalances and a clean stop. A record is behind
//! the committed frontier only when everything that follows from it is acknowledged by all in-sync replicas.

mod book;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Epoch, Offset, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use wire::{OutRecord, Record};

use crate::{SendError, Sink, Source, SourceEvent, Written};
use book::Book;

/// What follows from a record.
pub trait Step: Send {
    /// Decides. Called in order per partition, and again for the same record after a `NotBefore` or a `Hold`.
    fn step(&mut self, now: Timestamp, record: &Record) -> Next;

    /// What to write in the place of a record that is too large for its topic. None ends the process: nothing may be
    /// dropped in silence.
    fn shrink(&mut self, record: &Record, refused: &OutRecord) -> Option<OutRecord>;
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
    /// A record can be written in no way.
    #[error("a record for {0} is too large in any form")]
    TooLarge(Arc<str>),
}

/// How often the frontier is committed.
const COMMIT: Duration = Duration::from_millis(500);
/// How long everything waits after a `Hold`.
const HOLD: Duration = Duration::from_millis(50);
/// How long a write waits before it is repeated.
const REPEAT: Duration = Duration::from_millis(200);
/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(5);

/// A running flow.
pub struct Flow<S> {
    source: Source,
    sink: Sink,
    step: S,
    clock: Arc<dyn Clock>,
    book: Book,
    acks: mpsc::UnboundedReceiver<Ack>,
    tell_ack: mpsc::UnboundedSender<Ack>,
    repeats: Vec<(Instant, Write)>,
    held_until: Option<Instant>,
}

/// One record on its way to a topic, and what it follows from.
#[derive(Debug)]
struct Write {
    epoch: Epoch,
    offset: Offset,
    record: OutRecord,
}

#[derive(Debug)]
struct Ack {
    write: Write,
    result: Result<Written, SendError>,
}

impl<S: Step> Flow<S> {
    /// Joins a source and a sink by a step.
    pub fn new(source: Source, sink: Sink, step: S, clock: Arc<dyn Clock>) -> Self {
        let (tell_ack, acks) = mpsc::unbounded_channel();
        Self {
            source,
            sink,
            step,
            clock,
            book: Book::default(),
            acks,
            tell_ack,
            repeats: Vec::new(),
            held_until: None,
        }
    }

    /// Runs until the soft stop, then finishes what is under way, commits and leaves the group, all before the hard
    /// stop.
    ///
    /// # Errors
    /// When reading or writing fails for good.
    pub async fn run(mut self, soft_stop: impl Future, hard_stop: impl Future) -> Result<(), FlowError> {
        tokio::pin!(soft_stop, hard_stop);
        let mut commits = tokio::time::interval(COMMIT);
        commits.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.advance()?;
            let wake = self.wake();
            tokio::select! {
                event = self.source.next() => self.handle(event)?,
                Some(ack) = self.acks.recv() => self.settle(ack)?,
                () = tokio::time::sleep_until(wake) => {}
                _ = commits.tick() => self.commit(),
                _ = &mut soft_stop => break,
            }
        }
        self.book.stop();
        tokio::select! {
            drained = self.drain() => drained?,
            _ = &mut hard_stop => {}
        }
        self.source.close(LEAVE).await;
        Ok(())
    }

    /// Finishes what is being written, polling on, and waits for the last commit's answer.
    async fn drain(&mut self) -> Result<(), FlowError> {
        while self.book.open() > 0 {
            self.repeat_writes();
            self.let_go();
            let wake = self.wake();
            tokio::select! {
                event = self.source.next() => self.handle(event)?,
                Some(ack) = self.acks.recv() => self.settle(ack)?,
                () = tokio::time::sleep_until(wake) => {}
            }
        }
        self.source.commit(self.book.all());
        loop {
            match self.source.next().await {
                SourceEvent::Committed(_) => return Ok(()),
                event => self.handle(event)?,
            }
        }
    }

    fn handle(&mut self, event: SourceEvent) -> Result<(), FlowError> {
        match event {
            SourceEvent::Assigned {
                claim,
                committed,
                completed,
            } => self.book.begin(claim.epoch, committed, completed),
            SourceEvent::Records(records) => self.source.pause(self.book.take_in(records)),
            SourceEvent::Revoking(epochs) => self.book.revoke(&epochs),
            SourceEvent::Lost(epochs) => self.book.forget(&epochs),
            SourceEvent::Committed(result) => {
                if let Err(error) = result {
                    tracing::warn!(
                        kafka.error = error,
                        "a commit was refused, the next one repeats it"
                    );
                    self.book.commit_refused();
                }
                self.source.release(self.book.take_released());
            }
            SourceEvent::Failed(why) => return Err(FlowError::Source(why)),
        }
        Ok(())
    }

    /// Steps through whatever may be stepped through now.
    fn advance(&mut self) -> Result<(), FlowError> {
        while let Ok(ack) = self.acks.try_recv() {
            self.settle(ack)?;
        }
        self.repeat_writes();
        if self.held_until.is_none_or(|until| until <= Instant::now()) {
            self.held_until = None;
            self.work();
        }
        self.source.resume(self.book.take_resumable());
        self.let_go();
        Ok(())
    }

    fn let_go(&mut self) {
        if let Some(last) = self.book.take_drained() {
            self.source.commit(last);
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
                        self.write(Write {
                            epoch,
                            offset,
                            record: out,
                        });
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

    fn write(&self, write: Write) {
        let tell = self.tell_ack.clone();
        let record = write.record.clone();
        self.sink.send_then(&record, move |result| {
            let _ = tell.send(Ack { write, result });
        });
    }

    fn settle(&mut self, ack: Ack) -> Result<(), FlowError> {
        let Ack { write, result } = ack;
        match result {
            Ok(_) => self.book.written(write.epoch, write.offset),
            Err(SendError::Fatal(why)) => return Err(FlowError::Sink(why)),
            Err(SendError::TooLarge) => self.write_smaller(&write)?,
            Err(error @ (SendError::QueueFull | SendError::Unavailable(_))) => {
                tracing::warn!(kafka.topic = &*write.record.topic, %error, "a write is repeated");
                self.repeats.push((Instant::now() + REPEAT, write));
            }
        }
        Ok(())
    }

    fn write_smaller(&mut self, write: &Write) -> Result<(), FlowError> {
        let Some(source) = self.book.source_of(write.epoch, write.offset) else {
            return Ok(());
        };
        match self.step.shrink(&source, &write.record) {
            Some(record) => {
                self.write(Write { record, ..*write });
                Ok(())
            }
            None => Err(FlowError::TooLarge(Arc::clone(&write.record.topic))),
        }
    }

    fn repeat_writes(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.repeats)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.repeats = later;
        let due: Vec<(Instant, Write)> = due;
        for (_, write) in due {
            if self.book.source_of(write.epoch, write.offset).is_some() {
                self.write(write);
            }
        }
    }

    fn commit(&mut self) {
        let changed = self.book.changed();
        if !changed.is_empty() {
            self.source.commit(changed);
        }
    }

    fn wake(&self) -> Instant {
        let now = self.clock.now();
        let due = self.book.next_due().map(|at| Instant::now() + at.since(now));
        let repeat = self.repeats.iter().map(|(at, _)| *at).min();
        let soonest = [due, repeat, self.held_until].into_iter().flatten().min();
        soonest
            .unwrap_or_else(|| Instant::now() + COMMIT)
            .max(Instant::now() + Duration::from_millis(1))
    }
}

//! The shell around the book: reads, writes to the database, and commits to Kafka what is in it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use domain::{Clock, Timestamp};
use futures::future::BoxFuture;
use history::entry::Read;
use history::{Error, History, Written};
use stream::{Source, SourceEvent};
use tokio::time::Instant;
use wire::Record;

use super::book::Book;
use super::read::Reader;
use super::telemetry::Telemetry;

/// What is left for the last commit once the time to finish is over.
const LAST_COMMIT: Duration = Duration::from_secs(1);
/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(5);
/// How long to wait before what was not written is written again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long is waited for something to happen: the clock may be set meanwhile.
const LEAST_WAIT: Duration = Duration::from_millis(1);
const MOST_WAIT: Duration = Duration::from_millis(500);

/// Reads the history's topics into its database.
pub(super) struct Indexer {
    source: Source,
    history: History,
    reader: Reader,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
    book: Book,
    writing: Option<BoxFuture<'static, End>>,
}

/// A transaction that ended: of which records, how, and after how long.
type End = (Vec<Read>, Result<Written, Error>, Duration);

impl Indexer {
    pub(super) fn new(
        source: Source,
        history: History,
        reader: Reader,
        clock: Arc<dyn Clock>,
        telemetry: Telemetry,
    ) -> Self {
        Self { source, history, reader, clock, telemetry, book: Book::default(), writing: None }
    }

    /// Runs until the soft stop, then finishes the transaction that is open, commits and leaves the group.
    ///
    /// # Errors
    /// When Kafka's client fails for good.
    pub(super) async fn run(
        mut self,
        soft_stop: impl Future<Output = ()>,
        hard_stop: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        tokio::pin!(soft_stop, hard_stop);
        loop {
            self.advance();
            tokio::select! {
                turned = self.turn() => turned?,
                () = &mut soft_stop => break,
            }
        }
        self.book.stop();
        let drained = tokio::select! {
            drained = self.drain() => Some(drained),
            () = &mut hard_stop => None,
        };
        if let Some(drained) = drained {
            drained?;
        } else {
            self.writing = None;
            self.book.abandon();
            // What is in the database by now is only stepped over if it is read again.
            if let Ok(committed) = tokio::time::timeout(LAST_COMMIT, self.drain()).await {
                committed?;
            }
        }
        self.source.close(LEAVE).await;
        Ok(())
    }

    /// Begins what may begin.
    fn advance(&mut self) {
        if self.writing.is_none()
            && let Some(batch) = self.book.next_batch(Instant::now())
        {
            self.writing = Some(Box::pin(write(self.history.clone(), batch, Duration::ZERO)));
        }
        self.source.resume(self.book.take_roomy());
        if let Some(frontiers) = self.book.next_commit(self.clock.now()) {
            self.source.commit(frontiers);
        }
    }

    /// Waits for the next thing to happen, and handles it. Safe to drop while waiting.
    async fn turn(&mut self) -> anyhow::Result<()> {
        let wake = self.wake();
        tokio::select! {
            event = self.source.next() => self.handle(event)?,
            end = ended(&mut self.writing) => self.settle(end),
            () = tokio::time::sleep_until(wake) => {}
        }
        Ok(())
    }

    /// Finishes what is being written, until the last commit is accepted.
    async fn drain(&mut self) -> anyhow::Result<()> {
        while !self.book.is_over() {
            if let Some(frontiers) = self.book.next_commit(self.clock.now()) {
                self.source.commit(frontiers);
            }
            self.turn().await?;
        }
        Ok(())
    }

    fn handle(&mut self, event: SourceEvent) -> anyhow::Result<()> {
        match event {
            SourceEvent::Assigned { claim, committed, completed } => {
                self.book.begin(claim.epoch, committed, completed);
            }
            SourceEvent::Records(records) => {
                let now = Instant::now();
                for (epoch, record) in &records {
                    let read = || entered(&self.reader, &self.telemetry, self.clock.now(), record);
                    self.book.take_in(now, *epoch, record.size(), read, record.offset);
                }
                self.source.pause(self.book.take_crowded());
            }
            SourceEvent::Revoking(epochs) => self.source.release(self.book.revoke(&epochs)),
            SourceEvent::Lost(epochs) => self.book.forget(&epochs),
            SourceEvent::Committed(result) => {
                if let Err(error) = &result {
                    tracing::warn!(kafka.error = error, "a commit was refused, the next one repeats it");
                }
                self.source.release(self.book.committed(self.clock.now(), result.is_ok()));
            }
            SourceEvent::Failed(why) => bail!("reading the history's topics failed for good: {why}"),
        }
        Ok(())
    }

    /// A transaction ended. What was not written is written again, as it was: nothing is lost, and nothing else begins.
    fn settle(&mut self, (batch, result, took): End) {
        match result {
            Ok(written) => {
                self.telemetry.written(batch.len(), written, took);
                self.book.written();
            }
            Err(error) => {
                self.telemetry.failed(&error);
                self.writing = Some(Box::pin(write(self.history.clone(), batch, AGAIN)));
            }
        }
    }

    fn wake(&self) -> Instant {
        let now = Instant::now();
        let commit = now + self.book.next_commit_at().since(self.clock.now()).clamp(LEAST_WAIT, MOST_WAIT);
        self.book.due().map_or(commit, |due| due.min(commit)).max(now + LEAST_WAIT)
    }
}

/// A record as the database takes it; one that nobody understands is told about and stepped over.
fn entered(reader: &Reader, telemetry: &Telemetry, now: Timestamp, record: &Record) -> Read {
    let entry = reader.read(record).inspect_err(|why| telemetry.unreadable(now, record, why)).ok();
    Read {
        topic: Arc::clone(&record.topic),
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        entry,
    }
}

async fn write(history: History, batch: Vec<Read>, after: Duration) -> End {
    tokio::time::sleep(after).await;
    let begun = Instant::now();
    let result = history.write(&batch).await;
    (batch, result, begun.elapsed())
}

/// Resolves when what is being written has ended; never where nothing is.
async fn ended(writing: &mut Option<BoxFuture<'static, End>>) -> End {
    match writing {
        Some(running) => {
            let end = running.await;
            *writing = None;
            end
        }
        None => std::future::pending().await,
    }
}

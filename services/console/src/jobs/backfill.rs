//! Backfill: sends again, out of `events`, what a webhook would have matched.
//!
//! The deliveries have the names that fan-out gives them, so a receiver drops what it had. They carry the job's name, by
//! which the history and dead letters tell them from fan-out's; they count as no replay, for they are none.
//!
//! Everything is said to be done only when it is: before a report, all that was begun is waited for. So counts and places
//! agree, and a run that is cut short anywhere goes on from its last report; what came after it is sent twice, under the
//! same names.

mod progress;
#[cfg(test)]
mod tests;
mod wanted;

use std::future::Future;
use std::time::Duration;

use domain::{Pace, Standing, Timestamp, WebhookId};
use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesUnordered, StreamExt as _};
use history::jobs::Job;
use stream::{ScanError, SendError};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use wire::api::Backfill;
use wire::delivery::Routed;
use wire::event::Decoded;
use wire::{Origin, OutRecord, Record, names};

use self::progress::Progress;
use self::wanted::{Found, Wanted};
use super::{Desk, End, Worked};
use crate::rules::backfill::obstacle;
use crate::words::{Sentence, sentence};
use crate::world::{Console, World};

/// How often it is reported how far it is.
const REPORT: Duration = Duration::from_secs(1);
/// How many deliveries may be on their way at once: at most so many and those of a second are sent twice after a crash.
const IN_FLIGHT: usize = 64;
/// How long Kafka may be away.
const AWAY: Duration = Duration::from_secs(5 * 60);
/// How long to wait before something is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// Timestamps are the producers': brokers take them up to an hour ahead (`message.timestamp.after.max.ms`), so what was
/// written before a time may stand behind a record that says so much more.
const SKEW: Duration = Duration::from_secs(3600);

/// Works on a backfill.
pub(super) async fn work<W: World>(console: &Console<W>, job: &Job, desk: &mut impl Desk) -> Worked {
    let progress = Progress::of(job);
    match Run::new(console, job, progress.clone()) {
        Ok(mut run) => {
            let ended = run.all(desk).await;
            (run.settled.report(), ended)
        }
        Err(end) => (progress.report(), Err(end)),
    }
}

struct Run<'a, W> {
    console: &'a Console<W>,
    job: &'a str,
    webhook: WebhookId,
    asked: Backfill,
    wanted: Wanted,
    standing: Standing,
    began: Instant,
    pace: Pace,
    writes: FuturesUnordered<BoxFuture<'a, Result<Fate, End>>>,
    /// What was read, and what became of it as far as that is known.
    progress: Progress,
    /// What is done for good.
    settled: Progress,
    /// When Kafka last gave a sign of life.
    heard: Instant,
}

/// What became of a delivery.
enum Fate {
    Sent,
    TooLarge,
}

impl<'a, W: World> Run<'a, W> {
    fn new(console: &'a Console<W>, job: &'a Job, progress: Progress) -> Result<Self, End> {
        let unreadable = || End::Failed(sentence!("job-unreadable"));
        let asked: Backfill = serde_json::from_value(job.asked.request.clone()).map_err(|_| unreadable())?;
        let webhook = WebhookId::from(job.asked.webhook.as_deref().ok_or_else(unreadable)?);
        let account = job.asked.account.as_str().into();
        Ok(Self {
            console,
            job: &job.asked.id,
            wanted: Wanted::new(account, &asked, console.topics.event_max_bytes()),
            standing: standing(console, &webhook)?,
            webhook,
            asked,
            began: Instant::now(),
            pace: Pace::default(),
            writes: FuturesUnordered::new(),
            settled: progress.clone(),
            progress,
            heard: Instant::now(),
        })
    }

    async fn all(&mut self, desk: &mut impl Desk) -> Result<(), End> {
        while !self.progress.is_located() {
            let spans = self.console.world.spans(self.asked.since, self.asked.until + SKEW);
            match hold(&self.settled, desk, spans).await? {
                Ok(spans) => self.progress.locate(spans),
                Err(error) => self.again_after(&error, desk).await?,
            }
        }
        loop {
            let mut events = self.console.world.events(self.progress.left());
            match self.read(&mut events, desk).await? {
                Ok(()) => break,
                Err(error) => self.again_after(&error, desk).await?,
            }
        }
        self.progress.all_read();
        self.checkpoint(desk).await
    }

    /// Reads to the end, or to where reading fails.
    async fn read(
        &mut self,
        events: &mut BoxStream<'static, Result<Record, ScanError>>,
        desk: &mut impl Desk,
    ) -> Result<Result<(), ScanError>, End> {
        let mut due = Instant::now() + REPORT;
        loop {
            let (wait, room) = (self.wait(), self.writes.len() < IN_FLIGHT);
            tokio::select! {
                biased;
                () = sleep_until(due) => {
                    self.checkpoint(desk).await?;
                    due = Instant::now() + REPORT;
                }
                Some(fate) = self.writes.next() => self.note(&fate?),
                () = sleep(wait), if !wait.is_zero() => {}
                event = events.next(), if wait.is_zero() && room => match event {
                    Some(Ok(record)) => self.meet(&record),
                    Some(Err(error)) => return Ok(Err(error)),
                    None => return Ok(Ok(())),
                },
            }
        }
    }

    /// How long the next delivery has to wait. Counting has no pace.
    fn wait(&self) -> Duration {
        let now = self.elapsed();
        match self.pace.look(now) {
            Err(then) if !self.asked.dry_run => then.since(now),
            Ok(()) | Err(_) => Duration::ZERO,
        }
    }

    /// The pace's clock, which nobody sets.
    fn elapsed(&self) -> Timestamp {
        Timestamp::from_millis(0) + self.began.elapsed()
    }

    fn meet(&mut self, record: &Record) {
        self.heard = Instant::now();
        self.progress.read(record);
        let found = self.wanted.judge(record);
        let counts = &mut self.progress.counts;
        match found {
            Found::Other => {}
            Found::Unwanted => counts.of_account += 1,
            Found::Failure => {
                counts.of_account += 1;
                counts.filter_failures += 1;
            }
            Found::Match(event) => {
                counts.of_account += 1;
                self.progress.matched(&event.event.kind, record.timestamp);
                if !self.asked.dry_run {
                    self.pace.take(self.elapsed(), self.asked.rate);
                    let delivery = self.delivery(record, &event);
                    self.writes.push(Box::pin(write(&self.console.world, delivery)));
                }
            }
        }
    }

    /// As fan-out would have written it, but for the mark. What is sent long after is no part of the event's trace: it links to it.
    fn delivery(&self, record: &Record, event: &Decoded) -> OutRecord {
        let span = tracing::info_span!(
            "backfill",
            otel.kind = "producer",
            messaging.system = "kafka",
            messaging.operation.name = "send",
            messaging.operation.type = "send",
            messaging.destination.name = &*self.console.topics.deliveries,
            messaging.message.id = %event.event.id,
            postbode.account = %event.event.account,
            postbode.type = %event.event.kind,
        );
        process::trace::link_to(&span, &event.headers);
        let mut headers = event.headers.clone();
        span.in_scope(|| process::trace::inject(&mut headers));
        headers.push(names::BACKFILL, self.job.to_owned());
        Routed::new(event, headers, Origin::of(record)).to(&self.standing, &self.console.topics.deliveries)
    }

    fn note(&mut self, fate: &Fate) {
        self.heard = Instant::now();
        match fate {
            Fate::Sent => self.progress.counts.sent += 1,
            Fate::TooLarge => self.progress.counts.too_large += 1,
        }
    }

    /// Waits for what was begun, reports it, and looks whether to go on.
    async fn checkpoint(&mut self, desk: &mut impl Desk) -> Result<(), End> {
        while !self.writes.is_empty() {
            let next = timeout(self.away(), self.writes.next());
            let next = hold(&self.settled, desk, next).await?.map_err(|_| silent())?;
            if let Some(fate) = next {
                self.note(&fate?);
            }
        }
        self.settled = self.progress.clone();
        desk.report(&self.settled.report()).await?;
        self.standing = standing(self.console, &self.webhook)?;
        if self.away().is_zero() { Err(silent()) } else { Ok(()) }
    }

    /// How long Kafka may still be silent.
    fn away(&self) -> Duration {
        AWAY.saturating_sub(self.heard.elapsed())
    }

    /// Waits a little after an error that may pass.
    async fn again_after(&mut self, error: &ScanError, desk: &mut impl Desk) -> Result<(), End> {
        match error {
            ScanError::Failed { .. } if !self.away().is_zero() => {
                tracing::warn!(job.id = self.job, %error, "a backfill cannot read, and tries again");
                sleep(PAUSE).await;
                // What fails at once, over and over, comes by no other place that holds the job and hears of a stop.
                desk.report(&self.settled.report()).await
            }
            ScanError::Failed { .. } | ScanError::NoTopic(_) | ScanError::NoPartition { .. } => {
                Err(End::Failed(Sentence::verbatim(error)))
            }
        }
    }
}

/// The webhook as it is now.
fn standing<W: World>(console: &Console<W>, webhook: &WebhookId) -> Result<Standing, End> {
    let there = console.world.look(|registry| registry.webhook(webhook).cloned());
    let there = there.ok_or(End::Interrupted)?;
    let there = there.ok_or_else(|| End::Failed(sentence!("webhook-deleted")))?;
    obstacle(&there.webhook.state).map_or(Ok(there), |why| Err(End::Failed(why)))
}

fn silent() -> End {
    End::Failed(sentence!("kafka-away", minutes = AWAY.as_secs() / 60))
}

/// Writes a delivery, however often that takes.
async fn write<W: World>(world: &W, delivery: OutRecord) -> Result<Fate, End> {
    loop {
        match world.send(&delivery).await {
            Ok(()) => return Ok(Fate::Sent),
            Err(SendError::TooLarge) => return Ok(Fate::TooLarge),
            Err(SendError::Fatal(why)) => return Err(End::Broken(why)),
            Err(SendError::QueueFull | SendError::Unavailable(_)) => sleep(PAUSE).await,
        }
    }
}

/// Waits for something, and holds the job meanwhile.
async fn hold<T>(settled: &Progress, desk: &mut impl Desk, wait: impl Future<Output = T>) -> Result<T, End> {
    let mut wait = std::pin::pin!(wait);
    loop {
        match timeout(REPORT, &mut wait).await {
            Ok(value) => return Ok(value),
            Err(_) => desk.report(&settled.report()).await?,
        }
    }
}

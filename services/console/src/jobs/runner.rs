//! Takes jobs, has them worked on, and writes down what became of them.

use std::sync::Arc;
use std::time::Duration;

use history::History;
use history::jobs::{Job, Lease};
use process::Lifecycle;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Desk, End, Kind, Report, Worked, why};
use crate::world::{Console, World};

/// How long a job is held without a report: so soon another console takes over from one that died.
const LEASE: Duration = Duration::from_secs(15);
/// How often to look for jobs while there are none.
const IDLE: Duration = Duration::from_secs(1);

pub(super) fn start<W: World>(console: &Arc<Console<W>>, at_once: usize, lifecycle: &Lifecycle) {
    for _ in 0..at_once {
        let (console, owner) = (Arc::clone(console), Uuid::now_v7().to_string());
        let worker = Worker { console, owner, lifecycle: lifecycle.clone() };
        lifecycle.spawn("jobs", worker.run());
    }
}

/// Works on one job at a time.
struct Worker<W> {
    console: Arc<Console<W>>,
    /// Under which name jobs are held.
    owner: String,
    lifecycle: Lifecycle,
}

impl<W: World> Worker<W> {
    async fn run(self) -> anyhow::Result<()> {
        while !self.lifecycle.is_stopping() {
            match self.claim().await {
                Some((history, job)) => self.work(history, &job).await?,
                None => {
                    self.lifecycle.until_stop(sleep(IDLE)).await;
                }
            }
        }
        Ok(())
    }

    /// A job, if there is one and everything that it takes.
    async fn claim(&self) -> Option<(History, Job)> {
        let world = &self.console.world;
        let history = world.history();
        world.look(|_| ())?;
        let kinds = Kind::ALL.map(Kind::name);
        match history.claim_job(world.now(), &self.owner, &kinds, LEASE).await {
            Ok(job) => job.map(|job| (history, job)),
            Err(error) => {
                // Whoever keeps the history says so aloud.
                tracing::debug!(%error, "no job can be taken");
                None
            }
        }
    }

    /// # Errors
    /// When the console has to begin anew.
    async fn work(&self, history: History, job: &Job) -> anyhow::Result<()> {
        let (id, kind) = (job.asked.id.as_str(), job.asked.kind.as_str());
        let Some(known) = Kind::named(kind) else { return Ok(()) };
        tracing::info!(job.id = id, job.kind = kind, "work on a job begins");
        let mut desk = Held { worker: self, history, id, until: Instant::now() + LEASE };
        let (report, ended) = known.work(&self.console, job, &mut desk).await;
        tracing::info!(job.id = id, job.kind = kind, job.end = ?ended, "work on a job ends");
        desk.end((report, ended)).await
    }
}

/// A job that is ours as long as it is reported on.
struct Held<'a, W> {
    worker: &'a Worker<W>,
    history: History,
    id: &'a str,
    /// By then another console may have it.
    until: Instant,
}

impl<W: World> Desk for Held<'_, W> {
    /// A database that is away for a moment stops nobody: the job is ours until the lease ends.
    async fn report(&mut self, report: &Report) -> Result<(), End> {
        if self.worker.lifecycle.is_stopping() {
            return Err(End::Interrupted);
        }
        let (now, asked) = (self.worker.console.world.now(), Instant::now());
        let told = self.history.report_job(now, (self.id, &self.worker.owner), &value(report), LEASE).await;
        match told {
            Ok(Lease::Held) => self.until = asked + LEASE,
            Ok(Lease::Lost) => return Err(End::Lost),
            Err(error) if Instant::now() < self.until => {
                tracing::warn!(job.id = self.id, %error, "a report on a job was not taken");
            }
            Err(_) => return Err(End::Lost),
        }
        Ok(())
    }
}

impl<W: World> Held<'_, W> {
    /// Writes down what became of the job. Where that cannot be done, another console goes on from the last report.
    async fn end(self, (report, ended): Worked) -> anyhow::Result<()> {
        let (now, holder) = (self.worker.console.world.now(), (self.id, self.worker.owner.as_str()));
        let progress = value(&report);
        let written = match &ended {
            Ok(()) => self.history.end_job(now, holder, &progress, Ok(())).await.map(drop),
            Err(End::Failed(why)) => {
                self.history.end_job(now, holder, &progress, Err(&why::written(why))).await.map(drop)
            }
            Err(End::Interrupted | End::Broken(_)) => self.history.release_job(now, holder, &progress).await,
            Err(End::Lost) => Ok(()),
        };
        if let Err(error) = written {
            tracing::warn!(job.id = self.id, %error, "the end of a job was not written down: it will be worked on again");
        }
        match ended {
            Err(End::Broken(why)) => Err(anyhow::anyhow!(why)),
            Ok(()) | Err(End::Failed(_) | End::Lost | End::Interrupted) => Ok(()),
        }
    }
}

fn value(report: &Report) -> Value {
    serde_json::to_value(report).unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! Jobs: what people set going and does not end at once. They stand in the history's database; any console may work on
//! them, and one that dies is followed by another, from its last report on.
//!
//! - `runner`: takes jobs, holds them, and says how far they are.
//! - [`why`]: what is kept of a failure.
//! - One module per kind, which knows nothing of databases: it gets a [`Desk`].

mod backfill;
mod letters;
mod runner;
pub(crate) mod why;

use std::future::Future;
use std::sync::Arc;

use history::jobs::Job;
use process::Lifecycle;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::words::Sentence;
use crate::world::{Console, World};

/// Works on so many jobs at once, until the service stops.
pub(crate) fn start<W: World>(console: &Arc<Console<W>>, at_once: usize, lifecycle: &Lifecycle) {
    runner::start(console, at_once, lifecycle);
}

/// What jobs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sends again what a webhook would have matched.
    Backfill,
    /// Puts dead letters back, or discards them.
    Letters,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Backfill, Self::Letters];

    /// Its name in the database and on the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Letters => "dead-letters",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Works on a job from where its last report left it, and reports at least once a second.
    async fn work<W: World>(self, console: &Console<W>, job: &Job, desk: &mut impl Desk) -> Worked {
        match self {
            Self::Backfill => backfill::work(console, job, desk).await,
            Self::Letters => letters::work(console, job, desk).await,
        }
    }
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// For people.
    pub(crate) shown: Value,
    /// For whoever goes on with it.
    pub(crate) resume: Value,
}

impl Report {
    /// The last one on a job, if there was one.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        serde_json::from_value(job.progress.clone()).ok()
    }
}

/// How far a job came, and why the work on it ended.
pub(crate) type Worked = (Report, Result<(), End>);

/// Why work on a job ended before it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It cannot be done, for this reason.
    Failed(Sentence),
    /// Nobody wants it any more, or another console has it.
    Lost,
    /// This console stops: another one goes on with it.
    Interrupted,
    /// A client of Kafka's is beyond repair: the console has to begin anew.
    Broken(String),
}

/// Where work on a job is reported.
pub(crate) trait Desk: Send {
    /// Says how far it is.
    ///
    /// # Errors
    /// When it is not to go on.
    fn report(&mut self, report: &Report) -> impl Future<Output = Result<(), End>> + Send;
}

//! Dead letters, decided all at once: each put back under its `webhook-id`, or discarded.
//!
//! Letters are taken from the history, those that died last first, down to where the last report stood. A letter that dies
//! again while this goes on died after it was asked for, and is not touched. What cannot be put back is counted by its
//! reason and stays open.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Pace, Timestamp};
use history::dead_letters::{Decided, LetterSearch};
use history::jobs::Job;
use history::{Text, entry};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use wire::api::{LetterAct, LetterJob, LetterProgress};
use wire::disposition::What;

use super::{Desk, End, Report, Worked};
use crate::problem::Refusal;
use crate::words::{Sentence, sentence};
use crate::world::{Console, World};

/// Letters looked up at once.
const PAGE: u32 = 50;
/// How often it is reported how far it is.
const REPORT: Duration = Duration::from_secs(1);
/// How long something may be away.
const AWAY: Duration = Duration::from_secs(5 * 60);
/// How long to wait before something is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Where the next page begins, and what was done by then.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Place {
    after: Option<(i64, String)>,
    counts: Counts,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    /// What was open when it began.
    #[serde(default)]
    found: Option<u64>,
    decided: u64,
    left: BTreeMap<String, u64>,
}

impl Place {
    fn report(&self) -> Report {
        let Counts { found, decided, left } = self.counts.clone();
        let shown = LetterProgress { found, decided, left };
        Report {
            shown: serde_json::to_value(shown).unwrap_or_default(),
            resume: serde_json::to_value(self).unwrap_or_default(),
        }
    }
}

/// Works on a decision about dead letters.
pub(super) async fn work<W: World>(console: &Console<W>, job: &Job, desk: &mut impl Desk) -> Worked {
    let place =
        Report::of(job).and_then(|report| serde_json::from_value(report.resume).ok()).unwrap_or_default();
    let Ok(asked) = serde_json::from_value(job.asked.request.clone()) else {
        let unreadable = End::Failed(sentence!("job-unreadable"));
        return (Report::default(), Err(unreadable));
    };
    let (began, reported) = (Instant::now(), Instant::now());
    let mut run = Run { console, job, asked, place, began, reported, pace: Pace::default() };
    let ended = run.all(desk).await;
    (run.place.report(), ended)
}

struct Run<'a, W> {
    console: &'a Console<W>,
    job: &'a Job,
    asked: LetterJob,
    place: Place,
    began: Instant,
    reported: Instant,
    pace: Pace,
}

impl<W: World> Run<'_, W> {
    async fn all(&mut self, desk: &mut impl Desk) -> Result<(), End> {
        if self.place.counts.found.is_none() {
            // Only so that people see how far it is: a database that is away for a moment is met again at the first page.
            let counts = self.console.history().count_dead_letters(&self.search()).await.ok();
            self.place.counts.found = counts.map(|all| all.iter().map(|count| count.open).sum());
        }
        loop {
            let page = self.page(desk).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (letter, _) in &page {
                self.turn(desk).await?;
                self.decide(letter, desk).await?;
                self.place.after = Some((letter.died_at.as_millis(), letter.place.to_string()));
            }
            desk.report(&self.place.report()).await?;
        }
    }

    async fn page(
        &self,
        desk: &mut impl Desk,
    ) -> Result<Vec<(entry::DeadLetter, Option<entry::Disposition>)>, End> {
        let after = self.place.after.as_ref();
        let after = after.map(|(at, place)| (Timestamp::from_millis(*at), place.clone()));
        let search = self.search();
        let until = Instant::now() + AWAY;
        loop {
            match self.console.history().dead_letters(&search, after.as_ref(), PAGE).await {
                Ok(page) => return Ok(page),
                Err(error) if Instant::now() >= until => return Err(End::Failed(Sentence::verbatim(error))),
                Err(_) => {
                    sleep(PAUSE).await;
                    desk.report(&self.place.report()).await?;
                }
            }
        }
    }

    /// Those that nobody has decided about by the time of asking.
    fn search(&self) -> LetterSearch {
        let text = |text: &Option<String>| text.as_deref().map(Text::from);
        LetterSearch {
            account: Some(Text::from(self.job.asked.account.as_str())),
            webhook: self.job.asked.webhook.as_deref().map(Text::from),
            reason: self.asked.reason.as_deref().and_then(domain::DeathReason::named),
            kind: text(&self.asked.kind),
            disposition: Some(Decided::Open),
            since: self.asked.since,
            until: Some(self.asked.until.min(self.job.created_at)),
            ..LetterSearch::default()
        }
    }

    /// Waits for the pace, and says once a second how far it is: that holds the job, too.
    async fn turn(&mut self, desk: &mut impl Desk) -> Result<(), End> {
        loop {
            if self.reported.elapsed() >= REPORT {
                self.reported = Instant::now();
                desk.report(&self.place.report()).await?;
            }
            let now = Timestamp::from_millis(0) + self.began.elapsed();
            match self.pace.look(now) {
                Ok(()) => {
                    self.pace.take(now, self.asked.rate);
                    return Ok(());
                }
                Err(then) => sleep(then.since(now).min(PAUSE)).await,
            }
        }
    }

    async fn decide(&mut self, letter: &entry::DeadLetter, desk: &mut impl Desk) -> Result<(), End> {
        let until = Instant::now() + AWAY;
        loop {
            let decided = match self.asked.act {
                LetterAct::Replay => self.console.replay_letter(letter, &self.job.asked.asked_by).await,
                LetterAct::Discard => {
                    let note = self.asked.note.as_deref();
                    self.console.settle_letter(letter, What::Discarded, &self.job.asked.asked_by, note).await
                }
            };
            match decided {
                Ok(()) => {
                    self.place.counts.decided += 1;
                    return Ok(());
                }
                Err(Refusal::Conflict { code, .. }) => {
                    self.leave(code);
                    return Ok(());
                }
                Err(Refusal::NoSuch(_)) => {
                    self.leave("unknown");
                    return Ok(());
                }
                Err(error) if Instant::now() >= until => {
                    return Err(End::Failed(Sentence::verbatim(error.detail())));
                }
                Err(_) => {
                    sleep(PAUSE).await;
                    desk.report(&self.place.report()).await?;
                }
            }
        }
    }

    fn leave(&mut self, why: &str) {
        *self.place.counts.left.entry(why.to_owned()).or_default() += 1;
    }
}

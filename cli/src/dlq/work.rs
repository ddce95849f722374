//! The one way in which letters are dealt with: a first look, a yes where one is needed, our turn, letter by letter, and
//! what is to be said at the end.

use domain::Clock as _;
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use wire::topics::Topics;

use super::ActArgs;
use super::decided::Decided;
use super::filter::Filter;
use super::histogram::letters;
use super::letter::Letter;
use super::pace::Pace;
use super::post::{Post, Sent};
use super::reader::{Found, Letters};
use super::rules::{Act, Judge, Judgement, Rules};
use super::survey::Survey;
use super::tally::{Outcome, Stop, Tally};
use super::topic::LetterTopic;
use super::turn::Turn;
use crate::confirm;
use crate::context::Context;
use crate::error::stopped_early;
use crate::output::{Progress, line};
use crate::signals::Interrupts;

/// What one command is to do.
pub(crate) struct Job {
    pub(crate) args: ActArgs,
    pub(crate) rules: Rules,
    /// At most so many a second.
    pub(crate) rate: Option<u32>,
    /// Whether to ask first.
    pub(crate) ask: bool,
}

/// Does it.
///
/// # Errors
/// When some of it was not done; says whether to say it again.
pub(crate) async fn perform(job: Job, context: &Context) -> anyhow::Result<()> {
    let topics = context.topics()?;
    let filter = Filter::new(job.args.filter.clone(), process::SystemClock.now())?;
    let topic = filter.topic().unwrap_or(LetterTopic::Deliveries);
    let mut interrupts = Interrupts::listen()?;
    let mut decided = tokio::select! {
        decided = Decided::read(context, &topics) => decided?,
        () = interrupts.next() => return Err(nothing_done()),
    };
    let survey = tokio::select! {
        survey = Survey::take(topic, &filter, job.rules, &mut decided, context, &topics) => survey?,
        () = interrupts.next() => return Err(nothing_done()),
    };
    if job.args.dry_run || survey.tally.chosen.total() + survey.tally.copies == 0 {
        return report(&survey.tally, &job, context.json);
    }
    if job.ask && !agreed(&survey.tally, job.rules.act, &mut interrupts).await? {
        return Err(nothing_done());
    }
    let name = format!("postbode dlq {} by {}", job.rules.act.name(), job.args.by);
    let turn = Turn::line_up((!job.args.concurrent).then_some(&*name), context, &topics)?;
    tokio::select! {
        waited = turn.wait() => waited?,
        () = interrupts.next() => return Err(nothing_done()),
    }
    let read = Letters::of(topic, &filter, Some(survey.spans), context, &topics)?;
    let mut run = Run::new(&job, &survey.tally, decided, context, &topics)?;
    run.all(read, &turn, &mut interrupts).await;
    run.finish(&mut interrupts).await;
    turn.end().await;
    // The first look ended at the last letter that `--max` allows, so the run never came to the one after it.
    run.tally.stopped = run.tally.stopped.or(survey.tally.stopped);
    report(&run.tally, &job, context.json)
}

fn nothing_done() -> anyhow::Error {
    stopped_early("stopped early: nothing was done")
}

async fn agreed(tally: &Tally, act: Act, interrupts: &mut Interrupts) -> anyhow::Result<bool> {
    eprintln!("{}", tally.chosen.block());
    confirm::agreed(&format!("{} {}?", act.name(), letters(tally.chosen.total())), interrupts).await
}

fn report(tally: &Tally, job: &Job, as_json: bool) -> anyhow::Result<()> {
    let (act, dry_run) = (job.rules.act, job.args.dry_run);
    if as_json {
        line(tally.json(act, dry_run));
    } else {
        line(tally.text(act, dry_run));
    }
    if let Some(failure) = tally.failure(act) {
        anyhow::bail!(failure);
    }
    tally.cut_short(act).map_or(Ok(()), |text| Err(stopped_early(text)))
}

/// A run under way.
struct Run {
    act: Act,
    judge: Judge,
    decided: Decided,
    post: Post,
    pace: Pace,
    tally: Tally,
    /// Copies are written down at the end: were it done before the letter that stands for them is acknowledged, a crash in
    /// between could leave it looking like the copy.
    copies: Vec<Letter>,
    progress: Progress,
    json: bool,
}

impl Run {
    fn new(
        job: &Job,
        survey: &Tally,
        decided: Decided,
        context: &Context,
        topics: &Topics,
    ) -> anyhow::Result<Self> {
        let act = job.rules.act;
        Ok(Self {
            act,
            judge: Judge::new(job.rules),
            decided,
            post: Post::new(act, &job.args.by, job.args.note.as_deref(), context, topics)?,
            pace: Pace::new(job.rate, Instant::now()),
            tally: Tally::default(),
            copies: Vec::new(),
            progress: Progress::new(Some(survey.chosen.total()), act.done()),
            json: context.json,
        })
    }

    /// Goes through the letters until they end, or the run is to stop. What was begun may still be on its way then.
    async fn all(&mut self, mut letters: Letters<'_>, turn: &Turn, interrupts: &mut Interrupts) {
        while self.tally.stopped.is_none() {
            tokio::select! {
                () = interrupts.next() => self.tally.stopped = Some(Stop::Interrupted),
                Some(sent) = self.post.next() => self.note(&sent),
                found = next(&mut letters, &mut self.decided, &self.pace, turn), if self.post.has_room() => {
                    match found {
                        Ok(Some(found)) => self.meet(found),
                        Ok(None) => break,
                        Err(error) => self.tally.break_off(format!("{error:#}")),
                    }
                }
            }
        }
    }

    fn meet(&mut self, found: Found) {
        match self.judge.judge(&found.letter) {
            Judgement::Go => {
                self.tally.chosen.count(&found.letter);
                self.pace.took(Instant::now());
                self.post.begin(found);
            }
            Judgement::Copy => self.copies.push(found.letter),
            Judgement::Leave(why) => self.tally.leave(why),
            Judgement::Enough => self.tally.stopped = Some(Stop::Max),
        }
    }

    fn note(&mut self, sent: &Sent) {
        if self.json {
            line(outcome_json(&sent.letter, &sent.outcome, self.act));
        }
        match &sent.outcome {
            Outcome::Done => self.progress.advance(1),
            Outcome::Failed(_) | Outcome::Unrecorded(_) if sent.hopeless => {
                self.tally.stopped = Some(Stop::Failed)
            }
            Outcome::Copy | Outcome::Failed(_) | Outcome::Unrecorded(_) => {}
        }
        self.tally.note(sent.outcome.clone());
    }

    /// Waits for what is on its way, unless told a second time to stop.
    async fn finish(&mut self, interrupts: &mut Interrupts) {
        self.drain(interrupts).await;
        if self.tally.first_error.is_none() && self.tally.in_doubt == 0 {
            for copy in std::mem::take(&mut self.copies) {
                self.post.begin_copy(copy);
            }
            self.drain(interrupts).await;
        }
        self.progress.finish();
    }

    async fn drain(&mut self, interrupts: &mut Interrupts) {
        loop {
            tokio::select! {
                sent = self.post.next() => match sent {
                    Some(sent) => {
                        let stopped = self.tally.stopped;
                        self.note(&sent);
                        self.tally.stopped = stopped.or(self.tally.stopped);
                    }
                    None => break,
                },
                () = interrupts.next() => {
                    self.tally.stopped = Some(Stop::Interrupted);
                    self.tally.in_doubt = self.post.on_their_way() as u64;
                    break;
                }
            }
        }
    }
}

/// The next letter, when it is our turn and the pace allows one. Safe to drop while waiting.
async fn next(
    letters: &mut Letters<'_>,
    decided: &mut Decided,
    pace: &Pace,
    turn: &Turn,
) -> anyhow::Result<Option<Found>> {
    turn.wait().await?;
    sleep_until(pace.due()).await;
    letters.next(decided).await
}

/// One line for programs.
fn outcome_json(letter: &Letter, outcome: &Outcome, act: Act) -> serde_json::Value {
    let (became, error) = match outcome {
        Outcome::Done => (act.done(), None),
        Outcome::Copy => ("copy", None),
        Outcome::Failed(error) => ("failed", Some(error)),
        Outcome::Unrecorded(error) => ("unrecorded", Some(error)),
    };
    json!({
        "topic": letter.topic.name(),
        "partition": letter.place.partition.0,
        "offset": letter.place.offset.0,
        "event": letter.event,
        "delivery": letter.delivery,
        "became": became,
        "error": error,
    })
}

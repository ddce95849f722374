//! The thread that follows the log, and the one that asks where it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use domain::Offset;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{TableOptions, TableState};
use crate::KafkaSettings;
use crate::tail::{Asker, Bounds, Seen, Tail};

/// What is told of every record.
pub(crate) trait Follow: Send + 'static {
    /// A record, in order.
    fn record(&mut self, offset: Offset, key: Option<&[u8]>, value: Option<&[u8]>);
    /// Nothing is left at or before this offset, though no record may stand there.
    fn passed(&mut self, _: Offset) {}
}

/// A follower that is one function.
pub(super) struct Each<F>(pub(super) F);

impl<F: FnMut(Offset, Option<&[u8]>, Option<&[u8]>) + Send + 'static> Follow for Each<F> {
    fn record(&mut self, offset: Offset, key: Option<&[u8]>, value: Option<&[u8]>) {
        (self.0)(offset, key, value);
    }
}

/// How long the broker may hold a fetch, during which it answers no question on the same connection.
const FETCH_WAIT: Duration = Duration::from_millis(100);
/// How long one question may take before it is asked again.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);
/// How long a seek may take to bring the end in sight before it is repeated.
const SEEK_AGAIN: Duration = Duration::from_secs(5);
/// When all answers for so long say that the log ends before what was read from it, it is another log. A leader that was just
/// elected can say so for a while, until it knows how far its followers are.
const SHRUNK: Duration = Duration::from_secs(10);
/// How long to wait for a record.
const LOOK: Duration = Duration::from_millis(50);
/// Tell watchers at least this often while there is much to read.
const TELL_EVERY: u32 = 4096;

struct Question {
    asked: Instant,
    bounds: KafkaResult<Bounds>,
}

/// A time at which the log was known to end there.
#[derive(Clone, Copy)]
struct Goal {
    asked: Instant,
    end: i64,
}

struct Seek {
    at: Instant,
    goal: Goal,
}

struct Follower<F> {
    topic: Arc<str>,
    tail: Tail,
    follow: F,
    options: TableOptions,
    answers: mpsc::Receiver<Question>,
    tell: watch::Sender<TableState>,
    goal: Option<Goal>,
    seek: Option<Seek>,
    at_end: bool,
    shrunk: Option<Instant>,
    untold: u32,
}

pub(super) fn start<F: Follow>(
    settings: &KafkaSettings,
    topic: &Arc<str>,
    options: TableOptions,
    follow: F,
    tell: watch::Sender<TableState>,
    stop: Arc<AtomicBool>,
) -> Result<(), KafkaError> {
    let tail = Tail::open(settings, topic, "table", FETCH_WAIT)?;
    let asker = tail.asker();
    let (answer, answers) = mpsc::channel();
    let mut follower = Follower {
        topic: Arc::clone(topic),
        tail,
        follow,
        options,
        answers,
        tell,
        goal: None,
        seek: None,
        at_end: false,
        shrunk: None,
        untold: 0,
    };
    let stopping = Arc::clone(&stop);
    spawn("kafka-table", move || while !stop.load(Ordering::Relaxed) && follower.step() {})?;
    spawn("kafka-ask", move || ask(&asker, options.ask_every, &answer, &stopping))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), KafkaError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map(drop).map_err(|error| KafkaError::ClientCreation(format!("no thread for it: {error}")))
}

fn ask(asker: &Asker, every: Duration, answer: &mpsc::Sender<Question>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let bounds = asker.bounds(ANSWER_PATIENCE);
        // Before there was any answer there is nothing to be gained by waiting.
        let pause = if bounds.is_ok() { every } else { every / 4 };
        if answer.send(Question { asked, bounds }).is_err() {
            return;
        }
        std::thread::sleep(pause.saturating_sub(asked.elapsed()));
    }
}

impl<F: Follow> Follower<F> {
    /// One look at the log and the answers; false when it is over.
    fn step(&mut self) -> bool {
        while let Ok(question) = self.answers.try_recv() {
            if let Err(why) = self.answered(question) {
                return self.fail(why);
            }
        }
        if self.untold > 0 && self.untold < TELL_EVERY {
            return self.look(Duration::ZERO);
        }
        self.told();
        self.look(LOOK)
    }

    fn look(&mut self, wait: Duration) -> bool {
        let follow = &mut self.follow;
        let seen = self.tail.poll(wait, |record| {
            follow.record(Offset(record.offset()), record.key(), record.payload());
        });
        match seen {
            Seen::Nothing => self.told(),
            Seen::End => self.end(),
            Seen::Lost(why) => return self.fail(why),
            Seen::Record => {
                self.untold += 1;
                self.at_end = false;
                self.proven();
            }
        }
        true
    }

    fn answered(&mut self, question: Question) -> Result<(), String> {
        let bounds = match question.bounds {
            Ok(bounds) => bounds,
            Err(error) => {
                tracing::debug!(kafka.topic = &*self.topic, kafka.error = %error, "the end of the log is not known");
                return Ok(());
            }
        };
        // Where nothing was ever shown, everything before the log's beginning counts as read.
        let next = self.tail.next().unwrap_or(bounds.low);
        if bounds.end < next {
            let since = *self.shrunk.get_or_insert(question.asked);
            let why =
                format!("it ends at {} and was read up to {next}: it was recreated or cut short", bounds.end);
            return if question.asked.duration_since(since) < SHRUNK { Ok(()) } else { Err(why) };
        }
        self.shrunk = None;
        if self.tail.next().is_none() && bounds.end == bounds.low {
            self.tail.reached(bounds.end);
        }
        self.goal = Some(Goal { asked: question.asked, end: bounds.end });
        self.proven();
        self.seek();
        Ok(())
    }

    /// The client says that this is the end. That is a proof only if it was seen after the goal was known.
    fn end(&mut self) {
        self.at_end = true;
        if let Some(Seek { goal, .. }) = self.seek.take() {
            self.tail.reached(goal.end);
            self.untold += 1;
            self.fresh_from(goal.asked);
        }
        self.proven();
        self.seek();
    }

    /// Whether the goal is reached.
    fn proven(&mut self) {
        if let Some(goal) = self.goal
            && self.tail.next().is_some_and(|next| next >= goal.end)
        {
            self.goal = None;
            self.fresh_from(goal.asked);
        }
    }

    /// Everything that is shown was read and the goal is not reached: what is left are transactions' markers, or the
    /// end was announced before the last records came. A seek tells.
    fn seek(&mut self) {
        let Some(goal) = self.goal else { return };
        let under_way = self.seek.as_ref().is_some_and(|seek| seek.at.elapsed() < SEEK_AGAIN);
        if !self.at_end || under_way {
            return;
        }
        match self.tail.seek_here() {
            Ok(()) => self.seek = Some(Seek { at: Instant::now(), goal }),
            Err(error) => tracing::debug!(kafka.topic = &*self.topic, kafka.error = %error, "could not seek"),
        }
    }

    fn fresh_from(&mut self, asked: Instant) {
        let until = asked + self.options.fresh_for;
        let next = self.note_position();
        let changed = std::mem::take(&mut self.untold) > 0;
        self.tell.send_if_modified(|state| {
            let was = state.ready && state.is_fresh(Instant::now());
            state.next = next;
            state.ready = true;
            state.fresh_until = state.fresh_until.max(Some(until));
            changed || (!was && state.is_fresh(Instant::now()))
        });
    }

    fn told(&mut self) {
        if self.untold == 0 {
            return;
        }
        self.untold = 0;
        let next = self.note_position();
        self.tell.send_modify(|state| state.next = next);
    }

    fn note_position(&mut self) -> i64 {
        let next = self.tail.next().unwrap_or(0);
        if next > 0 {
            self.follow.passed(Offset(next - 1));
        }
        next
    }

    fn fail(&mut self, why: String) -> bool {
        tracing::error!(kafka.topic = &*self.topic, reason = why, "a table cannot go on");
        self.tell.send_modify(|state| state.failure = Some(why.into()));
        false
    }
}

//! Writes: a replayed letter first, and when the broker has that, what became of the letter.
//!
//! This order is the whole promise. The other way round, a crash in between would leave a letter that counts as replayed
//! and never was: lost. This way a crash in between leaves a letter that was replayed and counts as open: the next run
//! sends it again, under the same `webhook-id`, which its receiver knows. One Kafka transaction around both would spare
//! even that, and was not chosen: readers of `deliveries` see nothing behind an open transaction, so a replay that is
//! killed would hold up everyone's deliveries until its transaction times out.

use std::sync::Arc;

use anyhow::Context as _;
use domain::Clock as _;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use stream::{SendError, Sink, SinkOptions};
use wire::OutRecord;
use wire::topics::Topics;

use super::letter::Letter;
use super::reader::Found;
use super::records;
use super::rules::Act;
use super::tally::Outcome;
use crate::context::Context;

/// Writes that are under way.
pub(crate) struct Post {
    act: Act,
    sink: Sink,
    topics: Arc<Topics>,
    by: Arc<str>,
    note: Option<Arc<str>>,
    in_flight: FuturesUnordered<BoxFuture<'static, Sent>>,
}

/// A letter, and what became of it.
pub(crate) struct Sent {
    pub(crate) letter: Letter,
    pub(crate) outcome: Outcome,
    /// Whether the others have no better chances.
    pub(crate) hopeless: bool,
}

/// How many letters may be on their way at once: at most so many are sent twice after a crash.
const IN_FLIGHT: usize = 64;

impl Post {
    pub(crate) fn new(
        act: Act,
        by: &str,
        note: Option<&str>,
        context: &Context,
        topics: &Topics,
    ) -> anyhow::Result<Self> {
        let sink = Sink::new(&context.kafka, SinkOptions::new(topics.delivery_record_bytes()))
            .context("section kafka")?;
        let (topics, by, note) = (Arc::new(topics.clone()), by.into(), note.map(Arc::from));
        Ok(Self { act, sink, topics, by, note, in_flight: FuturesUnordered::new() })
    }

    /// Whether one more may be sent now.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.len() < IN_FLIGHT
    }

    /// How many are on their way.
    pub(crate) fn on_their_way(&self) -> usize {
        self.in_flight.len()
    }

    /// Begins with one. Letters of one key leave in the order of these calls.
    pub(crate) fn begin(&self, found: Found) {
        let again = (self.act == Act::Replay).then(|| records::revived(&found, &self.topics));
        self.write(again, found.letter, Outcome::Done);
    }

    /// Writes down that a letter is a copy of another, which must be acknowledged by then.
    pub(crate) fn begin_copy(&self, letter: Letter) {
        self.write(None, letter, Outcome::Copy);
    }

    fn write(&self, again: Option<OutRecord>, letter: Letter, written: Outcome) {
        let again = again.map(|again| self.sink.send(&again));
        let (act, sink, topics) = (self.act, self.sink.clone(), Arc::clone(&self.topics));
        let by = Arc::clone(&self.by);
        let note = match written {
            Outcome::Copy => Some("a copy of another letter of this delivery".into()),
            Outcome::Done | Outcome::Failed(_) | Outcome::Unrecorded(_) => self.note.clone(),
        };
        let was_sent = again.is_some();
        self.in_flight.push(Box::pin(async move {
            if let Some(again) = again
                && let Err(error) = again.await
            {
                return Sent::failed(letter, &error, Outcome::Failed);
            }
            let now = process::SystemClock.now();
            let entry = records::entry(act, &letter, &by, note.as_deref(), now, &topics);
            match sink.send(&entry).await {
                Ok(_) => Sent { letter, outcome: written, hopeless: false },
                Err(error) if was_sent => Sent::failed(letter, &error, Outcome::Unrecorded),
                Err(error) => Sent::failed(letter, &error, Outcome::Failed),
            }
        }));
    }

    /// The next that came to an end; none while nothing is on its way. Safe to drop while waiting.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        self.in_flight.next().await
    }
}

impl Sent {
    fn failed(letter: Letter, error: &SendError, outcome: fn(String) -> Outcome) -> Self {
        let hopeless = match error {
            SendError::TooLarge | SendError::QueueFull => false,
            SendError::Unavailable(_) | SendError::Fatal(_) => true,
        };
        let outcome = outcome(format!("{}: {error}", letter.place));
        Self { letter, outcome, hopeless }
    }
}

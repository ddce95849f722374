//! One stream: what it missed, then what comes, and a sign of life in between.

use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Partition, Trigger};
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::{Interval, interval, timeout};
use trigger::{Matcher, Occurrence, Verdict};
use wire::event::Decoded;
use wire::{names, text};

use super::feed::{join, of_account};
use super::places::{Bounds, Places};
use super::room::{Listener, Mail};
use super::{Said, Wanted};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};

/// Between two signs of life.
pub(super) const BEAT: Duration = Duration::from_secs(15);
/// A client that takes nothing for so long is hung up on.
const STALLED: Duration = Duration::from_secs(60);
/// So many records, of all accounts, are read again for one that goes on where it stood.
const READ_AGAIN: u64 = 1_000_000;

/// One stream.
pub(super) struct Talk<W> {
    console: Arc<Console<W>>,
    start: Start,
    teller: Teller<W>,
}

/// Where it begins.
enum Start {
    /// With what comes now.
    Live(Listener),
    /// Where it stood, in a log with these bounds.
    Behind(Bounds),
}

/// Why a stream ends: the key is no longer good, nobody takes what is said, or Kafka cannot be read. Who listens comes
/// again, and hears why if that lasts.
struct Ended;

impl<W: World> Talk<W> {
    /// Asks Kafka where the stream begins.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) async fn begin(
        console: Arc<Console<W>>,
        actor: Actor,
        wanted: Wanted,
        from: Option<Places>,
        say: mpsc::Sender<Said>,
    ) -> Result<Self, Refusal> {
        let (start, places) = match from {
            None => {
                let listener = join(&console, &wanted).await?;
                let places = listener.since.clone();
                (Start::Live(listener), places)
            }
            Some(places) => {
                let bounds = console.world.event_bounds().await.map_err(Refusal::no_events)?;
                (Start::Behind(bounds), places)
            }
        };
        let teller = Teller::new(Arc::clone(&console), actor, wanted, places, say);
        Ok(Self { console, start, teller })
    }

    /// Goes on until the key is no longer good, the client is gone, or the process stops.
    pub(super) async fn run(mut self) {
        let (say, stop) = (self.teller.say.clone(), self.console.streams.lifecycle.soft_stop());
        tokio::select! {
            () = stop => {}
            () = say.closed() => {}
            _ended = self.teller.tell(self.start) => {}
        }
    }
}

/// Says things, and knows how far the stream is.
struct Teller<W> {
    console: Arc<Console<W>>,
    actor: Actor,
    wanted: Wanted,
    trigger: Trigger,
    matcher: Matcher,
    filter_failed: bool,
    places: Places,
    beats: Interval,
    say: mpsc::Sender<Said>,
}

impl<W: World> Teller<W> {
    fn new(
        console: Arc<Console<W>>,
        actor: Actor,
        wanted: Wanted,
        places: Places,
        say: mpsc::Sender<Said>,
    ) -> Self {
        let trigger = Trigger { filter: wanted.filter.clone(), ..Trigger::default() };
        let mut beats = interval(BEAT);
        beats.reset();
        let (matcher, filter_failed) = (Matcher::default(), false);
        Self { console, actor, wanted, trigger, matcher, filter_failed, places, beats, say }
    }

    async fn tell(&mut self, start: Start) -> Result<(), Ended> {
        self.beat().await?;
        let listener = match start {
            Start::Live(listener) => listener,
            Start::Behind(bounds) => self.caught_up(&bounds).await?,
        };
        loop {
            tokio::select! {
                mail = listener.next() => match mail {
                    Mail::Event(it) => self.event(it.partition, it.offset, &it.event).await?,
                    Mail::Missed(missed) => self.missed(Some(missed)).await?,
                    Mail::Closed => return Err(Ended),
                },
                _ = self.beats.tick() => {
                    if let Some(heads) = listener.at_head() {
                        self.places.pass_all(&heads);
                    }
                    self.beat().await?;
                }
            }
        }
    }

    /// Reads what was missed, and then joins the others: in the moment between, little more can come.
    async fn caught_up(&mut self, bounds: &Bounds) -> Result<Listener, Ended> {
        let (places, cut) = self.places.resumed(bounds, READ_AGAIN);
        self.places = places;
        if cut {
            self.missed(None).await?;
        }
        self.catch_up(&bounds.ends()).await?;
        let listener = join(&self.console, &self.wanted).await.map_err(|_| Ended)?;
        self.catch_up(&listener.since).await?;
        Ok(listener)
    }

    async fn catch_up(&mut self, to: &Places) -> Result<(), Ended> {
        if self.places.up_to(to).is_empty() {
            return Ok(());
        }
        let turns = Arc::clone(&self.console.streams.catching_up);
        let _turn = loop {
            tokio::select! {
                turn = turns.acquire() => break turn.map_err(|_| Ended)?,
                _ = self.beats.tick() => self.beat().await?,
            }
        };
        let mut log = self.console.world.read_events(&self.places, Some(to));
        loop {
            tokio::select! {
                record = log.next() => match record {
                    Some(Ok(record)) => match of_account(&self.console, &record, &self.wanted.account) {
                        Some(event) => self.event(record.partition, record.offset, &event).await?,
                        None => self.places.pass(record.partition, record.offset),
                    },
                    Some(Err(why)) => {
                        tracing::warn!(error = why, "what a stream missed cannot be read");
                        return Err(Ended);
                    }
                    None => break,
                },
                _ = self.beats.tick() => self.beat().await?,
            }
        }
        self.places.pass_all(to);
        Ok(())
    }

    async fn event(&mut self, partition: Partition, offset: Offset, event: &Decoded) -> Result<(), Ended> {
        let seen = offset < self.places.next(partition);
        self.places.pass(partition, offset);
        if seen || !self.wants(event).await? {
            return Ok(());
        }
        // What is no JSON was not decoded.
        let Ok(data) = wire::format::cloud_event(&event.headers, &event.data) else { return Ok(()) };
        let data = String::from_utf8_lossy(&data).into_owned();
        let kind = event.event.kind.to_string();
        self.say(Said::Event { id: self.places.to_string(), kind, data }).await?;
        self.console.telemetry.stream_sent();
        Ok(())
    }

    async fn wants(&mut self, event: &Decoded) -> Result<bool, Ended> {
        if !self.wanted.types.contains(&event.event.kind) {
            return Ok(false);
        }
        let time = event.headers.text(names::CE_TIME).and_then(text::parse_rfc3339);
        let occurrence = Occurrence { event: &event.event, time, data: &event.data };
        match self.matcher.on(occurrence).judge(&self.trigger) {
            Verdict::Match => Ok(true),
            Verdict::Mismatch(_) => Ok(false),
            Verdict::Failure(why) => {
                if !std::mem::replace(&mut self.filter_failed, true) {
                    self.say(Said::FilterFailed(why)).await?;
                }
                Ok(false)
            }
        }
    }

    async fn missed(&mut self, missed: Option<u64>) -> Result<(), Ended> {
        self.say(Said::Missed { id: self.places.to_string(), missed }).await
    }

    async fn beat(&mut self) -> Result<(), Ended> {
        self.say(Said::Beat { id: self.places.to_string() }).await
    }

    /// Says it, if the key is still good.
    async fn say(&mut self, what: Said) -> Result<(), Ended> {
        let now = self.console.world.now();
        let stands = self.console.look(|registry| self.actor.stands(registry, now));
        stands.map_err(|_| Ended)?;
        match timeout(STALLED, self.say.send(what)).await {
            Ok(sent) => sent.map_err(|_| Ended),
            Err(_) => Err(Ended),
        }
    }
}

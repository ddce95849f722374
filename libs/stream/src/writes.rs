//! Writes that are repeated until they are acknowledged: what follows from a record may be late, never lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::OutRecord;

use crate::telemetry::Teller;
use crate::{SendError, Sink};

/// How long a write waits before it is repeated.
const REPEAT: Duration = Duration::from_millis(200);

/// How long one waits that its topic refuses.
const REPEAT_REFUSED: Duration = Duration::from_secs(2);

/// Writes under way, each under a tag by which its writer knows it.
pub struct Writes<T> {
    sink: Sink,
    tell: mpsc::UnboundedSender<Ack<T>>,
    acks: mpsc::UnboundedReceiver<Ack<T>>,
    repeats: Vec<(Instant, T, OutRecord)>,
    failures: Failures,
}

/// Counts writes that had to be repeated, by topic: what an operator is woken by.
#[derive(Clone, Debug, Default)]
pub struct Failures(Arc<Mutex<BTreeMap<Arc<str>, u64>>>);

impl Failures {
    /// Topics that are written to: they count from zero, so that the first failure is seen as a change.
    pub fn expect<'a>(&self, topics: impl IntoIterator<Item = &'a Arc<str>>) {
        let mut counts = self.counts();
        for topic in topics {
            counts.entry(Arc::clone(topic)).or_default();
        }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts().values().sum()
    }

    fn note(&self, topic: &Arc<str>) {
        *self.counts().entry(Arc::clone(topic)).or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Failures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "Writes that were not acknowledged and had to be repeated, by topic.";
        let counts = self.counts().clone();
        Teller(encoder).totals("write_repeats", help, counts.iter().map(|(topic, count)| (&**topic, *count)))
    }
}

struct Ack<T> {
    tag: T,
    record: OutRecord,
    result: Result<(), SendError>,
}

/// What became of a write.
#[derive(Debug)]
pub enum WriteEvent<T> {
    /// All in-sync replicas have it.
    Written(T),
    /// It is too large for its topic: repeating it does not help.
    TooLarge(T, OutRecord),
    /// The producer is beyond repair: the process must end.
    Failed(String),
}

impl<T: Send + Sync + 'static> Writes<T> {
    /// Over a sink.
    pub fn new(sink: Sink) -> Self {
        let (tell, acks) = mpsc::unbounded_channel();
        Self { sink, tell, acks, repeats: Vec::new(), failures: Failures::default() }
    }

    /// Begins a write; what becomes of it is told by [`Writes::next`].
    pub fn begin(&self, tag: T, record: OutRecord) {
        let tell = self.tell.clone();
        let copy = record.clone();
        self.sink.send_then(&copy, move |result| {
            let _ = tell.send(Ack { tag, record, result: result.map(drop) });
        });
    }

    /// Repeats a write that was refused for its size, for as long as it takes: somebody has to change the topic.
    pub fn again(&mut self, tag: T, record: OutRecord) {
        tracing::error!(
            kafka.topic = &*record.topic,
            "a record is too large for its topic in any form, and waits"
        );
        self.failures.note(&record.topic);
        self.repeats.push((Instant::now() + REPEAT_REFUSED, tag, record));
    }

    /// The next write that came to an end. Repeats what failed for a reason that may pass. Waits for ever while nothing
    /// is under way; safe to drop while waiting.
    pub async fn next(&mut self) -> WriteEvent<T> {
        loop {
            let due = self.repeats.iter().map(|(at, ..)| *at).min();
            let wait = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                ack = self.acks.recv() => {
                    if let Some(event) = ack.and_then(|ack| self.judge(ack)) {
                        return event;
                    }
                }
                () = tokio::time::sleep_until(wait) => self.repeat(),
            }
        }
    }

    /// The next write that has come to an end already.
    pub fn try_next(&mut self) -> Option<WriteEvent<T>> {
        while let Ok(ack) = self.acks.try_recv() {
            if let Some(event) = self.judge(ack) {
                return Some(event);
            }
        }
        None
    }

    /// Repeats no writes but these.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.repeats.retain(|(_, tag, _)| keep(tag));
    }

    /// The count of repeated writes.
    pub fn failures(&self) -> Failures {
        self.failures.clone()
    }

    fn judge(&mut self, ack: Ack<T>) -> Option<WriteEvent<T>> {
        let Ack { tag, record, result } = ack;
        match result {
            Ok(()) => Some(WriteEvent::Written(tag)),
            Err(SendError::TooLarge) => Some(WriteEvent::TooLarge(tag, record)),
            Err(SendError::Fatal(why)) => Some(WriteEvent::Failed(why)),
            Err(error @ (SendError::QueueFull | SendError::Unavailable(_))) => {
                tracing::warn!(kafka.topic = &*record.topic, %error, "a write is repeated");
                self.failures.note(&record.topic);
                self.repeats.push((Instant::now() + REPEAT, tag, record));
                None
            }
        }
    }

    fn repeat(&mut self) {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.repeats).into_iter().partition(|(at, ..)| *at <= now);
        self.repeats = later;
        for (_, tag, record) in due {
            self.begin(tag, record);
        }
    }
}

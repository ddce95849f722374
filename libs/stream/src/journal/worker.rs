//! The writer's thread: batches of requests, one transaction each.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc;
use std::time::Duration;

use domain::{Change, Offset, Registry};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use tokio::sync::watch;
use tokio::time::Instant;
use wire::registry::WriteId;

use super::request::{Failure, Request};
use super::transaction::{Broken, Fenced, Place, WRITE_HEADER};
use super::{JournalOptions, MAX_RECORD_BYTES};
use crate::KafkaSettings;
use crate::tail::{Seen, Tail};

/// Requests in one transaction, at most.
const BATCH: usize = 500;
/// How long to wait for a request before looking at what others wrote.
const IDLE: Duration = Duration::from_millis(500);
/// How long the broker may hold a fetch: the price of learning that nothing is new.
const FETCH_WAIT: Duration = Duration::from_millis(50);
/// One call to Kafka waits at most this long; deadlines are looked at in between.
const CALL: Duration = Duration::from_secs(2);
/// The pause after a failure, doubled with each up to five times.
const PAUSE: Duration = Duration::from_millis(40);

pub(super) fn start(
    settings: KafkaSettings,
    options: JournalOptions,
    requests: mpsc::Receiver<Box<dyn Request>>,
    alive: watch::Sender<()>,
) -> Result<(), KafkaError> {
    let replica = Replica::open(&settings, &options)?;
    // Refuses bad settings now, not at the first write.
    Fenced::new(&settings, &options)?;
    let mut worker = Worker { settings, options, replica, producer: None, failures: 0 };
    let run = move || {
        worker.run(&requests);
        drop(alive);
    };
    let thread = std::thread::Builder::new().name("kafka-journal".to_owned()).spawn(run);
    thread.map(drop).map_err(|error| KafkaError::ClientCreation(format!("no thread for it: {error}")))
}

struct Worker {
    settings: KafkaSettings,
    options: JournalOptions,
    replica: Replica,
    producer: Option<Fenced>,
    failures: u32,
}

/// One request of a batch.
struct Waiting {
    request: Box<dyn Request>,
    write: WriteId,
    place: Place,
    /// Whether a commit with it was tried and its answer not heard.
    tried: bool,
}

/// Why a round was in vain: nothing was written, or nobody knows.
struct Trouble(String);

impl Worker {
    fn run(&mut self, requests: &mpsc::Receiver<Box<dyn Request>>) {
        loop {
            match requests.recv_timeout(IDLE) {
                Ok(first) => self.batch(std::iter::once(first).chain(requests.try_iter()).take(BATCH)),
                Err(mpsc::RecvTimeoutError::Timeout) => self.replica.keep_up(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Sees a batch through, for as long as its requests have patience.
    fn batch(&mut self, requests: impl Iterator<Item = Box<dyn Request>>) {
        let mut batch: Vec<_> = requests.map(Waiting::new).collect();
        self.replica.found.clear();
        while !batch.is_empty() {
            match self.round(&mut batch) {
                Ok(()) => self.failures = 0,
                Err(Trouble(why)) => {
                    tracing::info!(
                        reason = why,
                        requests = batch.len(),
                        "the registry was not written; trying again"
                    );
                    give_up_late(&mut batch, &why);
                    self.pause();
                }
            }
        }
    }

    /// One try: fence, read to the end, decide, commit, answer.
    fn round(&mut self, batch: &mut Vec<Waiting>) -> Result<(), Trouble> {
        batch.retain(|waiting| waiting.tried || !waiting.request.is_abandoned());
        let Some(deadline) = batch.iter().map(|waiting| waiting.request.deadline()).min() else {
            return Ok(());
        };
        self.fence(deadline)?;
        self.replica.catch_up(&self.settings, &self.options, deadline, batch)?;
        settle_found(batch, &self.replica.found);
        let writes = decide(batch, &self.replica.registry);
        if writes.is_empty() {
            settle(batch);
            return Ok(());
        }
        self.commit(batch, &writes, deadline)?;
        self.replica.expect(batch.iter().filter_map(|waiting| waiting.place.offset()).max());
        settle(batch);
        Ok(())
    }

    /// Makes sure that there is a producer, and that it was the latest when it was made.
    fn fence(&mut self, deadline: Instant) -> Result<(), Trouble> {
        if self.producer.is_some() {
            return Ok(());
        }
        let producer = Fenced::new(&self.settings, &self.options).map_err(|error| trouble(&error))?;
        let left = deadline.saturating_duration_since(Instant::now());
        producer.fence(left.clamp(CALL / 4, 2 * CALL)).map_err(|error| trouble(&error))?;
        self.producer = Some(producer);
        Ok(())
    }

    fn commit(&mut self, batch: &mut [Waiting], writes: &[Write], deadline: Instant) -> Result<(), Trouble> {
        let Some(producer) = &self.producer else { return Err(Trouble("there is no producer".to_owned())) };
        let sent = producer.begin().and_then(|()| {
            writes.iter().try_for_each(|(index, key, value)| {
                let Waiting { write, place, .. } = &batch[*index];
                producer.send(key.as_bytes(), value.as_deref(), write, place)
            })
        });
        let outcome = match sent {
            Ok(()) => producer.commit(deadline),
            Err(error) => Err(producer.give_up(error)),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(Broken::Aborted(error)) => Err(trouble(&error)),
            Err(Broken::Over(error)) => {
                self.producer = None;
                batch.iter_mut().for_each(|waiting| waiting.tried = true);
                Err(trouble(&error))
            }
        }
    }

    /// Writers that fence each other must not do so in step.
    fn pause(&mut self) {
        self.failures += 1;
        let most = PAUSE * 2u32.pow(self.failures.min(5));
        let chance = RandomState::new().hash_one(self.failures) % 1000;
        std::thread::sleep(most.mul_f64(chance as f64 / 1000.0));
    }
}

impl Waiting {
    fn new(request: Box<dyn Request>) -> Self {
        let write = WriteId::new(uuid::Uuid::now_v7().to_string());
        Self { request, write, place: Place::new(), tried: false }
    }
}

/// A record to write, and whose it is.
type Write = (usize, String, Option<Vec<u8>>);

/// Decides in turn: each request sees what those before it in the batch decided.
fn decide(batch: &mut Vec<Waiting>, registry: &Registry) -> Vec<Write> {
    let mut ahead: Option<Registry> = None;
    let mut writes = Vec::new();
    let waiting = std::mem::take(batch);
    let last = waiting.len().saturating_sub(1);
    for (index, mut one) in waiting.into_iter().enumerate() {
        one.place = Place::new();
        let changes = one.request.decide(ahead.as_ref().unwrap_or(registry)).to_vec();
        let records: Vec<_> =
            changes.iter().map(|change| wire::registry::encode(change, Some(&one.write))).collect();
        let largest = records.iter().filter_map(|(_, value)| value.as_ref().map(Vec::len)).max().unwrap_or(0);
        if largest > MAX_RECORD_BYTES {
            one.request.failed(Failure::TooLarge(largest));
            continue;
        }
        if !changes.is_empty() && index < last {
            look_ahead(ahead.get_or_insert_with(|| registry.clone()), changes);
        }
        writes.extend(records.into_iter().map(|(key, value)| (batch.len(), key, value)));
        batch.push(one);
    }
    writes
}

/// Where the records will stand is not known yet: somewhere after all others.
fn look_ahead(ahead: &mut Registry, changes: Vec<Change>) {
    for change in changes {
        let next = ahead.position();
        ahead.apply(next, change);
    }
}

fn settle(batch: &mut Vec<Waiting>) {
    for Waiting { request, place, .. } in batch.drain(..) {
        request.settled(place.offset());
    }
}

/// Answers those whose commit had gone through, though nobody said so.
fn settle_found(batch: &mut Vec<Waiting>, found: &HashMap<WriteId, Offset>) {
    for index in (0..batch.len()).rev() {
        if let Some(offset) = found.get(&batch[index].write) {
            let waiting = batch.remove(index);
            waiting.request.settled(Some(*offset));
        } else {
            // The log was read to its end since: it did not go through.
            batch[index].tried = false;
        }
    }
}

fn give_up_late(batch: &mut Vec<Waiting>, why: &str) {
    let now = Instant::now();
    for index in (0..batch.len()).rev() {
        if batch[index].request.deadline() <= now {
            let Waiting { request, tried, .. } = batch.remove(index);
            let why = why.to_owned();
            request.failed(if tried { Failure::Unknown(why) } else { Failure::Unavailable(why) });
        }
    }
}

/// The registry as decisions see it.
struct Replica {
    tail: Tail,
    registry: Registry,
    /// Our own last record: without it the end was not reached, whatever the broker says.
    expected: Option<Offset>,
    /// Write ids of the present batch that were seen.
    found: HashMap<WriteId, Offset>,
}

impl Replica {
    fn open(settings: &KafkaSettings, options: &JournalOptions) -> Result<Self, KafkaError> {
        let tail = Tail::open(settings, &options.topic, "journal", FETCH_WAIT)?;
        Ok(Self { tail, registry: Registry::default(), expected: None, found: HashMap::new() })
    }

    fn expect(&mut self, offset: Option<Offset>) {
        self.expected = self.expected.max(offset);
    }

    /// Works in what is there without waiting for more.
    fn keep_up(&mut self) {
        while matches!(self.look(Duration::ZERO, &[]), Seen::Record | Seen::End) {}
    }

    /// Reads to where the log ends now: to be asked after fencing.
    fn catch_up(
        &mut self,
        settings: &KafkaSettings,
        options: &JournalOptions,
        deadline: Instant,
        batch: &[Waiting],
    ) -> Result<(), Trouble> {
        let tried: Vec<_> =
            batch.iter().filter(|waiting| waiting.tried).map(|waiting| &waiting.write).collect();
        loop {
            match self.read_to_end(deadline, &tried) {
                Ok(()) if self.is_complete() => return Ok(()),
                // The transaction's markers follow its commit by a moment.
                Ok(()) => std::thread::sleep(Duration::from_millis(5)),
                Err(Stuck::Late(why)) => return Err(Trouble(why)),
                Err(Stuck::Lost(why)) => {
                    tracing::error!(reason = why, "the registry's log is another one: reading it anew");
                    *self = Self::open(settings, options).map_err(|error| trouble(&error))?;
                    return Err(Trouble(why));
                }
            }
            if Instant::now() >= deadline {
                return Err(Trouble("the end of the registry's log was not reached in time".to_owned()));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.expected.is_none_or(|offset| self.tail.next().is_some_and(|next| offset.0 < next))
    }

    fn read_to_end(&mut self, deadline: Instant, tried: &[&WriteId]) -> Result<(), Stuck> {
        let bounds = self.tail.asker().bounds(CALL).map_err(|error| Stuck::Late(error.to_string()))?;
        let next = self.tail.next().unwrap_or(bounds.low);
        if bounds.end < next {
            return Err(Stuck::Lost(format!("it ends at {} and was read up to {next}", bounds.end)));
        }
        if bounds.end == next {
            return Ok(());
        }
        self.tail.seek_here().map_err(|error| Stuck::Late(error.to_string()))?;
        loop {
            match self.look(CALL.min(deadline.saturating_duration_since(Instant::now())), tried) {
                Seen::Record => {}
                Seen::End => {
                    self.tail.reached(bounds.end);
                    self.registry.passed(Offset(bounds.end - 1));
                    return Ok(());
                }
                Seen::Nothing if Instant::now() < deadline => {}
                Seen::Nothing => return Err(Stuck::Late("Kafka did not answer in time".to_owned())),
                Seen::Lost(why) => return Err(Stuck::Lost(why)),
            }
        }
    }

    fn look(&mut self, wait: Duration, tried: &[&WriteId]) -> Seen {
        let (registry, found) = (&mut self.registry, &mut self.found);
        self.tail.poll(wait, |record| apply(record, registry, tried, found))
    }
}

enum Stuck {
    Late(String),
    Lost(String),
}

fn apply(
    record: &BorrowedMessage<'_>,
    registry: &mut Registry,
    tried: &[&WriteId],
    found: &mut HashMap<WriteId, Offset>,
) {
    let offset = Offset(record.offset());
    if !tried.is_empty()
        && let Some(write) = write_of(record)
        && tried.contains(&&write)
    {
        found.insert(write, offset);
    }
    match wire::registry::decode(record.key().unwrap_or_default(), record.payload()) {
        Ok((Some(change), _)) => registry.apply(offset, change),
        Ok((None, _)) => registry.passed(offset),
        Err(error) => {
            tracing::error!(kafka.offset = offset.0, error = %error, "a record of the registry is passed over");
            registry.passed(offset);
        }
    }
}

fn write_of(record: &BorrowedMessage<'_>) -> Option<WriteId> {
    let header = record.headers()?.iter().find(|header| header.key == WRITE_HEADER)?;
    std::str::from_utf8(header.value?).ok().map(WriteId::new)
}

fn trouble(error: &KafkaError) -> Trouble {
    Trouble(error.to_string())
}

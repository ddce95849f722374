//! The producers: every account's events, half of them over HTTP, half written to Kafka, each sent once.
//!
//! The load is open: a slow answer does not slow it down. An event counts as accepted when its batch is answered 202, or
//! its record is acknowledged. What was not answered so may have been taken or not, and nobody is owed it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Event;
use harness::OPERATOR_KEY;
use serde_json::{Value, json};
use stream::Sink;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use wire::{Headers, OutRecord, names};

use crate::ledger::Ledger;

const TICK: Duration = Duration::from_millis(100);
/// Requests and batches under way for one account, at most: beyond it a tick is left out.
const UNDER_WAY: usize = 100;
/// How long a producer waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The running producers.
pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    ledger: Ledger,
    sink: Sink,
    events: Arc<str>,
    http: reqwest::Client,
    doors: Mutex<Vec<String>>,
    rates: Vec<(String, AtomicUsize)>,
    stopped: AtomicBool,
}

impl Load {
    /// Begins to send so many events a second of each account.
    pub(crate) fn start(ledger: &Ledger, sink: Sink, events: &Arc<str>, rates: &[(String, usize)]) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let shared = Arc::new(Shared {
            ledger: ledger.clone(),
            sink,
            events: Arc::clone(events),
            http: http.unwrap_or_else(|error| panic!("no HTTP client: {error}")),
            doors: Mutex::default(),
            rates: rates.iter().map(|(account, rate)| (account.clone(), AtomicUsize::new(*rate))).collect(),
            stopped: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        for index in 0..rates.len() {
            tasks.spawn(produce(Arc::clone(&shared), index));
        }
        Self { shared, tasks }
    }

    /// Where ingest listens now.
    pub(crate) fn doors(&self, addresses: Vec<String>) {
        *self.shared.doors.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// Sends so many events of an account from now on.
    pub(crate) fn set_rate(&self, account: &str, per_second: usize) {
        for (_, rate) in self.shared.rates.iter().filter(|(name, _)| name == account) {
            rate.store(per_second, Ordering::Relaxed);
        }
    }

    /// Sends no more, and waits for the answers to what was sent.
    pub(crate) async fn stop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn produce(shared: Arc<Shared>, account: usize) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let (mut sending, mut due, mut over_http) = (JoinSet::new(), 0, false);
    while !shared.stopped.load(Ordering::Relaxed) {
        ticks.tick().await;
        let (name, rate) = &shared.rates[account];
        due += rate.load(Ordering::Relaxed);
        let count = due / 10;
        due %= 10;
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        if count == 0 {
            continue;
        }
        over_http = !over_http;
        let (shared, name, over_http) = (Arc::clone(&shared), name.clone(), over_http);
        sending.spawn(async move {
            let _permit = permit;
            let events = (0..count).map(|_| event(&name)).collect();
            if over_http { post(&shared, events).await } else { write(&shared, events).await }
        });
        while sending.try_join_next().is_some() {}
    }
    while sending.join_next().await.is_some() {}
}

fn event(account: &str) -> Event {
    Event {
        id: uuid::Uuid::now_v7().to_string().as_str().into(),
        source: "/faults".into(),
        kind: "click".into(),
        account: account.into(),
    }
}

fn data(event: &Event) -> String {
    let number = event.id.as_str().bytes().fold(0, |sum: u64, byte| sum * 31 % 1_000_003 + u64::from(byte));
    wire::catalogue::sample("click", number)
}

async fn post(shared: &Shared, events: Vec<Event>) {
    let Some(door) = shared.door(events[0].id.as_str()) else { return };
    let body: Vec<Value> = events
        .iter()
        .map(|event| {
            let data: Value = serde_json::from_str(&data(event)).unwrap_or_default();
            json!({"specversion": "1.0", "id": event.id.as_str(), "source": event.source.as_str(),
                   "type": event.kind.as_str(), "account": event.account.as_str(),
                   "datacontenttype": "application/json", "data": data})
        })
        .collect();
    let request = shared.http.post(format!("{door}/v1/events")).bearer_auth(OPERATOR_KEY);
    let request = request.header("content-type", "application/cloudevents-batch+json");
    let answer = request.body(Value::Array(body).to_string()).send().await;
    if answer.is_ok_and(|answer| answer.status().as_u16() == 202) {
        let now = Instant::now();
        events.iter().for_each(|event| shared.ledger.accepted(event, now));
    }
}

async fn write(shared: &Shared, events: Vec<Event>) {
    let sending: Vec<_> =
        events.into_iter().map(|event| (shared.sink.send(&record(&shared.events, &event)), event)).collect();
    for (sent, event) in sending {
        if sent.await.is_ok() {
            shared.ledger.accepted(&event, Instant::now());
        }
    }
}

fn record(topic: &Arc<str>, event: &Event) -> OutRecord {
    let mut headers = Headers::new();
    headers.push(names::CONTENT_TYPE, "application/json");
    headers.push(names::CE_SPECVERSION, "1.0");
    headers.push(names::CE_ID, event.id.as_str().to_owned());
    headers.push(names::CE_SOURCE, event.source.as_str().to_owned());
    headers.push(names::CE_TYPE, event.kind.as_str().to_owned());
    headers.push(names::CE_ACCOUNT, event.account.as_str().to_owned());
    let key = Some(event.id.as_str().to_owned().into());
    OutRecord { topic: Arc::clone(topic), key, value: Some(data(event).into()), headers }
}

impl Shared {
    /// One of ingest's addresses, by lot.
    fn door(&self, lot: &str) -> Option<String> {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let number = usize::from(lot.bytes().next_back().unwrap_or_default());
        doors.get(number % doors.len().max(1)).cloned()
    }
}

//! One request's way: who sends, the body, its events, their checks, their records, Kafka's word for each.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::http::request::Parts;
use domain::{AccountId, Clock as _, EventId, Registry};
use futures::future::join_all;
use process::{SystemClock, trace};
use serde::Deserialize;
use stream::SendError;
use tokio::time::Instant;
use tracing::Instrument as _;
use wire::{Headers, OutRecord};

use crate::author::{self, Author};
use crate::body::Intake;
use crate::names::Names;
use crate::parse::{self, Draft};
use crate::refusal::{Limit, Refusal};
use crate::telemetry::Telemetry;
use crate::validate::{self, Checked, Rules};
use crate::{IngestSettings, record, spans};

/// Where records go: Kafka, or what a test puts in its place.
pub trait Produce: Send + Sync + 'static {
    /// Queues a record at once and resolves with its acknowledgement.
    fn send(&self, record: &OutRecord) -> impl Future<Output = Result<(), SendError>> + Send + use<Self>;
}

/// Where keys and accounts are looked up.
pub trait Keys: Send + Sync + 'static {
    /// Reads the registry; none while it is not read to its end for the first time.
    fn look<T>(&self, read: impl FnOnce(&Registry) -> T) -> Option<T>;
}

/// What requests are served with.
#[derive(Debug)]
pub struct Pipeline<K, S> {
    /// Keys and accounts.
    pub keys: K,
    /// Where records go.
    pub sink: S,
    /// What reads bodies.
    pub intake: Intake,
    /// The service's settings.
    pub settings: IngestSettings,
    /// The topic `events`.
    pub topic: Arc<str>,
    /// The most bytes of an event's data.
    pub event_max_bytes: usize,
    /// The service's metrics.
    pub telemetry: Telemetry,
    /// The wall clock.
    pub clock: SystemClock,
}

/// How long something that the registry does not hold may be on its way: it was made a moment ago, on a console.
const REGISTRY_LAG: Duration = Duration::from_millis(500);
const REGISTRY_GLANCE: Duration = Duration::from_millis(20);

/// The longest `Idempotency-Key`.
const IDEMPOTENCY_KEY_MAX: usize = 255;

#[derive(Deserialize)]
struct Parameters {
    account: Option<String>,
}

impl<K: Keys, S: Produce> Pipeline<K, S> {
    /// Takes a request's events, all of them, and names them. `producers` is the trace context that came with them.
    ///
    /// # Errors
    /// A [`Refusal`]: none was taken, or, for [`Refusal::Unavailable`], nobody knows which.
    pub async fn take(&self, head: &Parts, body: Body, producers: &Headers) -> Result<Vec<EventId>, Refusal> {
        let author = self.author(head).await?;
        let mode = parse::mode(&head.headers)?;
        let body = self.intake.read(&head.headers, body).await?;
        self.telemetry.body_read(body.bytes.len());
        let account = parameters(head)?.account;
        let drafts =
            parse::drafts(mode, &head.headers, account.as_deref(), &body.bytes, self.settings.max_events)?;
        self.await_accounts(&author, &drafts).await;
        let events = self.check(&author, head, drafts)?;
        let span = spans::send(&self.topic, events.len());
        let trace = span.in_scope(|| trace_headers(producers));
        let records = events.iter().map(|event| record::of(event, &self.topic, &trace));
        self.produce(records).instrument(span).await?;
        Ok(events.into_iter().map(|event| event.event.id).collect())
    }

    /// Who sends. A key that was made a moment ago may still be on its way here.
    async fn author(&self, head: &Parts) -> Result<Author, Refusal> {
        let key = author::presented(&head.headers)?;
        let look = || self.keys.look(|registry| author::author(registry, &key, self.clock.now()));
        let found = self.patiently(look, |found| *found != Some(Err(author::UNKNOWN))).await;
        found.unwrap_or(Err(Refusal::Starting))
    }

    /// Waits for accounts that an operator names and that may still be on their way here.
    async fn await_accounts(&self, author: &Author, drafts: &[Draft]) {
        if !author.operator {
            return;
        }
        let named =
            |draft: &Draft| draft.attributes.get("account").is_none_or(|id| self.exists(&id.as_str().into()));
        self.patiently(|| drafts.iter().all(named), |all| *all).await;
    }

    fn check(&self, author: &Author, head: &Parts, drafts: Vec<Draft>) -> Result<Vec<Checked>, Refusal> {
        let now = self.clock.now();
        let names = match idempotency_key(head)? {
            Some(key) => Names::Derived { key },
            None => Names::Fresh { now, random: &rand::random },
        };
        let rules = Rules {
            author,
            exists: &|account| self.exists(account),
            source: &self.settings.source,
            now,
            max_bytes: self.event_max_bytes,
            names,
        };
        validate::all(drafts, &rules)
    }

    /// Queues every record in order, then waits for every acknowledgement.
    async fn produce(&self, records: impl Iterator<Item = OutRecord>) -> Result<(), Refusal> {
        let begin = Instant::now();
        let acks: Vec<_> = records.map(|record| self.sink.send(&record)).collect();
        let failed = join_all(acks).await.into_iter().find_map(Result::err);
        self.telemetry.produced(begin.elapsed());
        failed.map_or(Ok(()), |error| Err(self.refusal(&error)))
    }

    fn refusal(&self, error: &SendError) -> Refusal {
        match error {
            SendError::TooLarge => Refusal::TooLarge(Limit {
                code: "event-too-large",
                what: "an event, with its attributes, is larger than Kafka takes".to_owned(),
                limit: self.event_max_bytes,
                unit: "bytes of data",
                setting: "topics.event_max_bytes",
            }),
            SendError::QueueFull | SendError::Unavailable(_) | SendError::Fatal(_) => {
                Refusal::Unavailable(error.to_string())
            }
        }
    }

    fn exists(&self, account: &AccountId) -> bool {
        self.keys.look(|registry| registry.account(account).is_some()).unwrap_or(false)
    }

    /// Looks until it is good, for as long as the registry may lag.
    async fn patiently<T>(&self, look: impl Fn() -> T, good: impl Fn(&T) -> bool) -> T {
        let deadline = Instant::now() + REGISTRY_LAG;
        loop {
            let found = look();
            if good(&found) || Instant::now() >= deadline {
                return found;
            }
            tokio::time::sleep(REGISTRY_GLANCE).await;
        }
    }
}

/// The trace context that a request carries on to its records: the current span's, else the producer's own.
fn trace_headers(producers: &Headers) -> Headers {
    let mut headers = if trace::has_context(producers) { producers.clone() } else { Headers::new() };
    trace::inject(&mut headers);
    headers
}

fn parameters(head: &Parts) -> Result<Parameters, Refusal> {
    let parsed = Query::try_from_uri(&head.uri);
    parsed
        .map(|Query(parameters)| parameters)
        .map_err(|error| Refusal::fault(0, "account", error.body_text()))
}

fn idempotency_key(head: &Parts) -> Result<Option<&str>, Refusal> {
    let Some(given) = head.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = given.to_str().ok().filter(|key| (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        Refusal::fault(
            0,
            "Idempotency-Key",
            format!("is not 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters"),
        )
    })
}

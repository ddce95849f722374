//! The world as it is: the registry's view and journal, the HTTP client, the system's clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Change, Clock as _, Registry, Timestamp};
use history::History;
use http::{HeaderName, HeaderValue, header};
use outbound::{Exchange, FetchLimits, LookupError, Outbound, PostRequest, SystemResolver};
use process::{Secret, SystemClock};
use stream::{Journal, KafkaSettings, RegistryView, Scan, ScanError, ScanOptions, Span, WriteError};
use tokio::time::timeout;
use url::Url;
use wire::topics::Topics;
use wire::{Origin, Record};

use crate::problem::Refusal;
use crate::rules::keys;
use crate::world::World;

/// How long an answer waits for this console's own view to have a change that is written already.
const CATCH_UP: Duration = Duration::from_secs(2);

/// How long an event may take to be looked up.
const LOOK_UP: Duration = Duration::from_secs(2);

/// How long to wait before Kafka is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Kafka and the rest.
pub(crate) struct Real {
    pub(crate) view: RegistryView,
    pub(crate) journal: Journal,
    pub(crate) outbound: Outbound,
    pub(crate) names: SystemResolver,
    pub(crate) history: History,
    /// Where events are looked up.
    pub(crate) kafka: KafkaSettings,
    pub(crate) topics: Topics,
    pub(crate) clock: SystemClock,
    /// Closed until the topics were found fit.
    pub(crate) open: Arc<AtomicBool>,
}

impl World for Real {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn look<T>(&self, read: impl FnOnce(&Registry) -> T) -> Option<T> {
        let ready = self.open.load(Ordering::Relaxed) && self.view.changed().borrow().ready;
        ready.then(|| self.view.read(read))
    }

    async fn write<D>(&self, decide: D) -> Result<Vec<Change>, WriteError<Refusal>>
    where
        D: FnMut(&Registry) -> Result<Vec<Change>, Refusal> + Send + 'static,
    {
        let recorded = self.journal.write(decide).await?;
        if let Some(offset) = recorded.offset
            && timeout(CATCH_UP, self.view.passed(offset)).await.is_err()
        {
            tracing::warn!(kafka.offset = offset.0, "the view is behind a change that was written");
        }
        Ok(recorded.changes)
    }

    fn history(&self) -> History {
        self.history.clone()
    }

    async fn event(&self, origin: Origin) -> Result<Option<Record>, String> {
        let span = Span { from: origin.offset, to: Some(origin.offset) };
        let spans = Some(BTreeMap::from([(origin.partition, span)]));
        let (topic, size) = (Arc::clone(&self.topics.events), self.topics.event_record_bytes());
        let options = ScanOptions { spans, ..ScanOptions::all(topic, size) };
        let mut scan = Scan::start(&self.kafka, options).map_err(|error| error.to_string())?;
        match timeout(LOOK_UP, scan.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(record))) => Ok(Some(record).filter(|record| record.offset == origin.offset)),
            Ok(Some(Err(ScanError::NoPartition { .. }))) => Ok(None),
            Ok(Some(Err(error))) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", LOOK_UP.as_secs())),
        }
    }

    async fn fetch(&self, place: Url) -> Exchange {
        self.outbound.fetch(place, FetchLimits::default()).await
    }

    async fn texts(&self, name: String) -> Result<Vec<String>, LookupError> {
        self.names.texts(&name).await
    }

    async fn ask_leave(&self, url: Url, origin: HeaderValue) -> Exchange {
        let headers = [(HeaderName::from_static("webhook-request-origin"), origin)].into_iter().collect();
        self.outbound.options(url, headers, FetchLimits::default().timeout).await
    }

    async fn post(&self, url: Url, body: String) -> Exchange {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let headers = headers.into_iter().collect();
        let timeout = FetchLimits::default().timeout;
        self.outbound.post(PostRequest { url, headers, body: body.into(), timeout }).await
    }
}

/// Resolves when the configured operator's key is in the registry, where all services find it, and this console's own
/// view knows it: readiness waits for that, and who waits for readiness may use the key.
pub(crate) async fn install_key(journal: &Journal, view: &RegistryView, key: &Secret, clock: SystemClock) {
    loop {
        let (presented, now) = (key.expose().to_owned(), clock.now());
        let install = move |registry: &Registry| Ok::<_, Refusal>(keys::install(registry, &presented, now));
        match journal.write(install).await {
            Ok(recorded) => {
                if let Some(offset) = recorded.offset {
                    // A view that fails for good ends the service by itself.
                    let _ = view.passed(offset).await;
                }
                return;
            }
            Err(error) => {
                let why = match &error {
                    WriteError::Rejected(_) => "rejected".to_owned(),
                    WriteError::TooLarge(bytes) => format!("{bytes} bytes"),
                    WriteError::Unavailable(why) | WriteError::Unknown(why) => why.clone(),
                };
                tracing::warn!(error = why, "the configured operator's key is not in the registry yet");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

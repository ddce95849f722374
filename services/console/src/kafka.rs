//! The world as it is: the registry's view and journal, the HTTP client, the system's clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Change, Clock as _, Offset, Partition, Registry, Timestamp};
use futures::stream::{BoxStream, StreamExt as _, iter, unfold};
use history::History;
use http::{HeaderName, HeaderValue};
use outbound::{Exchange, FetchLimits, LookupError, Outbound, PostRequest, SystemResolver};
use process::{Secret, SystemClock};
use stream::{
    Journal, KafkaSettings, RegistryView, Scan, ScanError, ScanOptions, SendError, Sink, SinkOptions, Span,
    Times, WriteError,
};
use tokio::sync::watch;
use tokio::time::timeout;
use url::Url;
use wire::api::Backlog;
use wire::disposition::Place;
use wire::topics::Topics;
use wire::{OutRecord, Record};

use crate::live::places::{Bounds, Places};
use crate::problem::Refusal;
use crate::rules::keys;
use crate::world::{Log, World};

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
    pub(crate) clock: SystemClock,
    /// Closed until the topics were found fit.
    pub(crate) open: Arc<AtomicBool>,
    pub(crate) events: Events,
    pub(crate) backlog: watch::Receiver<Option<Backlog>>,
}

/// What is read of `events`, and what follows from it.
pub(crate) struct Events {
    settings: KafkaSettings,
    options: ScanOptions,
    times: Times,
    sink: Sink,
}

impl Events {
    /// Connects in the background.
    pub(crate) fn new(settings: &KafkaSettings, topics: &Topics) -> anyhow::Result<Self> {
        let options = ScanOptions::all(Arc::clone(&topics.events), topics.event_record_bytes());
        let times = Times::new(settings, Arc::clone(&topics.events), topics.event_record_bytes());
        let sink = Sink::new(settings, SinkOptions::new(topics.delivery_record_bytes()))?;
        Ok(Self { settings: settings.clone(), options, times, sink })
    }

    fn read(
        &self,
        spans: BTreeMap<Partition, Span>,
        follow: bool,
    ) -> BoxStream<'static, Result<Record, ScanError>> {
        self.scan(ScanOptions { spans: Some(spans), follow, ..self.options.clone() })
    }

    /// One record, if it is held.
    async fn one(&self, Place { topic, partition, offset }: &Place) -> Result<Option<Record>, String> {
        let span = Span { from: *offset, to: Some(*offset) };
        let (topic, spans) = (Arc::clone(topic), Some(BTreeMap::from([(*partition, span)])));
        let mut found = self.scan(ScanOptions { topic, spans, follow: false, ..self.options.clone() });
        match timeout(LOOK_UP, found.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(record))) => Ok(Some(record).filter(|record| record.offset == *offset)),
            Ok(Some(Err(ScanError::NoPartition { .. }))) => Ok(None),
            Ok(Some(Err(error))) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", LOOK_UP.as_secs())),
        }
    }

    fn scan(&self, options: ScanOptions) -> BoxStream<'static, Result<Record, ScanError>> {
        let topic = Arc::clone(&options.topic);
        match Scan::start(&self.settings, options) {
            Ok(scan) => unfold(scan, async |mut scan| Some((scan.next().await?, scan))).boxed(),
            Err(error) => {
                let (why, servers) = (error.to_string(), self.settings.bootstrap_servers.as_str().into());
                iter([Err(ScanError::Failed { topic, servers, why })]).boxed()
            }
        }
    }
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

    fn backlog(&self) -> Option<Backlog> {
        self.backlog.borrow().clone()
    }

    async fn record(&self, place: &Place) -> Result<Option<Record>, String> {
        self.events.one(place).await
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

    async fn post(&self, request: PostRequest) -> Exchange {
        self.outbound.post(request).await
    }

    async fn held_since(&self) -> Result<Option<Timestamp>, ScanError> {
        self.events.times.held_since().await
    }

    async fn spans(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<Partition, Span>, ScanError> {
        self.events.times.spans(since, until).await
    }

    fn events(&self, spans: BTreeMap<Partition, Span>) -> BoxStream<'static, Result<Record, ScanError>> {
        self.events.read(spans, false)
    }

    async fn send(&self, record: &OutRecord) -> Result<(), SendError> {
        self.events.sink.send(record).await.map(drop)
    }

    async fn event_bounds(&self) -> Result<Bounds, String> {
        let Events { settings, options, .. } = &self.events;
        let bounds = Scan::bounds(settings, Arc::clone(&options.topic)).await;
        bounds.map(Bounds).map_err(|error| error.to_string())
    }

    fn read_events(&self, from: &Places, to: Option<&Places>) -> Log {
        let spans = match to {
            None => from.iter().map(|(partition, from)| (partition, Span { from, to: None })).collect(),
            Some(to) => from.up_to(to).into_iter().map(until).collect(),
        };
        let records = self.events.read(spans, to.is_none());
        records.map(|record| record.map_err(|error| error.to_string())).boxed()
    }
}

/// Both included, where we have the one behind the last.
fn until((partition, from, end): (Partition, Offset, Offset)) -> (Partition, Span) {
    (partition, Span { from, to: Some(Offset(end.0 - 1)) })
}

/// Resolves when the configured operator's key is in the registry, where all services find it, and this console's own
/// view knows it: readiness waits for that, and who waits for readiness may use the key. Says what that changed.
pub(crate) async fn install_key(
    journal: &Journal,
    view: &RegistryView,
    key: &Secret,
    clock: SystemClock,
) -> Vec<Change> {
    loop {
        let (presented, now) = (key.expose().to_owned(), clock.now());
        let install = move |registry: &Registry| Ok::<_, Refusal>(keys::install(registry, &presented, now));
        match journal.write(install).await {
            Ok(recorded) => {
                if let Some(offset) = recorded.offset {
                    // A view that fails for good ends the service by itself.
                    let _ = view.passed(offset).await;
                }
                return recorded.changes;
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

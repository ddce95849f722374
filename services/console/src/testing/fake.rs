//! A world in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Change, Offset, Partition, Registry, Timestamp, Webhook, WebhookId};
use futures::stream::{BoxStream, StreamExt as _, iter};
use history::{History, HistorySettings};
use http::HeaderValue;
use outbound::{Exchange, LookupError, PostRequest};
use process::{Lifecycle, Metrics};
use stream::{ScanError, SendError, Span, WriteError};
use tokio::sync::watch;
use url::Url;
use wire::api::AuditEntry;
use wire::api::Backlog;
use wire::disposition::Place;
use wire::topics::{TopicSettings, Topics};
use wire::{Headers, OutRecord, Record};

use super::{NOW, answered, apply, keyring, policy};
use crate::guesses::Guesses;
use crate::live::Streams;
use crate::live::places::{Bounds, Places};
use crate::problem::Refusal;
use crate::rates::{Codes, Rates};
use crate::rules::whence::Proxies;
use crate::telemetry::Telemetry;
use crate::world::{BackfillRates, Console, Log, World};

/// What a stranger's server answers with.
type Server = Box<dyn FnMut(&Url) -> Exchange + Send>;

/// What Kafka says to a record that is sent.
type Broker = Box<dyn FnMut(&OutRecord) -> Result<(), SendError> + Send>;

/// A world in memory. Clones share it.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<Inside>>);

struct Inside {
    registry: Option<Registry>,
    writable: bool,
    server: Server,
    now: Timestamp,
    texts: BTreeMap<String, Vec<String>>,
    leave: Exchange,
    posted: Vec<PostRequest>,
    history: Option<(History, Option<tempfile::TempDir>)>,
    events: Vec<Record>,
    held_since: Result<Option<Timestamp>, ScanError>,
    broker: Broker,
    backlog: Option<Backlog>,
    sent: Vec<OutRecord>,
    /// The audit log; none while it takes nothing.
    audited: Option<Vec<OutRecord>>,
    log: watch::Sender<EventLog>,
}

/// What lies in `events`: none while Kafka is away.
type EventLog = Option<Vec<Record>>;

/// Partitions of it.
const PARTITIONS: i32 = 2;

/// A record of `events`, in binary mode; its place is found when it is written.
pub(crate) fn event(account: &str, kind: &str, data: &str) -> Record {
    let mut headers = Headers::new();
    for (name, value) in [("ce_id", "e"), ("ce_source", "/s"), ("ce_type", kind), ("ce_account", account)] {
        headers.push(name, value.to_owned());
    }
    Record {
        topic: "postbode.events".into(),
        partition: Partition(0),
        offset: Offset(0),
        timestamp: NOW,
        key: None,
        value: Some(data.to_owned().into()),
        headers,
    }
}

impl Fake {
    pub(crate) fn new(registry: Registry) -> Self {
        let server: Server = Box::new(|_| answered(404, ""));
        Self(Arc::new(Mutex::new(Inside {
            registry: Some(registry),
            writable: true,
            server,
            now: NOW,
            texts: BTreeMap::new(),
            leave: answered(405, ""),
            posted: Vec::new(),
            history: None,
            events: Vec::new(),
            held_since: Ok(None),
            broker: Box::new(|_| Ok(())),
            backlog: None,
            sent: Vec::new(),
            audited: Some(Vec::new()),
            log: watch::channel(Some(Vec::new())).0,
        })))
    }

    /// With this history.
    pub(crate) fn remember(&self, history: History) {
        self.0.lock().unwrap().history = Some((history, None));
    }

    /// A history that is up to date; until then its database is away.
    pub(crate) async fn with_history(&self) -> History {
        let history = World::history(self);
        history.prepare().await.unwrap();
        history
    }

    /// These events stand in Kafka.
    pub(crate) fn hold(&self, events: Vec<Record>) {
        self.0.lock().unwrap().events = events;
    }

    /// Older events are deleted, or nobody can say.
    pub(crate) fn held_since(&self, since: Result<Option<Timestamp>, ScanError>) {
        self.0.lock().unwrap().held_since = since;
    }

    /// Answers what is sent.
    pub(crate) fn answer_sends(
        &self,
        broker: impl FnMut(&OutRecord) -> Result<(), SendError> + Send + 'static,
    ) {
        self.0.lock().unwrap().broker = Box::new(broker);
    }

    /// The audit log as it stands.
    pub(crate) fn audited(&self) -> Vec<AuditEntry> {
        let inside = self.0.lock().unwrap();
        let records = inside.audited.iter().flatten();
        records.map(|record| wire::audit::parse(record.value.as_deref().unwrap()).unwrap()).collect()
    }

    /// It takes nothing any more.
    pub(crate) fn lose_audit(&self) {
        self.0.lock().unwrap().audited = None;
    }

    /// What was sent and taken, but for the audit log.
    pub(crate) fn sent(&self) -> Vec<OutRecord> {
        self.0.lock().unwrap().sent.clone()
    }

    /// This waits in the pipeline.
    pub(crate) fn waiting(&self, backlog: Backlog) {
        self.0.lock().unwrap().backlog = Some(backlog);
    }

    /// Publishes a TXT record.
    pub(crate) fn publish(&self, name: &str, text: &str) {
        self.0.lock().unwrap().texts.entry(name.to_owned()).or_default().push(text.to_owned());
    }

    /// Answers handshakes.
    pub(crate) fn allow(&self, origin: &'static str) {
        let mut leave = answered(200, "");
        let headers = &mut leave.response.as_mut().unwrap().headers;
        headers.insert("webhook-allowed-origin", HeaderValue::from_static(origin));
        self.0.lock().unwrap().leave = leave;
    }

    /// What was POSTed last.
    pub(crate) fn posted(&self) -> Option<PostRequest> {
        self.0.lock().unwrap().posted.last().cloned()
    }

    /// Writes to the log of events, into the partitions in turn.
    pub(crate) fn happen(&self, record: Record) {
        self.0.lock().unwrap().log.send_modify(|log| {
            let log = log.as_mut().unwrap();
            let n = log.len() as i64;
            let (partition, offset) = (n % i64::from(PARTITIONS), n / i64::from(PARTITIONS));
            log.push(Record { partition: Partition(partition as i32), offset: Offset(offset), ..record });
        });
    }

    /// Nobody can read the log of events any more.
    pub(crate) fn lose_events(&self) {
        self.0.lock().unwrap().log.send_modify(|log| *log = None);
    }

    /// How many read the log of events.
    pub(crate) fn readers(&self) -> usize {
        self.0.lock().unwrap().log.receiver_count()
    }

    /// Not read to its end.
    pub(crate) fn starting(&self) {
        self.0.lock().unwrap().registry = None;
    }

    pub(crate) fn cut_off(&self) {
        self.0.lock().unwrap().writable = false;
    }

    pub(crate) fn later(&self, by: Duration) {
        let mut inside = self.0.lock().unwrap();
        inside.now = inside.now + by;
    }

    pub(crate) fn serve(&self, server: impl FnMut(&Url) -> Exchange + Send + 'static) {
        self.0.lock().unwrap().server = Box::new(server);
    }

    /// Another console's change.
    pub(crate) fn put(&self, change: Change) {
        apply(self.0.lock().unwrap().registry.as_mut().unwrap(), change);
    }

    pub(crate) fn stored(&self, id: &str) -> Arc<Webhook> {
        let inside = self.0.lock().unwrap();
        inside.registry.as_ref().unwrap().webhook(&WebhookId::from(id)).unwrap().webhook.clone()
    }

    /// The console on this world.
    pub(crate) fn console(&self) -> Arc<Console<Self>> {
        Arc::new(Console {
            world: self.clone(),
            policy: policy(),
            keyring: keyring(),
            ring: None,
            user_agent: HeaderValue::from_static("Postbode/test"),
            handshake_origin: "mail.example".to_owned(),
            prefix: "postbode".to_owned(),
            topics: Topics::new(&TopicSettings::default()).unwrap(),
            backfill: BackfillRates { usual: 200, most: 2_000 },
            event_max_bytes: 1024 * 1024,
            streams: Streams::new(2, 3, Lifecycle::new(Duration::from_secs(5))),
            telemetry: Telemetry::new(&Metrics::new()),
            metrics_url: Some("https://graphs.example/postbode".parse().unwrap()),
            public_url: Some("https://hooks.example/".parse().unwrap()),
            session: Duration::from_secs(3600),
            guesses: Guesses::default(),
            rates: Rates::new(100, 200),
            codes: Codes::default(),
            proxies: Proxies::parse(&["10.0.0.0/8".to_owned()]).unwrap(),
        })
    }
}

impl World for Fake {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    fn look<T>(&self, read: impl FnOnce(&Registry) -> T) -> Option<T> {
        self.0.lock().unwrap().registry.as_ref().map(read)
    }

    /// Decides twice, as a journal may.
    async fn write<D>(&self, mut decide: D) -> Result<Vec<Change>, WriteError<Refusal>>
    where
        D: FnMut(&Registry) -> Result<Vec<Change>, Refusal> + Send + 'static,
    {
        let mut inside = self.0.lock().unwrap();
        if !inside.writable {
            return Err(WriteError::Unavailable("no broker answers".to_owned()));
        }
        let registry = inside.registry.as_mut().unwrap();
        let first = decide(registry);
        let changes = decide(registry).map_err(WriteError::Rejected)?;
        assert_eq!(first.as_ref(), Ok(&changes), "a decision must come out the same again");
        for change in &changes {
            // What a record cannot say, no view knows.
            let (key, value) = wire::registry::encode(change, None);
            let (read, _) = wire::registry::decode(key.as_bytes(), value.as_deref()).unwrap();
            registry.apply(Offset(registry.position().0), read.unwrap());
        }
        Ok(changes)
    }

    fn history(&self) -> History {
        let mut inside = self.0.lock().unwrap();
        let (history, _) = inside.history.get_or_insert_with(|| {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("history.db").display());
            (History::new(&HistorySettings { url, ..HistorySettings::default() }).unwrap(), Some(folder))
        });
        history.clone()
    }

    fn backlog(&self) -> Option<Backlog> {
        self.0.lock().unwrap().backlog.clone()
    }

    async fn record(&self, place: &Place) -> Result<Option<Record>, String> {
        let at = |record: &&Record| Place::of(record) == *place;
        Ok(self.0.lock().unwrap().events.iter().find(at).cloned())
    }

    async fn fetch(&self, place: Url) -> Exchange {
        (self.0.lock().unwrap().server)(&place)
    }

    async fn texts(&self, name: String) -> Result<Vec<String>, LookupError> {
        self.0.lock().unwrap().texts.get(&name).cloned().ok_or(LookupError::NotFound)
    }

    async fn ask_leave(&self, _: Url, _: HeaderValue) -> Exchange {
        self.0.lock().unwrap().leave.clone()
    }

    async fn event_bounds(&self) -> Result<Bounds, String> {
        let inside = self.0.lock().unwrap();
        let log = inside.log.borrow();
        let log = log.as_ref().ok_or("no broker answers")?;
        let end = |partition| log.iter().filter(|it| it.partition == partition).count() as i64;
        let bounds = (0..PARTITIONS).map(Partition).map(|it| (it, (Offset(0), Offset(end(it)))));
        Ok(Bounds(bounds.collect()))
    }

    fn read_events(&self, from: &Places, to: Option<&Places>) -> Log {
        let log = self.0.lock().unwrap().log.subscribe();
        let (from, to) = (from.clone(), to.cloned());
        futures::stream::unfold((log, 0), move |(mut log, mut n)| {
            let (from, to) = (from.clone(), to.clone());
            async move {
                loop {
                    let next = log.borrow_and_update().as_ref().map(|log| log.get(n).cloned());
                    match next {
                        None => {
                            return (n != usize::MAX)
                                .then(|| (Err("it broke".to_owned()), (log, usize::MAX)));
                        }
                        Some(Some(record)) => {
                            n += 1;
                            let behind =
                                to.as_ref().is_none_or(|to| record.offset < to.next(record.partition));
                            if record.offset >= from.next(record.partition) && behind {
                                return Some((Ok(record), (log, n)));
                            }
                        }
                        Some(None) if to.is_some() => return None,
                        Some(None) => log.changed().await.ok()?,
                    }
                }
            }
        })
        .boxed()
    }

    async fn post(&self, request: PostRequest) -> Exchange {
        let mut inside = self.0.lock().unwrap();
        let exchange = (inside.server)(&request.url);
        inside.posted.push(request);
        exchange
    }

    async fn held_since(&self) -> Result<Option<Timestamp>, ScanError> {
        self.0.lock().unwrap().held_since.clone()
    }

    async fn spans(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<Partition, Span>, ScanError> {
        let mut spans = BTreeMap::new();
        let inside = self.0.lock().unwrap();
        inside.held_since.clone()?;
        for event in inside.events.iter().filter(|it| (since..until).contains(&it.timestamp)) {
            let span = Span { from: event.offset, to: Some(event.offset) };
            spans.entry(event.partition).or_insert(span).to = span.to;
        }
        Ok(spans)
    }

    fn events(&self, spans: BTreeMap<Partition, Span>) -> BoxStream<'static, Result<Record, ScanError>> {
        let within = |it: &&Record| {
            let span = spans.get(&it.partition);
            span.is_some_and(|span| it.offset >= span.from && span.to.is_none_or(|to| it.offset <= to))
        };
        let found: Vec<_> = self.0.lock().unwrap().events.iter().filter(within).cloned().collect();
        iter(found.into_iter().map(Ok)).boxed()
    }

    async fn send(&self, record: &OutRecord) -> Result<(), SendError> {
        let mut inside = self.0.lock().unwrap();
        if &*record.topic == "postbode.audit" {
            let log = inside.audited.as_mut();
            log.ok_or(SendError::Unavailable("no broker answers".to_owned()))?.push(record.clone());
            return Ok(());
        }
        (inside.broker)(record)?;
        inside.sent.push(record.clone());
        Ok(())
    }
}

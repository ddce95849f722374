//! What the console stands on, and the doors to what lies beyond it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Change, Keyring, Partition, Registry, Scope, Timestamp, Webhook, WebhookId};
use futures::stream::BoxStream;
use history::History;
use http::HeaderValue;
use httpsig::Ring;
use outbound::{AddressPolicy, Exchange, LookupError, PostRequest};
use stream::{ScanError, SendError, Span, WriteError};
use url::Url;
use wire::api::Backlog;
use wire::disposition::Place;
use wire::topics::Topics;
use wire::{Origin, OutRecord, Record};

use crate::guesses::Guesses;
use crate::live::Streams;
use crate::live::places::{Bounds, Places};
use crate::problem::Refusal;
use crate::rates::{Codes, Rates};
use crate::rules::access::{self, Actor};
use crate::rules::audit;
use crate::rules::draft::Tools;
use crate::rules::whence::Proxies;
use crate::telemetry::Telemetry;
use crate::words::sentence;

/// Kafka, strangers' servers, the clock. Tests bring their own.
pub trait World: Send + Sync + 'static {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Looks something up in the registry; none until it was read to its end once.
    fn look<T>(&self, read: impl FnOnce(&Registry) -> T) -> Option<T>;

    /// Decides on the registry as it is when nobody else writes to it, and writes what was decided. Once it is done,
    /// [`World::look`] sees it.
    fn write<D>(&self, decide: D) -> impl Future<Output = Result<Vec<Change>, WriteError<Refusal>>> + Send
    where
        D: FnMut(&Registry) -> Result<Vec<Change>, Refusal> + Send + 'static;

    /// The history. Its database may be away.
    fn history(&self) -> History;

    /// What waited in the pipeline when it was looked last; none while nobody has looked.
    fn backlog(&self) -> Option<Backlog>;

    /// A record as it stands in Kafka; none where it is not held any more.
    fn record(&self, place: &Place) -> impl Future<Output = Result<Option<Record>, String>> + Send;

    /// Fetches a file from a stranger's server, to verify a URL.
    fn fetch(&self, place: Url) -> impl Future<Output = Exchange> + Send;

    /// Looks up the texts that a name publishes.
    fn texts(&self, name: String) -> impl Future<Output = Result<Vec<String>, LookupError>> + Send;

    /// Asks a stranger's server for leave: `OPTIONS` with this `WebHook-Request-Origin`.
    fn ask_leave(&self, url: Url, origin: HeaderValue) -> impl Future<Output = Exchange> + Send;

    /// Makes a call to a stranger's server.
    fn post(&self, request: PostRequest) -> impl Future<Output = Exchange> + Send;

    /// Since when all events are held; none if none was deleted yet.
    fn held_since(&self) -> impl Future<Output = Result<Option<Timestamp>, ScanError>> + Send;

    /// Where the events of a time stand: see [`stream::Times::spans`].
    fn spans(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<BTreeMap<Partition, Span>, ScanError>> + Send;

    /// Reads events, in order per partition.
    fn events(&self, spans: BTreeMap<Partition, Span>) -> BoxStream<'static, Result<Record, ScanError>>;

    /// Where the log of events begins and ends now, or why nobody knows.
    fn event_bounds(&self) -> impl Future<Output = Result<Bounds, String>> + Send;

    /// Reads the log of events from these places on: up to those, which are not included, or for ever. What cannot be read
    /// any more is an error, in words, and the last item.
    fn read_events(&self, from: &Places, to: Option<&Places>) -> Log;

    /// Writes a record, and says when all in-sync replicas have it.
    fn send(&self, record: &OutRecord) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// How fast backfills may go, in events per second.
#[derive(Clone, Copy, Debug)]
pub struct BackfillRates {
    /// Where none is asked for.
    pub usual: u32,
    /// At most.
    pub most: u32,
}

/// Records as they are read.
pub type Log = BoxStream<'static, Result<Record, String>>;

/// The console: what every request needs.
#[derive(Debug)]
pub struct Console<W> {
    /// What lies beyond.
    pub world: W,
    /// Judges URLs.
    pub policy: AddressPolicy,
    /// Seals and opens secrets.
    pub keyring: Keyring,
    /// The platform's own keys, if it has any.
    pub ring: Option<Ring>,
    /// What verification files' names begin with.
    pub prefix: String,
    /// What test calls say they come from.
    pub user_agent: HeaderValue,
    /// What we are called in handshakes.
    pub handshake_origin: String,
    /// How the topics are called.
    pub topics: Topics,
    /// How fast backfills may go.
    pub backfill: BackfillRates,
    /// The largest event's data, in bytes.
    pub event_max_bytes: usize,
    /// Those who listen to events.
    pub streams: Streams,
    /// Metrics.
    pub telemetry: Telemetry,
    /// Where people find the pages, if that is known.
    pub public_url: Option<Url>,
    /// Where operators see the metrics, if they said.
    pub metrics_url: Option<Url>,
    /// How long a session on the pages lasts.
    pub session: Duration,
    /// Who has tried how often to sign in.
    pub guesses: Guesses,
    /// How often a key may ask.
    pub rates: Rates,
    /// How often codes are sent.
    pub codes: Codes,
    /// Whose word about clients is believed.
    pub proxies: Proxies,
}

impl<W: World> Console<W> {
    /// Looks something up.
    ///
    /// # Errors
    /// When the registry was not read to its end yet, or what `read` says.
    pub fn look<T>(&self, read: impl FnOnce(&Registry) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.world.look(read).ok_or(Refusal::Starting)?
    }

    /// The history. Its database may be away.
    pub fn history(&self) -> History {
        self.world.history()
    }

    /// An event as it stands in Kafka; none where it is not held any more.
    ///
    /// # Errors
    /// Why Kafka did not answer, in words.
    pub async fn event_at(&self, origin: Origin) -> Result<Option<Record>, String> {
        let Origin { partition, offset } = origin;
        self.world.record(&Place { topic: Arc::clone(&self.topics.events), partition, offset }).await
    }

    /// A webhook as it counts now, if it is there for who asks.
    ///
    /// # Errors
    /// When it is not, or the key lacks the scope.
    pub fn webhook(&self, actor: &Actor, scope: Scope, id: &WebhookId) -> Result<Arc<Webhook>, Refusal> {
        actor.require(scope)?;
        self.look(|registry| Ok(access::webhook(registry, actor, id)?.webhook.clone()))
    }

    /// Changes the registry in the name of a key, which must be as good at the change's turn as it was before. What was
    /// changed is written to the audit log before this returns.
    ///
    /// # Errors
    /// When the decision is not to, or Kafka is away.
    pub async fn write<D>(&self, actor: &Actor, mut decide: D) -> Result<Vec<Change>, Refusal>
    where
        D: FnMut(&Registry) -> Result<Vec<Change>, Refusal> + Send + 'static,
    {
        let (who, now) = (actor.clone(), self.world.now());
        // It may decide more than once: the last time counts.
        let noted = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&noted);
        let written = self
            .world
            .write(move |registry| {
                who.stands(registry, now)?;
                let changes = decide(registry)?;
                *note.lock().unwrap_or_else(PoisonError::into_inner) = audit::deeds(registry, &changes);
                Ok(changes)
            })
            .await;
        self.telemetry.written(&written);
        let deeds = std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
        match &written {
            Ok(_) => self.audit(actor, deeds).await,
            Err(WriteError::Unknown(_)) => self.audit_uncertain(actor, deeds).await,
            Err(WriteError::Rejected(_) | WriteError::TooLarge(_) | WriteError::Unavailable(_)) => {}
        }
        written.map_err(refusal)
    }

    /// What requests are checked and sealed with, now.
    pub fn tools(&self) -> Tools<'_> {
        Tools {
            policy: &self.policy,
            keyring: &self.keyring,
            signs: self.ring.is_some(),
            now: self.world.now(),
        }
    }
}

fn refusal(error: WriteError<Refusal>) -> Refusal {
    match error {
        WriteError::Rejected(refusal) => refusal,
        WriteError::TooLarge(bytes) => Refusal::field("", sentence!("too-large-to-store", bytes = bytes)),
        WriteError::Unavailable(why) => Refusal::Unavailable(why),
        WriteError::Unknown(why) => Refusal::Unknown(why),
    }
}

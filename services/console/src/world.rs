//! What the console stands on, and the doors to what lies beyond it.

use std::future::Future;

use domain::{Change, Keyring, Registry, Scope, Timestamp, Webhook, WebhookId};
use history::History;
use http::HeaderValue;
use httpsig::Ring;
use outbound::{AddressPolicy, Exchange, LookupError};
use stream::WriteError;
use url::Url;
use wire::{Origin, Record};

use crate::problem::Refusal;
use crate::rules::access::{self, Actor};
use crate::rules::draft::Tools;
use crate::telemetry::Telemetry;

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

    /// An event as it stands in Kafka; none where it is not held any more.
    fn event(&self, origin: Origin) -> impl Future<Output = Result<Option<Record>, String>> + Send;

    /// Fetches a file from a stranger's server, to verify a URL.
    fn fetch(&self, place: Url) -> impl Future<Output = Exchange> + Send;

    /// Looks up the texts that a name publishes.
    fn texts(&self, name: String) -> impl Future<Output = Result<Vec<String>, LookupError>> + Send;

    /// Asks a stranger's server for leave: `OPTIONS` with this `WebHook-Request-Origin`.
    fn ask_leave(&self, url: Url, origin: HeaderValue) -> impl Future<Output = Exchange> + Send;

    /// POSTs JSON to a stranger's server.
    fn post(&self, url: Url, body: String) -> impl Future<Output = Exchange> + Send;
}

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
    /// What we are called in handshakes.
    pub handshake_origin: String,
    /// Metrics.
    pub telemetry: Telemetry,
}

impl<W: World> Console<W> {
    /// Looks something up.
    ///
    /// # Errors
    /// When the registry was not read to its end yet, or what `read` says.
    pub fn look<T>(&self, read: impl FnOnce(&Registry) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.world.look(read).ok_or(Refusal::Starting)?
    }

    /// A webhook as it counts now, if it is there for who asks.
    ///
    /// # Errors
    /// When it is not, or the key lacks the scope.
    pub fn webhook(
        &self,
        actor: &Actor,
        scope: Scope,
        id: &WebhookId,
    ) -> Result<std::sync::Arc<Webhook>, Refusal> {
        actor.require(scope)?;
        self.look(|registry| Ok(access::webhook(registry, actor, id)?.webhook.clone()))
    }

    /// Changes the registry in the name of a key, which must be as good at the change's turn as it was before.
    ///
    /// # Errors
    /// When the decision is not to, or Kafka is away.
    pub async fn write<D>(&self, actor: &Actor, mut decide: D) -> Result<Vec<Change>, Refusal>
    where
        D: FnMut(&Registry) -> Result<Vec<Change>, Refusal> + Send + 'static,
    {
        let (actor, now) = (actor.clone(), self.world.now());
        let written = self
            .world
            .write(move |registry| {
                actor.stands(registry, now)?;
                decide(registry)
            })
            .await;
        self.telemetry.written(&written);
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
        WriteError::TooLarge(bytes) => Refusal::field(
            "",
            format!("the whole is too large to be stored ({bytes} bytes): use shorter headers"),
        ),
        WriteError::Unavailable(why) => Refusal::Unavailable(why),
        WriteError::Unknown(why) => Refusal::Unknown(why),
    }
}

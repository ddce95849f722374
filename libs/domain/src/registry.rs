//! What is configured, as one process sees it: accounts, keys, webhooks and their health, indexed for routing.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{
    Account, AccountId, ApiKey, DisabledReason, EventType, KeyHash, Offset, Revision, State, Timestamp,
    Types, Webhook, WebhookId,
};

/// One change, as read from the registry's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A webhook was made or changed.
    Webhook(Box<Webhook>),
    /// A webhook was deleted.
    WebhookGone(WebhookId),
    /// What delivery found out about a webhook's endpoint.
    Health(Health),
    /// What delivery found out is void.
    HealthGone(WebhookId),
    /// What fan-out found out about a webhook's filter.
    FilterFailure(FilterFailure),
    /// What fan-out found out is void.
    FilterFailureGone(WebhookId),
    /// An account was made or changed.
    Account(Account),
    /// An account was deleted.
    AccountGone(AccountId),
    /// A key was made or changed.
    Key(ApiKey),
    /// A key was revoked.
    KeyGone(KeyHash),
}

/// What delivery found out about an endpoint. It counts for one revision of the webhook only: a person who changes or
/// re-enables the webhook voids it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which revision of it.
    pub revision: Revision,
    /// Since when nothing but failures.
    pub failing_since: Option<Timestamp>,
    /// Why no call is made any more.
    pub disabled: Option<DisabledReason>,
}

/// A filter that could not say whether an event is wanted. Like [`Health`] it counts for one revision only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFailure {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Which revision of it.
    pub revision: Revision,
    /// When it was seen, to the hour: it is not written down for each event.
    pub at: Timestamp,
    /// Why, in words that hold no values of the event.
    pub why: String,
}

/// A webhook as it counts now.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The webhook; its `state` has the health worked in.
    pub webhook: Arc<Webhook>,
    /// Where in the registry's log its record stands.
    pub offset: Offset,
    /// Since when its endpoint did nothing but fail, as far as that was written down.
    pub failing_since: Option<Timestamp>,
}

/// The in-memory view.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    position: i64,
    accounts: HashMap<AccountId, Account>,
    keys: HashMap<KeyHash, ApiKey>,
    written: HashMap<WebhookId, (Arc<Webhook>, Offset)>,
    health: HashMap<WebhookId, Health>,
    filter_failures: HashMap<WebhookId, FilterFailure>,
    standing: HashMap<WebhookId, Standing>,
    routes: HashMap<AccountId, Routes>,
}

/// The active webhooks of one account.
#[derive(Clone, Debug, Default)]
struct Routes {
    all: Vec<Standing>,
    by_type: HashMap<EventType, Vec<Standing>>,
}

impl Registry {
    /// Works in the change that stands at this offset.
    pub fn apply(&mut self, offset: Offset, change: Change) {
        match change {
            Change::Webhook(webhook) => {
                let id = webhook.id.clone();
                self.written.insert(id.clone(), (Arc::new(*webhook), offset));
                self.settle(&id);
            }
            Change::WebhookGone(id) => {
                self.written.remove(&id);
                self.settle(&id);
            }
            Change::Health(health) => {
                let id = health.webhook.clone();
                self.health.insert(id.clone(), health);
                self.settle(&id);
            }
            Change::HealthGone(id) => {
                self.health.remove(&id);
                self.settle(&id);
            }
            Change::FilterFailure(failure) => {
                self.filter_failures.insert(failure.webhook.clone(), failure);
            }
            Change::FilterFailureGone(id) => {
                self.filter_failures.remove(&id);
            }
            Change::Account(account) => {
                self.accounts.insert(account.id.clone(), account);
            }
            Change::AccountGone(id) => {
                self.accounts.remove(&id);
            }
            Change::Key(key) => {
                self.keys.insert(key.hash, key);
            }
            Change::KeyGone(hash) => {
                self.keys.remove(&hash);
            }
        }
        self.passed(offset);
    }

    /// Notes that the log was read up to and including this offset, whatever stood there.
    pub fn passed(&mut self, offset: Offset) {
        self.position = self.position.max(offset.next().0);
    }

    /// Whether the record at this offset is worked in.
    pub fn has_passed(&self, offset: Offset) -> bool {
        offset.0 < self.position
    }

    /// The offset that comes next.
    pub fn position(&self) -> Offset {
        Offset(self.position)
    }

    /// A webhook as it counts now.
    pub fn webhook(&self, id: &WebhookId) -> Option<&Standing> {
        self.standing.get(id)
    }

    /// What delivery found out about a webhook, if it is about its present revision.
    pub fn health(&self, id: &WebhookId) -> Option<&Health> {
        let (webhook, _) = self.written.get(id)?;
        self.health.get(id).filter(|health| health.revision == webhook.revision)
    }

    /// What fan-out found out about a webhook's filter, if it is about its present revision.
    pub fn filter_failure(&self, id: &WebhookId) -> Option<&FilterFailure> {
        let (webhook, _) = self.written.get(id)?;
        self.filter_failures.get(id).filter(|failure| failure.revision == webhook.revision)
    }

    /// All webhooks, in no order.
    pub fn webhooks(&self) -> impl Iterator<Item = &Standing> {
        self.standing.values()
    }

    /// The active webhooks of an account that want events of this type. Costs nothing for the webhooks of others.
    pub fn routes<'a>(&'a self, account: &AccountId, kind: &EventType) -> impl Iterator<Item = &'a Standing> {
        let routes = self.routes.get(account);
        let typed = routes.and_then(|routes| routes.by_type.get(kind));
        routes.into_iter().flat_map(|routes| &routes.all).chain(typed.into_iter().flatten())
    }

    /// An account.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// All accounts, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The key of that hash.
    pub fn key(&self, hash: &KeyHash) -> Option<&ApiKey> {
        self.keys.get(hash)
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &ApiKey> {
        self.keys.values()
    }

    /// Works out how a webhook counts now, and routes to it accordingly.
    fn settle(&mut self, id: &WebhookId) {
        if let Some(old) = self.standing.remove(id) {
            self.unroute(&old.webhook);
        }
        let Some((written, offset)) = self.written.get(id) else {
            return;
        };
        let health = self.health(id);
        let failing_since = health.and_then(|health| health.failing_since);
        let disabled = health.and_then(|health| health.disabled);
        let webhook = match disabled.map(|reason| written.state.after(crate::Step::Disable(reason))) {
            Some(Ok(state)) => Arc::new(Webhook { state, ..Webhook::clone(written) }),
            Some(Err(_)) | None => Arc::clone(written),
        };
        let standing = Standing { webhook, offset: *offset, failing_since };
        self.route(&standing);
        self.standing.insert(id.clone(), standing);
    }

    fn route(&mut self, standing: &Standing) {
        if standing.webhook.state != State::Active {
            return;
        }
        let routes = self.routes.entry(standing.webhook.account.clone()).or_default();
        match &standing.webhook.types {
            Types::All => routes.all.push(standing.clone()),
            Types::Only(kinds) => {
                for kind in kinds {
                    routes.by_type.entry(kind.clone()).or_default().push(standing.clone());
                }
            }
        }
    }

    fn unroute(&mut self, webhook: &Webhook) {
        let Some(routes) = self.routes.get_mut(&webhook.account) else {
            return;
        };
        routes.all.retain(|standing| standing.webhook.id != webhook.id);
        if let Types::Only(kinds) = &webhook.types {
            for kind in kinds {
                if let Some(list) = routes.by_type.get_mut(kind) {
                    list.retain(|standing| standing.webhook.id != webhook.id);
                }
            }
        }
        routes.by_type.retain(|_, list| !list.is_empty());
        if routes.all.is_empty() && routes.by_type.is_empty() {
            self.routes.remove(&webhook.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::webhook;

    fn routed(registry: &Registry, account: &str, kind: &str) -> Vec<String> {
        let mut ids: Vec<_> =
            registry.routes(&account.into(), &kind.into()).map(|s| s.webhook.id.to_string()).collect();
        ids.sort();
        ids
    }

    fn with(webhooks: impl IntoIterator<Item = Webhook>) -> Registry {
        let mut registry = Registry::default();
        for (n, webhook) in webhooks.into_iter().enumerate() {
            registry.apply(Offset(i64::try_from(n).unwrap()), Change::Webhook(Box::new(webhook)));
        }
        registry
    }

    #[test]
    fn an_event_finds_the_webhooks_of_its_account_that_want_its_type() {
        let registry = with([
            webhook("a1", "acme", &["click"]),
            webhook("a2", "acme", &["click", "open"]),
            webhook("a3", "acme", &[]),
            webhook("b1", "bolt", &["click"]),
        ]);
        assert_eq!(routed(&registry, "acme", "click"), ["a1", "a2", "a3"]);
        assert_eq!(routed(&registry, "acme", "open"), ["a2", "a3"]);
        assert_eq!(routed(&registry, "bolt", "open"), [""; 0]);
        assert_eq!(routed(&registry, "nobody", "click"), [""; 0]);
    }

    #[test]
    fn only_active_webhooks_are_routed_to() {
        let mut registry = with([webhook("a1", "acme", &["click"])]);
        for state in [State::Paused, State::Unverified, State::Disabled(DisabledReason::Failing)] {
            let changed = Webhook { state, ..webhook("a1", "acme", &["click"]) };
            registry.apply(Offset(5), Change::Webhook(Box::new(changed)));
            assert_eq!(routed(&registry, "acme", "click"), [""; 0]);
        }
        registry.apply(Offset(6), Change::Webhook(Box::new(webhook("a1", "acme", &["open"]))));
        assert_eq!(routed(&registry, "acme", "open"), ["a1"]);
        registry.apply(Offset(7), Change::WebhookGone("a1".into()));
        assert_eq!(routed(&registry, "acme", "open"), [""; 0]);
        assert!(registry.routes.is_empty() && registry.webhook(&"a1".into()).is_none());
    }

    #[test]
    fn health_disables_its_own_revision_only() {
        let mut registry = with([webhook("a1", "acme", &["click"])]);
        let revision = registry.webhook(&"a1".into()).unwrap().webhook.revision;
        let gone = Health {
            webhook: "a1".into(),
            revision,
            failing_since: None,
            disabled: Some(DisabledReason::Gone),
        };
        registry.apply(Offset(1), Change::Health(gone));
        let standing = registry.webhook(&"a1".into()).unwrap();
        assert_eq!(standing.webhook.state, State::Disabled(DisabledReason::Gone));
        assert_eq!(standing.offset, Offset(0));
        let enabled = Webhook { revision: revision.next(), ..webhook("a1", "acme", &["click"]) };
        registry.apply(Offset(2), Change::Webhook(Box::new(enabled)));
        assert_eq!(registry.webhook(&"a1".into()).unwrap().webhook.state, State::Active);
        assert!(registry.health(&"a1".into()).is_none());
    }

    #[test]
    fn a_filters_failure_is_about_one_revision() {
        let mut registry = with([webhook("a1", "acme", &["click"])]);
        let at = Timestamp::from_millis(7);
        let failure = FilterFailure { webhook: "a1".into(), revision: Revision(1), at, why: "no".to_owned() };
        registry.apply(Offset(1), Change::FilterFailure(failure.clone()));
        assert_eq!(registry.filter_failure(&"a1".into()), Some(&failure));
        assert_eq!(routed(&registry, "acme", "click"), ["a1"]);
        let changed = Webhook { revision: Revision(2), ..webhook("a1", "acme", &["click"]) };
        registry.apply(Offset(2), Change::Webhook(Box::new(changed)));
        assert_eq!(registry.filter_failure(&"a1".into()), None);
        registry.apply(Offset(3), Change::FilterFailureGone("a1".into()));
        assert!(registry.filter_failures.is_empty());
    }

    #[test]
    fn the_view_knows_how_far_it_has_read() {
        let mut registry = Registry::default();
        assert!(!registry.has_passed(Offset(0)));
        registry.passed(Offset(3));
        assert!(registry.has_passed(Offset(3)) && !registry.has_passed(Offset(4)));
    }
}

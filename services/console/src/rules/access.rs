//! Who asks, and what is theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{AccountId, ApiKey, KeyHash, Registry, Revision, Scope, Standing, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};

use super::whence::Whence;
use crate::problem::Refusal;
use crate::words::{Sentence, sentence};

/// Who asks: a key that was good when it was looked up, or a guest, who acts like one with a key of its account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    key: ApiKey,
    is_guest: bool,
    whence: Arc<Whence>,
}

/// Somebody whom the platform's own dashboard has sent, by a link that works once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// The link's id, by which logs know its guest.
    pub link: String,
    /// Whose webhooks it may see.
    pub account: String,
    /// Whether it may change them, too.
    pub writes: bool,
    /// From when on it is nobody.
    #[serde(with = "wire::text::Rfc3339")]
    pub until: Timestamp,
    /// What the platform calls itself.
    pub platform: Option<String>,
    /// Its logo, as a `data:` URL.
    pub logo: Option<String>,
    /// Its colour: `#rrggbb`.
    pub colour: Option<String>,
    /// Where its own dashboard is.
    pub return_url: Option<String>,
}

impl Actor {
    /// The owner of a key as presented.
    ///
    /// # Errors
    /// When the registry does not know it, or it has expired.
    pub fn of(registry: &Registry, presented: &str, now: Timestamp) -> Result<Self, Refusal> {
        Self::by_hash(registry, &KeyHash::of(presented), now)
    }

    /// The owner of a key that was presented before.
    ///
    /// # Errors
    /// When the registry does not know it any more, or it has expired.
    pub fn by_hash(registry: &Registry, hash: &KeyHash, now: Timestamp) -> Result<Self, Refusal> {
        let key = registry.key(hash).ok_or_else(|| Refusal::Unauthenticated(unknown()))?;
        if !key.is_valid(now) {
            return Err(Refusal::Unauthenticated(sentence!("key-expired")));
        }
        Ok(Self { key: key.clone(), is_guest: false, whence: Arc::default() })
    }

    /// A guest.
    pub fn guest(guest: &Guest) -> Self {
        let mut scopes = BTreeSet::from([Scope::WebhooksRead]);
        if guest.writes {
            scopes.insert(Scope::WebhooksWrite);
        }
        let key = ApiKey {
            id: guest.link.as_str().into(),
            hash: KeyHash::of(""),
            account: Some(guest.account.as_str().into()),
            name: guest.account.clone(),
            scopes,
            expires_at: Some(guest.until),
            created_at: guest.until,
            revision: Revision(1),
        };
        Self { key, is_guest: true, whence: Arc::default() }
    }

    /// The same, and where they come from.
    #[must_use]
    pub fn coming(self, whence: Whence) -> Self {
        Self { whence: Arc::new(whence), ..self }
    }

    /// Where they come from.
    pub fn whence(&self) -> &Whence {
        &self.whence
    }

    /// Whether it is a guest.
    pub fn is_guest(&self) -> bool {
        self.is_guest
    }

    /// Whether the key is still what it was: asked again when a change has its turn.
    ///
    /// # Errors
    /// When it was revoked, changed, or has expired.
    pub fn stands(&self, registry: &Registry, now: Timestamp) -> Result<(), Refusal> {
        let stands = match self.is_guest {
            true => self.key.account.as_ref().is_some_and(|account| registry.account(account).is_some()),
            false => registry.key(&self.key.hash) == Some(&self.key),
        };
        if stands && self.key.is_valid(now) { Ok(()) } else { Err(Refusal::Unauthenticated(unknown())) }
    }

    /// The key.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// Whether it speaks for every account.
    pub fn is_operator(&self) -> bool {
        self.key.is_operator()
    }

    /// Asks for a scope.
    ///
    /// # Errors
    /// Names the scope if the key lacks it.
    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        if self.key.allows(scope) { Ok(()) } else { Err(Refusal::Forbidden(scope)) }
    }

    /// Whether what belongs to that account is there for who asks.
    pub fn sees(&self, account: &AccountId) -> bool {
        self.key.may_touch(account)
    }

    /// The accounts whose things a list shows: one, or (for operators who name none) all.
    ///
    /// # Errors
    /// When the account is another's or does not exist: the same to who asks.
    pub fn listed(&self, registry: &Registry, named: Option<&str>) -> Result<Option<AccountId>, Refusal> {
        match named {
            Some(named) => self.account(registry, named).map(Some),
            None if self.is_operator() => Ok(None),
            None => self.key.account.clone().map(Some).ok_or(Refusal::NoSuch("account")),
        }
    }

    /// An account, by name, if it is there for who asks.
    ///
    /// # Errors
    /// When it is another's or does not exist: the same to who asks.
    pub fn account(&self, registry: &Registry, named: &str) -> Result<AccountId, Refusal> {
        let account = AccountId::from(named);
        let there = self.sees(&account) && registry.account(&account).is_some();
        if there { Ok(account) } else { Err(Refusal::NoSuch("account")) }
    }

    /// The account that is meant: the one that is named, or the key's own.
    ///
    /// # Errors
    /// When an operator names none, or anybody one that is not there for them.
    pub fn account_meant(&self, registry: &Registry, named: Option<&str>) -> Result<AccountId, Refusal> {
        match (named, &self.key.account) {
            (Some(named), _) => self.account(registry, named),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => Err(Refusal::field("account", sentence!("account-of-events"))),
        }
    }

    /// The account that something new will belong to: the key's own, unless an operator names one.
    ///
    /// # Errors
    /// When an operator names none, or anybody one that is not there for them.
    pub fn account_for_new(&self, named: Option<&str>) -> Result<AccountId, Refusal> {
        match (named, &self.key.account) {
            (Some(named), _) if self.sees(&named.into()) => Ok(named.into()),
            (Some(_), _) => Err(Refusal::NoSuch("account")),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => Err(Refusal::field("account", sentence!("account-of-webhook"))),
        }
    }
}

/// A webhook, if it is there for who asks.
///
/// # Errors
/// When it is another account's or does not exist: the same to who asks.
pub fn webhook<'r>(registry: &'r Registry, actor: &Actor, id: &WebhookId) -> Result<&'r Standing, Refusal> {
    registry
        .webhook(id)
        .filter(|standing| actor.sees(&standing.webhook.account))
        .ok_or(Refusal::NoSuch("webhook"))
}

fn unknown() -> Sentence {
    sentence!("key-unknown")
}

//! Who asks, and what is theirs.

use domain::{AccountId, ApiKey, KeyHash, Registry, Scope, Standing, Timestamp, WebhookId};

use crate::problem::Refusal;

/// Who asks: a key that was good when it was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(ApiKey);

impl Actor {
    /// The owner of a key as presented.
    ///
    /// # Errors
    /// When the registry does not know it, or it has expired.
    pub fn of(registry: &Registry, presented: &str, now: Timestamp) -> Result<Self, Refusal> {
        let key = registry.key(&KeyHash::of(presented)).ok_or(Refusal::Unauthenticated(UNKNOWN))?;
        if !key.is_valid(now) {
            return Err(Refusal::Unauthenticated("this key has expired"));
        }
        Ok(Self(key.clone()))
    }

    /// Whether the key is still what it was: asked again when a change has its turn.
    ///
    /// # Errors
    /// When it was revoked, changed, or has expired.
    pub fn stands(&self, registry: &Registry, now: Timestamp) -> Result<(), Refusal> {
        match registry.key(&self.0.hash) {
            Some(key) if *key == self.0 && key.is_valid(now) => Ok(()),
            Some(_) | None => Err(Refusal::Unauthenticated(UNKNOWN)),
        }
    }

    /// The key.
    pub fn key(&self) -> &ApiKey {
        &self.0
    }

    /// Whether it speaks for every account.
    pub fn is_operator(&self) -> bool {
        self.0.is_operator()
    }

    /// Asks for a scope.
    ///
    /// # Errors
    /// Names the scope if the key lacks it.
    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        if self.0.allows(scope) { Ok(()) } else { Err(Refusal::Forbidden(scope)) }
    }

    /// Whether what belongs to that account is there for who asks.
    pub fn sees(&self, account: &AccountId) -> bool {
        self.0.may_touch(account)
    }

    /// The accounts whose things a list shows: one, or (for operators who name none) all.
    ///
    /// # Errors
    /// When the account is another's or does not exist: the same to who asks.
    pub fn listed(&self, registry: &Registry, named: Option<&str>) -> Result<Option<AccountId>, Refusal> {
        match named {
            Some(named) => self.account(registry, named).map(Some),
            None if self.is_operator() => Ok(None),
            None => self.0.account.clone().map(Some).ok_or(Refusal::NoSuch("account")),
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
        match (named, &self.0.account) {
            (Some(named), _) => self.account(registry, named),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => {
                Err(Refusal::field("account", "is missing: an operator says whose events are meant"))
            }
        }
    }

    /// The account that something new will belong to: the key's own, unless an operator names one.
    ///
    /// # Errors
    /// When an operator names none, or anybody one that is not there for them.
    pub fn account_for_new(&self, named: Option<&str>) -> Result<AccountId, Refusal> {
        match (named, &self.0.account) {
            (Some(named), _) if self.sees(&named.into()) => Ok(named.into()),
            (Some(_), _) => Err(Refusal::NoSuch("account")),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => {
                Err(Refusal::field("account", "is missing: an operator says whose the webhook will be"))
            }
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

const UNKNOWN: &str = "this key is not known: it was revoked, or mistyped";

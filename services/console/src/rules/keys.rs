//! API keys: shown once, stored as a hash.

use std::collections::BTreeSet;

use domain::{AccountId, ApiKey, Change, KeyHash, KeyId, Registry, Revision, Scope, Timestamp};
use wire::api::NewKey;

use super::access::Actor;
use super::chance::{self, Chance};
use super::fields::{self, Errors};
use crate::problem::Refusal;
use crate::words::sentence;

/// The id of the operator's key that comes from the configuration.
pub const CONFIGURED: &str = "key_configured";

/// A key to be, and what its owner gets.
#[derive(Clone)]
pub struct Draft {
    /// The key as it is stored.
    pub key: ApiKey,
    /// The key itself.
    pub secret: String,
}

/// Checks a request for a new key, for an account or (none) for operators, and draws the key.
///
/// # Errors
/// Names each field that will not do; a scope that who asks does not have is forbidden.
pub fn prepare(
    new: &NewKey,
    account: Option<AccountId>,
    actor: &Actor,
    now: Timestamp,
    chance: Chance<'_>,
) -> Result<Draft, Refusal> {
    let mut errors = Errors::default();
    let name = errors.keep(fields::name("name", &new.name));
    let scopes = scopes(&new.scopes, account.is_some(), &mut errors);
    if new.expires_at.is_some_and(|end| end <= now) {
        errors.add("expires_at", sentence!("time-past"));
    }
    errors.finish()?;
    for scope in &scopes {
        actor.require(*scope)?;
    }
    let secret = format!("pbk_{}", chance::hex::<32>(chance));
    let key = ApiKey {
        id: KeyId::new(chance::id("key", now, chance)),
        hash: KeyHash::of(&secret),
        account,
        name: name.unwrap_or_default(),
        scopes,
        expires_at: new.expires_at,
        created_at: now,
        revision: Revision(1),
    };
    Ok(Draft { key, secret })
}

/// Makes the key.
///
/// # Errors
/// When its account does not exist.
pub fn create(registry: &Registry, key: &ApiKey) -> Result<Vec<Change>, Refusal> {
    if key.account.as_ref().is_some_and(|account| registry.account(account).is_none()) {
        return Err(Refusal::NoSuch("account"));
    }
    Ok(vec![Change::Key(key.clone())])
}

/// Revokes a key: one's own account's, or, for operators, any but the one that the configuration would bring back.
///
/// # Errors
/// When there is no such key for who asks, or it is the configured one.
pub fn delete(registry: &Registry, actor: &Actor, id: &KeyId) -> Result<Vec<Change>, Refusal> {
    let visible = |key: &&ApiKey| key.id == *id && is_visible(actor, key);
    let key = registry.keys().find(visible).ok_or(Refusal::NoSuch("key"))?;
    if id.as_str() == CONFIGURED {
        return Err(Refusal::Conflict { code: "configured-key", detail: sentence!("key-configured") });
    }
    Ok(vec![Change::KeyGone(key.hash)])
}

/// Whether a key is there for who asks.
pub fn is_visible(actor: &Actor, key: &ApiKey) -> bool {
    actor.is_operator() || key.account.as_ref().is_some_and(|account| actor.sees(account))
}

/// Sees to it that the operator's key of the configuration is known, and none that stood there before.
pub fn install(registry: &Registry, presented: &str, now: Timestamp) -> Vec<Change> {
    let hash = KeyHash::of(presented);
    let before = registry.keys().filter(|key| key.id.as_str() == CONFIGURED && key.hash != hash);
    let mut changes: Vec<_> = before.map(|key| Change::KeyGone(key.hash)).collect();
    let known = registry.key(&hash).is_some_and(|key| key.is_operator() && key.is_valid(now));
    if !known {
        changes.push(Change::Key(ApiKey {
            id: CONFIGURED.into(),
            hash,
            account: None,
            name: "Operator key from the configuration".to_owned(),
            scopes: BTreeSet::from([Scope::Operator]),
            expires_at: None,
            created_at: now,
            revision: Revision(1),
        }));
    }
    changes
}

/// Operators' keys belong to nobody, and nobody's keys are operators': a key without either could do nothing.
fn scopes(names: &[String], for_account: bool, errors: &mut Errors) -> BTreeSet<Scope> {
    let mut scopes = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        match Scope::named(name) {
            Some(Scope::Operator) if for_account => {
                errors.add(format!("scopes[{index}]"), sentence!("scope-of-operators"));
            }
            Some(scope) => {
                scopes.insert(scope);
            }
            None => {
                let names = Scope::ALL.map(Scope::name).join(", ");
                let what = sentence!("scope-unknown", text = fields::shown(name), names = names);
                errors.add(format!("scopes[{index}]"), what);
            }
        }
    }
    if names.is_empty() {
        errors.add("scopes", sentence!("scopes-empty"));
    } else if !for_account && !scopes.contains(&Scope::Operator) {
        errors.add("scopes", sentence!("scopes-of-nobody"));
    }
    scopes
}

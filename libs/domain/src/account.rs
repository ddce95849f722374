//! Accounts and the API keys that speak for them.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;

use sha2::{Digest, Sha256};

use crate::{AccountId, KeyId, Revision, Timestamp};

/// A customer of the mail platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What events and webhooks name it by.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Who is told when a webhook fails.
    pub contact: Option<Contact>,
    /// What is kept of its attempts.
    pub keep: Keep,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many changes made it what it is.
    pub revision: Revision,
}

/// Somebody at a customer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// A mail address.
    pub email: String,
    /// The language to write in: `en`, `nl`.
    pub language: String,
}

/// What is kept of an account's attempts in the topic and in the history, and how long in the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Of which attempts it is kept what was said.
    pub details: KeepDetails,
    /// For how many days; as long as the platform keeps everything's where it does not say.
    pub days: Option<NonZeroU16>,
}

/// Of which attempts it is kept what was said: the headers of both sides, the beginning of the response's body, and the
/// mail's recipient. That there was an attempt, when, and what came of it is always kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepDetails {
    /// Of all.
    #[default]
    All,
    /// Of those that failed.
    Failures,
    /// Of none.
    Nothing,
}

impl KeepDetails {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::All, Self::Failures, Self::Nothing];

    /// Its name in records and on the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Failures => "failures",
            Self::Nothing => "nothing",
        }
    }

    /// The choice of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// Whether it is kept of an attempt that ended so.
    pub const fn of(self, is_delivered: bool) -> bool {
        match self {
            Self::All => true,
            Self::Failures => !is_delivered,
            Self::Nothing => false,
        }
    }
}

/// An API key. The key itself is shown once and never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public handle.
    pub id: KeyId,
    /// SHA-256 of the key.
    pub hash: KeyHash,
    /// Whose it is; an operator's key may be nobody's.
    pub account: Option<AccountId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many changes made it what it is.
    pub revision: Revision,
}

impl ApiKey {
    /// Whether the key is good at this time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the key may do that. An operator may do everything.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.is_operator()
    }

    /// Whether the key speaks for every account.
    pub fn is_operator(&self) -> bool {
        self.scopes.contains(&Scope::Operator)
    }

    /// Whether the key may touch what is that account's.
    pub fn may_touch(&self, account: &AccountId) -> bool {
        self.is_operator() || self.account.as_ref() == Some(account)
    }
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Send events.
    EventsWrite,
    /// See webhooks, attempts, dead letters.
    WebhooksRead,
    /// Make and change webhooks.
    WebhooksWrite,
    /// Everything, for every account.
    Operator,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::EventsWrite, Self::WebhooksRead, Self::WebhooksWrite, Self::Operator];

    /// Its name in records and on the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::Operator => "operator",
        }
    }

    /// The scope of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// SHA-256 of an API key: keys are 256 random bits, so a plain hash cannot be searched, and looking one up by its
/// hash tells nothing by timing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a key as presented.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_back_from_its_digits() {
        let hash = KeyHash::of("pbk_secret");
        assert_eq!(KeyHash::from_hex(&hash.to_string()), Some(hash));
        assert_eq!(KeyHash::from_hex("+1"), None);
        assert_eq!(KeyHash::from_hex(&"+1".repeat(32)), None);
    }

    #[test]
    fn a_key_touches_its_own_account_and_an_operators_all() {
        let mut key = ApiKey {
            id: "key_1".into(),
            hash: KeyHash::of("k"),
            account: Some("acme".into()),
            name: String::new(),
            scopes: BTreeSet::from([Scope::WebhooksRead]),
            expires_at: Some(Timestamp::from_millis(10)),
            created_at: Timestamp::from_millis(0),
            revision: Revision(1),
        };
        assert!(key.may_touch(&"acme".into()) && !key.may_touch(&"other".into()));
        assert!(key.allows(Scope::WebhooksRead) && !key.allows(Scope::WebhooksWrite));
        assert!(key.is_valid(Timestamp::from_millis(9)) && !key.is_valid(Timestamp::from_millis(10)));
        key.scopes.insert(Scope::Operator);
        assert!(key.may_touch(&"other".into()) && key.allows(Scope::EventsWrite));
    }
}

//! Version 1 of the registry's values. Only ever add optional members here: anything else is a new version.

mod webhook;

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::sync::Arc;

use domain::{
    Account, AccountId, ApiKey, Change, Contact, DisabledReason, FilterFailure, Health, Keep, KeepDetails,
    KeyHash, KeyId, Revision, Scope, Timestamp, WebhookId,
};
use serde::{Deserialize, Serialize};

use self::webhook::WebhookV1;
use super::{Subject, VERSION};

pub(super) fn decode(subject: Subject, value: &[u8]) -> Result<Change, String> {
    match subject {
        Subject::Webhook(id) => parse::<WebhookV1>(value)?.read(id).map(|it| Change::Webhook(Box::new(it))),
        Subject::Account(id) => parse::<AccountV1>(value).map(|it| Change::Account(it.read(id))),
        Subject::Key(hash) => parse::<KeyV1>(value)?.read(hash).map(Change::Key),
        Subject::Health(id) => parse::<HealthV1>(value)?.read(id).map(Change::Health),
        Subject::Filter(id) => parse::<FilterV1>(value).map(|it| Change::FilterFailure(it.read(id))),
    }
}

pub(super) fn encode(change: &Change, write: Option<&str>) -> Option<Vec<u8>> {
    Some(match change {
        Change::Webhook(webhook) => print(write, WebhookV1::of(webhook)),
        Change::Account(account) => print(write, AccountV1::of(account)),
        Change::Key(key) => print(write, KeyV1::of(key)),
        Change::Health(health) => print(write, HealthV1::of(health)),
        Change::FilterFailure(failure) => print(write, FilterV1::of(failure)),
        Change::FilterFailureGone(_)
        | Change::WebhookGone(_)
        | Change::AccountGone(_)
        | Change::KeyGone(_)
        | Change::HealthGone(_) => {
            return None;
        }
    })
}

/// The shapes of the values: the key that each has, its name, its schema.
#[cfg(feature = "schema")]
pub(super) fn schemas(
    generator: &mut schemars::SchemaGenerator,
) -> [(&'static str, &'static str, schemars::Schema); 5] {
    [
        (super::WEBHOOK, "webhook", generator.subschema_for::<WebhookV1>()),
        (super::ACCOUNT, "account", generator.subschema_for::<AccountV1>()),
        (super::KEY, "key", generator.subschema_for::<KeyV1>()),
        (super::HEALTH, "health", generator.subschema_for::<HealthV1>()),
        (super::FILTER, "filter", generator.subschema_for::<FilterV1>()),
    ]
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    write: Option<&'a str>,
    #[serde(flatten)]
    record: T,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct AccountV1 {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contact: Option<ContactV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<KeepV1>,
    #[serde(with = "crate::text::Rfc3339")]
    created_at: Timestamp,
    revision: u64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ContactV1 {
    email: String,
    language: String,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct KeepV1 {
    details: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<NonZeroU16>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct KeyV1 {
    id: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Arc<str>>,
    name: String,
    scopes: BTreeSet<String>,
    #[serde(with = "crate::text::OptionalRfc3339", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(with = "crate::text::Rfc3339")]
    created_at: Timestamp,
    revision: u64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct HealthV1 {
    revision: u64,
    #[serde(with = "crate::text::OptionalRfc3339", default, skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct FilterV1 {
    revision: u64,
    #[serde(with = "crate::text::Rfc3339")]
    at: Timestamp,
    why: String,
}

impl AccountV1 {
    fn of(account: &Account) -> Self {
        let contact = |contact: &Contact| ContactV1 {
            email: contact.email.clone(),
            language: contact.language.clone(),
        };
        Self {
            name: account.name.clone(),
            contact: account.contact.as_ref().map(contact),
            keep: (account.keep != Keep::default())
                .then(|| KeepV1 { details: account.keep.details.name().to_owned(), days: account.keep.days }),
            created_at: account.created_at,
            revision: account.revision.0,
        }
    }

    fn read(self, id: AccountId) -> Account {
        let contact = self.contact.map(|ContactV1 { email, language }| Contact { email, language });
        // A choice that a newer version knows: what keeps the least is what nobody regrets.
        let details = |name: &str| KeepDetails::named(name).unwrap_or(KeepDetails::Nothing);
        let keep = self.keep.map(|KeepV1 { details: name, days }| Keep { details: details(&name), days });
        let (created_at, revision) = (self.created_at, Revision(self.revision));
        Account { id, name: self.name, contact, keep: keep.unwrap_or_default(), created_at, revision }
    }
}

impl KeyV1 {
    fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id.as_str().into(),
            account: key.account.as_ref().map(|account| account.as_str().into()),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            expires_at: key.expires_at,
            created_at: key.created_at,
            revision: key.revision.0,
        }
    }

    fn read(self, hash: KeyHash) -> Result<ApiKey, String> {
        let scope = |name: &String| Scope::named(name).ok_or_else(|| unknown("scope", name));
        Ok(ApiKey {
            id: KeyId::new(self.id),
            hash,
            account: self.account.map(AccountId::new),
            name: self.name,
            scopes: self.scopes.iter().map(scope).collect::<Result<_, _>>()?,
            expires_at: self.expires_at,
            created_at: self.created_at,
            revision: Revision(self.revision),
        })
    }
}

impl HealthV1 {
    fn of(health: &Health) -> Self {
        Self {
            revision: health.revision.0,
            failing_since: health.failing_since,
            disabled: health.disabled.map(|reason| reason.name().to_owned()),
        }
    }

    fn read(self, webhook: WebhookId) -> Result<Health, String> {
        Ok(Health {
            webhook,
            revision: Revision(self.revision),
            failing_since: self.failing_since,
            disabled: self.disabled.as_deref().map(reason).transpose()?,
        })
    }
}

impl FilterV1 {
    fn of(failure: &FilterFailure) -> Self {
        Self { revision: failure.revision.0, at: failure.at, why: failure.why.clone() }
    }

    fn read(self, webhook: WebhookId) -> FilterFailure {
        FilterFailure { webhook, revision: Revision(self.revision), at: self.at, why: self.why }
    }
}

fn reason(name: &str) -> Result<DisabledReason, String> {
    DisabledReason::named(name).ok_or_else(|| unknown("reason", name))
}

fn unknown(what: &str, name: &str) -> String {
    format!("unknown {what} '{name}'")
}

fn parse<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(value).map_err(|error| error.to_string())
}

fn print<T: Serialize>(write: Option<&str>, record: T) -> Vec<u8> {
    serde_json::to_vec(&Versioned { v: VERSION, write, record })
        .expect("every member is text, a number or a list")
}

//! The registry's content for a measurement: accounts, verified webhooks and the key to send with, written in bulk.
//!
//! Written as the console writes, by [`stream::Journal`]; the console's API would take minutes for tens of thousands, and
//! asks each receiver for a file.

use std::time::Duration;

use anyhow::Context as _;
use domain::{
    Account, AccountId, ApiKey, Change, Clock as _, Format, Keyring, Limits, Revision, Scope, Secrets,
    SigningSecret, State, Timestamp, Trigger, Types, Verification, Webhook, WebhookId,
};
use stream::{Journal, JournalOptions, KafkaSettings};
use wire::topics::Topics;

use super::payload::KIND;

/// Accounts and webhooks of one sort.
#[derive(Clone, Debug)]
pub(super) struct Population {
    /// Accounts are called `<name>-<n>`.
    pub(super) name: &'static str,
    /// How many.
    pub(super) accounts: usize,
    /// Webhooks of each, all of which want every event of the benchmark.
    pub(super) each: usize,
    /// The first word of the URL's path: what the receiver does.
    pub(super) word: &'static str,
}

/// A webhook that was made.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    /// Whose it is.
    pub(super) account: AccountId,
    /// Its id.
    pub(super) id: WebhookId,
}

/// What seals, and what signs every webhook's calls.
pub(super) struct Seals {
    pub(super) keyring: Keyring,
    pub(super) secret: String,
}

/// Records in one transaction.
const CHUNK: usize = 1000;

/// Writes the key and the populations. The webhooks in their order.
pub(super) async fn write(
    kafka: &KafkaSettings,
    prefix: &str,
    topics: &Topics,
    changes: Vec<Change>,
) -> anyhow::Result<()> {
    let options = JournalOptions::new(prefix, topics.webhooks.clone());
    let journal = Journal::start(kafka, JournalOptions { patience: Duration::from_secs(30), ..options })?;
    for chunk in changes.chunks(CHUNK) {
        let chunk = chunk.to_vec();
        let written = journal.write::<std::convert::Infallible, _>(move |_| Ok(chunk.clone())).await;
        written.context("writing the registry")?;
    }
    Ok(())
}

/// The operator's key, which may send in every account's name.
pub(super) fn key(secret: &str) -> Change {
    Change::Key(ApiKey {
        id: "key_bench".into(),
        hash: domain::KeyHash::of(secret),
        account: None,
        name: "bench".to_owned(),
        scopes: [Scope::Operator].into(),
        expires_at: None,
        created_at: process::SystemClock.now(),
        revision: Revision(1),
    })
}

/// A population's webhooks and what makes them.
pub(super) fn population(
    population: &Population,
    seals: &Seals,
    url: impl Fn(&str, usize) -> String,
) -> (Vec<Hook>, Vec<Change>) {
    let now = process::SystemClock.now();
    let (mut hooks, mut changes) = (Vec::new(), Vec::new());
    for number in 0..population.accounts {
        let account = AccountId::new(format!("{}-{number}", population.name));
        let revision = Revision(1);
        changes.push(Change::Account(Account {
            contact: None,
            keep: domain::Keep::default(),
            id: account.clone(),
            name: account.to_string(),
            created_at: now,
            revision,
        }));
        for nth in 0..population.each {
            let id = WebhookId::new(format!("wh_{}{number:05}x{nth:02}", population.name));
            let url = url(population.word, hooks.len());
            hooks.push(Hook { account: account.clone(), id: id.clone() });
            changes.push(Change::Webhook(Box::new(webhook(id, account.clone(), url, seals, now))));
        }
    }
    (hooks, changes)
}

/// An active webhook, as one is after its verification.
pub(super) fn webhook(
    id: WebhookId,
    account: AccountId,
    url: String,
    seals: &Seals,
    now: Timestamp,
) -> Webhook {
    let record = wire::registry::webhook_key(&id);
    let place = wire::registry::secret_place(&record);
    let current = seals.keyring.seal(rand::random(), place, seals.secret.as_bytes());
    Webhook {
        name: id.to_string(),
        id,
        account,
        url: url.into(),
        pending: None,
        types: Types::Only([KIND.into()].into()),
        trigger: Trigger::default(),
        format: Format::Json,
        secrets: Secrets { current, previous: None },
        platform_signature: false,
        headers: Vec::new(),
        limits: Limits::default(),
        batch: None,
        state: State::Active,
        verification: Verification { token: "bench".into(), verified_at: Some(now) },
        created_at: now,
        updated_at: now,
        revision: Revision(1),
    }
}

/// A secret that signs.
pub(super) fn signing_secret() -> String {
    SigningSecret::encode(&rand::random())
}

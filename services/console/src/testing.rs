//! What tests share: a registry in memory, chance that counts, and a world without Kafka or network.

mod fake;

use std::collections::BTreeSet;

use domain::{
    Account, AccountId, ApiKey, Change, KeyHash, Keyring, Outcome, Registry, Revision, Scope, State,
    Timestamp, Webhook,
};
use outbound::{AddressPolicy, Exchange, OutboundSettings, Phases, ResponseHead};

pub(crate) use self::fake::{Fake, event};
use crate::rules::access::Actor;
use crate::rules::draft::Tools;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
pub(crate) const OPERATOR: &str = "operator-key";
pub(crate) const ACME: &str = "acme-key";
pub(crate) const BOLT: &str = "bolt-key";
pub(crate) const READER: &str = "reader-key";

pub(crate) fn keyring() -> Keyring {
    Keyring::parse(&["k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]).unwrap()
}

pub(crate) fn policy() -> AddressPolicy {
    AddressPolicy::new(&OutboundSettings::default())
}

/// Chance that never repeats itself: each byte is one more than the one before.
pub(crate) fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_add(1);
        }
    }
}

pub(crate) fn tools<'a>(policy: &'a AddressPolicy, keyring: &'a Keyring) -> Tools<'a> {
    Tools { policy, keyring, signs: true, now: NOW }
}

pub(crate) fn account(id: &str) -> Account {
    let keep = domain::Keep::default();
    Account {
        id: id.into(),
        name: id.to_owned(),
        contact: None,
        keep,
        created_at: NOW,
        revision: Revision(1),
    }
}

pub(crate) fn key(presented: &str, account: Option<&str>, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        id: format!("key_{presented}").as_str().into(),
        hash: KeyHash::of(presented),
        account: account.map(AccountId::from),
        name: presented.to_owned(),
        scopes: BTreeSet::from_iter(scopes.iter().copied()),
        expires_at: None,
        created_at: NOW,
        revision: Revision(1),
    }
}

/// Two accounts, an operator, a full key of each account, and one of the first that only reads.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::default();
    let all = [Scope::EventsWrite, Scope::WebhooksRead, Scope::WebhooksWrite];
    for change in [
        Change::Account(account("acme")),
        Change::Account(account("bolt")),
        Change::Key(key(OPERATOR, None, &[Scope::Operator])),
        Change::Key(key(ACME, Some("acme"), &all)),
        Change::Key(key(BOLT, Some("bolt"), &all)),
        Change::Key(key(READER, Some("acme"), &[Scope::WebhooksRead])),
    ] {
        apply(&mut registry, change);
    }
    registry
}

pub(crate) fn apply(registry: &mut Registry, change: Change) {
    registry.apply(registry.position(), change);
}

pub(crate) fn actor(registry: &Registry, presented: &str) -> Actor {
    Actor::of(registry, presented, NOW).unwrap()
}

/// The only webhook among the changes.
pub(crate) fn written(changes: &[Change]) -> &Webhook {
    match changes {
        [Change::Webhook(webhook)] => webhook,
        other => panic!("not one webhook: {other:?}"),
    }
}

/// A webhook of ours in a state, verified unless it is not to be.
pub(crate) fn webhook(id: &str, account: &str, state: State) -> Webhook {
    let mut webhook = domain::fixtures::webhook(id, account, &["click"]);
    webhook.verification.verified_at = (state != State::Unverified).then_some(NOW);
    webhook.verification.token = "0123abcd".into();
    Webhook { state, ..webhook }
}

pub(crate) fn exchange(outcome: Outcome, body: &str) -> Exchange {
    let response = outcome.status().map(|status| ResponseHead {
        status,
        headers: axum::http::HeaderMap::new(),
        body: body.to_owned().into(),
    });
    Exchange { outcome, phases: Phases::default(), response, connection_reused: None }
}

pub(crate) fn answered(status: u16, body: &str) -> Exchange {
    exchange(Outcome::Answered { status, retry_after: None }, body)
}

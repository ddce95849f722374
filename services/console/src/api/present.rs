//! What the registry holds, as answers show it.

use domain::{Account, ApiKey, DisabledReason, Health, Scope, State, Types, Webhook};
use wire::HumanDuration;
use wire::api;

pub(super) fn account(account: &Account) -> api::Account {
    api::Account {
        id: account.id.to_string(),
        name: account.name.clone(),
        created_at: account.created_at,
        revision: account.revision.0,
    }
}

pub(super) fn key(key: &ApiKey) -> api::Key {
    api::Key {
        id: key.id.to_string(),
        account: key.account.as_ref().map(ToString::to_string),
        name: key.name.clone(),
        scopes: key.scopes.iter().copied().map(Scope::name).map(str::to_owned).collect(),
        expires_at: key.expires_at,
        created_at: key.created_at,
    }
}

/// The health is what delivery found out about this revision.
pub(super) fn webhook(webhook: &Webhook, health: Option<&Health>) -> api::Webhook {
    let failing_since = health.and_then(|health| health.failing_since);
    api::Webhook {
        id: webhook.id.to_string(),
        account: webhook.account.to_string(),
        name: webhook.name.clone(),
        url: webhook.url.to_string(),
        pending_url: webhook.pending.as_ref().map(|pending| pending.url.to_string()),
        types: types(&webhook.types),
        format: webhook.format.name().to_owned(),
        platform_signature: webhook.platform_signature,
        headers: webhook.headers.iter().map(|header| header.name.clone()).collect(),
        limits: api::Limits {
            concurrency: webhook.limits.concurrency,
            per_second: webhook.limits.per_second.map(Into::into),
            timeout: HumanDuration(webhook.limits.timeout),
        },
        batch: webhook.batch.map(|batching| api::Batch {
            max_events: batching.max_events,
            max_bytes: batching.max_bytes,
            max_wait_ms: u64::try_from(batching.max_wait.as_millis()).unwrap_or(u64::MAX),
        }),
        state: webhook.state.name().to_owned(),
        disabled_reason: reason(&webhook.state).map(|reason| reason.name().to_owned()),
        failing_since,
        breaker: if failing_since.is_some() { "open" } else { "closed" }.to_owned(),
        verified_at: webhook.verification.verified_at,
        previous_secret_until: webhook.secrets.previous.as_ref().map(|(_, until)| *until),
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
        revision: webhook.revision.0,
    }
}

fn types(types: &Types) -> api::Types {
    match types {
        Types::All => api::Types::all(),
        Types::Only(names) => api::Types::only(names.iter().map(ToString::to_string)),
    }
}

fn reason(state: &State) -> Option<DisabledReason> {
    match state {
        State::Disabled(reason) => Some(*reason),
        State::Unverified | State::Active | State::Paused => None,
    }
}

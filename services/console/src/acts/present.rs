//! What the registry holds, as answers show it.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::sync::Arc;

use domain::{
    Account, ApiKey, Callers, DisabledReason, Health, Registry, Scope, Standing, State, Types, Webhook,
};
use history::jobs::Job;
use serde_json::Value;
use wire::HumanDuration;
use wire::api;

use crate::jobs::{Report, why};
use crate::words::Language;

pub(crate) fn account(account: &Account) -> api::Account {
    api::Account {
        id: account.id.to_string(),
        name: account.name.clone(),
        contact: account
            .contact
            .as_ref()
            .map(|contact| api::Contact { email: contact.email.clone(), language: contact.language.clone() }),
        keep: api::Keep {
            details: Some(account.keep.details.name().to_owned()),
            days: account.keep.days.map(NonZeroU16::get),
        },
        created_at: account.created_at,
        revision: account.revision.0,
    }
}

pub(crate) fn key(key: &ApiKey) -> api::Key {
    api::Key {
        id: key.id.to_string(),
        account: key.account.as_ref().map(ToString::to_string),
        name: key.name.clone(),
        scopes: key.scopes.iter().copied().map(Scope::name).map(str::to_owned).collect(),
        expires_at: key.expires_at,
        created_at: key.created_at,
    }
}

/// A webhook as the registry has it, with what was found out about its present revision.
pub(crate) fn standing(registry: &Registry, standing: &Standing) -> api::Webhook {
    let id = &standing.webhook.id;
    let failure = registry.filter_failure(id);
    let failure = failure.map(|it| api::FilterFailure { at: it.at, message: it.why.clone() });
    api::Webhook { filter_failure: failure, ..found(&standing.webhook, registry.health(id)) }
}

/// A webhook of which nothing was found out: it was just written.
pub(crate) fn webhook(webhook: &Webhook) -> api::Webhook {
    found(webhook, None)
}

/// A job. What only whoever goes on with it needs is left out; why it failed is told in English.
pub(crate) fn job(job: Job) -> api::Job {
    let progress = Report::of(&job).map_or(Value::Null, |report| report.shown);
    let Job { asked, state, error, created_at, updated_at, progress: _ } = job;
    api::Job {
        id: asked.id,
        account: asked.account,
        webhook: asked.webhook,
        kind: asked.kind,
        state: state.as_str().to_owned(),
        request: asked.request,
        progress,
        error: error.map(|kept| Language::English.tell(&why::read(&kept))),
        asked_by: asked.asked_by,
        created_at,
        updated_at,
    }
}

fn found(webhook: &Webhook, health: Option<&Health>) -> api::Webhook {
    let trigger = &webhook.trigger;
    let failing_since = health.and_then(|health| health.failing_since);
    api::Webhook {
        id: webhook.id.to_string(),
        account: webhook.account.to_string(),
        name: webhook.name.clone(),
        url: webhook.url.to_string(),
        pending_url: webhook.pending.as_ref().map(|pending| pending.url.to_string()),
        types: types(&webhook.types),
        filter: trigger.filter.as_deref().map(str::to_owned),
        database: trigger.database.as_deref().map(str::to_owned),
        collection: trigger.collection.as_deref().map(str::to_owned),
        callers: trigger.callers.as_ref().map(callers),
        fields: trigger.fields.iter().map(ToString::to_string).collect(),
        filter_failure: None,
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

fn callers(callers: &Callers) -> api::Callers {
    let owned = |names: &BTreeSet<Arc<str>>| names.iter().map(ToString::to_string).collect();
    match callers {
        Callers::Only(names) => api::Callers::Only(owned(names)),
        Callers::Except(names) => api::Callers::Except(owned(names)),
    }
}

fn reason(state: &State) -> Option<DisabledReason> {
    match state {
        State::Disabled(reason) => Some(*reason),
        State::Unverified | State::Active | State::Paused => None,
    }
}

//! How webhooks are shown.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use wire::api::{
    Batch, Callers, CodeSent, FilterFailure, FilterVerdict, Types, Verification, Webhook, WebhookWithSecret,
};

use crate::output::{line, safe, style, table};

/// A table, or one JSON object a line.
pub(super) fn list(webhooks: &[Webhook], json: bool) {
    if json {
        return webhooks.iter().for_each(as_json);
    }
    let rows: Vec<_> = webhooks.iter().map(row).collect();
    line(table(["ID", "ACCOUNT", "STATE", "FORMAT", "TYPES", "NAME", "URL"], &rows));
}

/// One webhook.
pub(super) fn one(webhook: &Webhook, json: bool) {
    if json {
        return as_json(webhook);
    }
    let shown = facts(webhook).into_iter().filter(|(_, value)| !value.is_empty());
    shown.for_each(|(name, value)| line(format!("{name:22} {}", safe(&value))));
}

/// One webhook and its secret.
pub(super) fn with_secret(made: &WebhookWithSecret, json: bool) {
    if json {
        return as_json(made);
    }
    one(&made.webhook, false);
    line(format!("{:22} {}", "secret", style::strong(&made.secret)));
}

/// How to prove the URL.
pub(super) fn verification(about: &Verification, saved: Option<&Path>, json: bool) {
    if json {
        return as_json(about);
    }
    line(format!("{:22} {}", "file", about.file_name));
    line(format!("{:22} {}", "content", about.content));
    about.places.iter().for_each(|place| line(format!("{:22} {}", "may stand at", safe(place))));
    if let Some(dns) = &about.dns {
        line(format!("{:22} {} TXT \"{}\"", "or in DNS", safe(&dns.name), safe(&dns.text)));
    }
    line(format!("{:22} WebHook-Allowed-Origin: {}", "or by handshake", safe(&about.handshake_origin)));
    if let Some(path) = saved {
        line(format!("{:22} {}", "saved", path.display()));
    }
}

/// What became of a code.
pub(super) fn code_sent(sent: &CodeSent, json: bool) {
    if json {
        return as_json(sent);
    }
    line(format!("POSTed to {}, which answered {}", safe(&sent.url), sent.status));
    line(format!(
        "the code is good for {}: postbode webhooks verify ID --by code --code CODE",
        sent.good_for
    ));
}

/// What a test of conditions came to.
pub(super) fn verdict(verdict: &FilterVerdict, json: bool) {
    if json {
        return as_json(verdict);
    }
    let matches = if verdict.matches { style::good("yes") } else { style::bad("no") };
    line(format!("{:22} {matches}", "matches"));
    line(format!("{:22} {}", "reason", safe(&verdict.reason)));
    line(format!("{:22} {}", "detail", safe(&verdict.detail)));
}

fn as_json(shown: &impl Serialize) {
    match serde_json::to_string(shown) {
        Ok(text) => line(text),
        Err(error) => tracing::error!(%error, "an answer cannot be written as JSON"),
    }
}

fn row(webhook: &Webhook) -> [String; 7] {
    let reason = webhook.disabled_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    [
        safe(&webhook.id),
        safe(&webhook.account),
        format!("{}{reason}", webhook.state),
        webhook.format.clone(),
        types(&webhook.types),
        safe(&webhook.name),
        safe(&webhook.url),
    ]
}

fn types(types: &Types) -> String {
    match types {
        Types::All(_) => "*".to_owned(),
        Types::Only(kinds) => kinds.iter().map(String::as_str).collect::<Vec<_>>().join(","),
    }
}

fn callers(callers: &Callers) -> String {
    match callers {
        Callers::Only(names) => format!("only {}", joined(names)),
        Callers::Except(names) => format!("all but {}", joined(names)),
    }
}

fn failure(failure: &FilterFailure) -> String {
    format!("at {}: {}", wire::text::rfc3339(failure.at), failure.message)
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// How deliveries are put together.
fn batch(batch: Batch) -> String {
    format!("{} events, {} bytes, {} ms", batch.max_events, batch.max_bytes, batch.max_wait_ms)
}

fn facts(webhook: &Webhook) -> Vec<(&'static str, String)> {
    let time = |at: Option<domain::Timestamp>| at.map(wire::text::rfc3339).unwrap_or_default();
    let limits = &webhook.limits;
    let rate = limits.per_second.map(|rate| format!(", {rate} a second")).unwrap_or_default();
    vec![
        ("id", webhook.id.clone()),
        ("account", webhook.account.clone()),
        ("name", webhook.name.clone()),
        ("url", webhook.url.clone()),
        ("pending url", webhook.pending_url.clone().unwrap_or_default()),
        ("types", types(&webhook.types)),
        ("filter", webhook.filter.clone().unwrap_or_default()),
        ("filter failed", webhook.filter_failure.as_ref().map(failure).unwrap_or_default()),
        ("database", webhook.database.clone().unwrap_or_default()),
        ("collection", webhook.collection.clone().unwrap_or_default()),
        ("callers", webhook.callers.as_ref().map(callers).unwrap_or_default()),
        ("fields", joined(&webhook.fields)),
        ("format", webhook.format.clone()),
        ("state", webhook.state.clone()),
        ("disabled for", webhook.disabled_reason.clone().unwrap_or_default()),
        ("breaker", webhook.breaker.clone()),
        ("failing since", time(webhook.failing_since)),
        ("verified at", time(webhook.verified_at)),
        ("headers", webhook.headers.join(", ")),
        ("limits", format!("{} calls at once, {} each{rate}", limits.concurrency, limits.timeout)),
        ("batch", webhook.batch.map(batch).unwrap_or_default()),
        ("previous secret until", time(webhook.previous_secret_until)),
        ("created at", time(Some(webhook.created_at))),
        ("updated at", time(Some(webhook.updated_at))),
        ("revision", webhook.revision.to_string()),
    ]
}

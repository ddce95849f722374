//! What a trace shows of an attempt, by OpenTelemetry's conventions for HTTP clients and messaging.
//!
//! A first attempt is part of its event's trace. Whatever comes later, or for several events at once, begins a trace of its
//! own with links to theirs: a trace that is open for days shows nobody anything.

use call::Credentials;
use domain::{Outcome, Progress, RecordPlace, Standing, Verdict};
use process::trace;
use tracing::Span;
use tracing::field::Empty;

use crate::held::Payload;

/// The POST of an attempt. Of the URL only the host and the port are told: its path may be a password.
pub(crate) fn post(
    standing: &Standing,
    number: u32,
    members: &[(RecordPlace, Payload)],
    credentials: &Credentials,
) -> Span {
    let span = tracing::info_span!(
        "deliver",
        otel.name = "POST",
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = "POST",
        http.request.resend_count = number.saturating_sub(1),
        http.response.status_code = Empty,
        error.type = Empty,
        server.address = credentials.url.host_str(),
        server.port = credentials.url.port_or_known_default(),
        messaging.system = "kafka",
        messaging.operation.name = "deliver",
        messaging.operation.type = "process",
        messaging.destination.name = members.first().map(|(_, held)| &*held.record.topic),
        messaging.batch.message_count = members.len(),
        postbode.account = %standing.webhook.account,
        postbode.webhook = %standing.webhook.id,
    );
    match members {
        [(_, held)] if is_fresh(held) => trace::continue_from(&span, &held.record.headers),
        members => members.iter().for_each(|(_, held)| trace::link_to(&span, &held.record.headers)),
    }
    span
}

/// Whether it was never tried, moved aside or brought back.
fn is_fresh(held: &Payload) -> bool {
    held.delivery.as_ref().is_ok_and(|delivery| delivery.progress == Progress::default())
}

/// What became of it.
pub(crate) fn ended(span: &Span, outcome: &Outcome) {
    if let Some(status) = outcome.status() {
        span.record("http.response.status_code", status);
    }
    if outcome.verdict() != Verdict::Delivered {
        span.record("error.type", outcome.class());
        span.record("otel.status_code", "ERROR");
    }
}

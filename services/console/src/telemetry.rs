//! Every metric of this service, and the log lines that go with them.

use std::time::Duration;

use axum::http::Method;
use domain::Change;
use process::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use stream::WriteError;
use wire::api::AuditEntry;

use crate::problem::Refusal;

/// The service's metrics.
#[derive(Clone, Debug)]
pub struct Telemetry {
    requests: Family<Request, Counter>,
    seconds: Histogram,
    verifications: Family<Outcome, Counter>,
    trials: Family<Outcome, Counter>,
    writes: Family<Outcome, Counter>,
    notices: Family<Outcome, Counter>,
    unaudited: Counter,
    streams: Streams,
}

/// Of the streams of events.
#[derive(Clone, Debug, Default)]
struct Streams {
    open: Gauge,
    sent: Counter,
    missed: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

/// Upper bounds in seconds: reads take microseconds, writes a tenth of a second, verifications up to twenty.
const BOUNDS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0];

impl Telemetry {
    /// Registers the metrics.
    pub fn new(metrics: &Metrics) -> Self {
        let telemetry = Self {
            requests: Family::default(),
            seconds: Histogram::new(BOUNDS),
            verifications: Family::default(),
            trials: Family::default(),
            writes: Family::default(),
            notices: Family::default(),
            unaudited: Counter::default(),
            streams: Streams::default(),
        };
        telemetry.begin_at_zero();
        let requests = telemetry.requests.clone();
        metrics.register(
            "console_requests",
            "Requests answered, by method, route and class of status",
            requests,
        );
        let seconds = telemetry.seconds.clone();
        metrics.register_with_unit("console_request", "From a request to its answer", Unit::Seconds, seconds);
        let verifications = telemetry.verifications.clone();
        metrics.register("console_verifications", "URLs looked at for their file, by result", verifications);
        metrics.register("console_trials", "Test calls made, by result", telemetry.trials.clone());
        let writes = telemetry.writes.clone();
        metrics.register("console_registry_writes", "Changes of the registry, by result", writes);
        let notices = telemetry.notices.clone();
        metrics.register("console_notices", "Mails to accounts whose webhooks fail, by result", notices);
        let (name, help) = ("console_audit_failures", "Deeds that are not in the audit log");
        metrics.register(name, help, telemetry.unaudited.clone());
        let Streams { open, sent, missed } = telemetry.streams.clone();
        metrics.register("console_streams", "Streams of events that are open", open);
        metrics.register("console_stream_events", "Events sent on streams", sent);
        metrics.register(
            "console_stream_events_missed",
            "Events that came faster than a stream took them",
            missed,
        );
        telemetry
    }

    /// The first of its kind is to be seen as a change.
    fn begin_at_zero(&self) {
        for (family, results) in [
            (&self.verifications, &["verified", "failed"][..]),
            (&self.trials, &["passed", "failed"]),
            (&self.notices, &["sent", "failed"]),
            (
                &self.writes,
                &["written", "unchanged", "stale", "rejected", "too-large", "unavailable", "unknown"],
            ),
        ] {
            results.iter().for_each(|result| drop(family.get_or_create(&Outcome { result })));
        }
    }

    /// A mail to an account's contact was sent, or could not be.
    pub fn told(&self, sent: bool) {
        let result = if sent { "sent" } else { "failed" };
        self.notices.get_or_create(&Outcome { result }).inc();
    }

    /// A request was answered. `route` is the pattern that matched, so ids make no new series.
    pub fn answered(
        &self,
        method: &Method,
        route: &str,
        status: u16,
        refusal: Option<&Refusal>,
        took: Duration,
    ) {
        let class = match status {
            200..=299 => "2xx",
            400..=499 => "4xx",
            500..=599 => "5xx",
            _ => "other",
        };
        let labels = Request { method: known(method).to_owned(), route: route.to_owned(), status: class };
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
        let code = refusal.map_or("", Refusal::code);
        if class == "5xx" {
            let detail = refusal.map(|refusal| format!("{refusal:?}")).unwrap_or_default();
            tracing::warn!(http.method = %method, http.route = route, http.status = status, code, detail, "a request failed");
        } else {
            tracing::debug!(http.method = %method, http.route = route, http.status = status, code, "a request was answered");
        }
    }

    /// A change was written, or not.
    pub fn written(&self, result: &Result<Vec<Change>, WriteError<Refusal>>) {
        let result = match result {
            Ok(changes) if changes.is_empty() => "unchanged",
            Ok(_) => "written",
            Err(WriteError::Rejected(Refusal::Stale { .. })) => "stale",
            Err(WriteError::Rejected(_)) => "rejected",
            Err(WriteError::TooLarge(_)) => "too-large",
            Err(WriteError::Unavailable(_)) => "unavailable",
            Err(WriteError::Unknown(_)) => "unknown",
        };
        self.writes.get_or_create(&Outcome { result }).inc();
    }

    /// Somebody did something, and the audit log did not take it: this line is all that tells.
    pub fn unaudited(&self, entry: &AuditEntry, why: &str) {
        self.unaudited.inc();
        tracing::error!(
            audit.action = entry.action,
            audit.object = entry.object,
            account.id = entry.account,
            key.id = entry.by,
            client.address = entry.address,
            error = why,
            "what was done is not in the audit log"
        );
    }

    /// A test call was made.
    pub fn tried(&self, passed: bool) {
        self.trials.get_or_create(&Outcome { result: if passed { "passed" } else { "failed" } }).inc();
    }

    /// A stream of events was opened.
    pub fn stream_opened(&self) {
        self.streams.open.inc();
    }

    /// A stream of events has ended.
    pub fn stream_closed(&self) {
        self.streams.open.dec();
    }

    /// A stream said an event.
    pub fn stream_sent(&self) {
        self.streams.sent.inc();
    }

    /// So many streams had no room for an event; each is told when it has caught up.
    pub fn stream_missed(&self, streams: u64) {
        self.streams.missed.inc_by(streams);
    }

    /// A URL's file was looked for.
    pub fn verified(&self, webhook: &str, found: bool) {
        let result = if found { "verified" } else { "failed" };
        self.verifications.get_or_create(&Outcome { result }).inc();
        tracing::info!(
            webhook.id = webhook,
            verification.result = result,
            "a URL was looked at for its file"
        );
    }
}

/// Callers may invent methods; metrics may not.
fn known(method: &Method) -> &str {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}

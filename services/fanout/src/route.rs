//! What follows from an event: its deliveries, or a dead letter.

use std::sync::Arc;

use domain::{AccountId, DeathReason, EventType, Standing, Timestamp};
use stream::{Next, RegistryView, Sink, Step};
use trigger::{Matcher, Occurrence, Verdict};
use wire::dead_letter::{self, Death};
use wire::delivery::Routed;
use wire::event::{self, Decoded, Reject};
use wire::topics::Topics;
use wire::{Headers, Origin, OutRecord, Record, names, text};

use crate::findings::Findings;
use crate::spans;
use crate::telemetry::Telemetry;

/// Routes by what the registry says, and only while that is provably fresh.
pub(crate) struct Route {
    view: RegistryView,
    /// For findings: what they say is for people, and no event waits for them.
    sink: Sink,
    router: Router,
}

impl Route {
    pub(crate) fn new(
        view: RegistryView,
        sink: Sink,
        topics: Topics,
        group: String,
        telemetry: Telemetry,
    ) -> Self {
        Self { view, sink, router: Router::new(topics, group, telemetry) }
    }
}

impl Step for Route {
    fn step(&mut self, now: Timestamp, record: &Record) -> Next {
        if self.view.proof().is_err() {
            self.router.telemetry.held();
            return Next::Hold;
        }
        // The webhooks are taken out of the view before they are judged: filters may take longer than changes may wait.
        let view = &self.view;
        let wanted = |account: &AccountId, kind: &EventType| {
            view.read(|registry| registry.routes(account, kind).cloned().collect())
        };
        let deliveries = self.router.route(now, wanted, record);
        for finding in self.router.found.drain(..) {
            drop(self.sink.send(&finding));
        }
        Next::Emit(deliveries)
    }

    fn shrink(&mut self, record: &Record, refused: &OutRecord) -> Option<OutRecord> {
        self.router.shrink(record, refused)
    }
}

/// The decision itself.
struct Router {
    topics: Topics,
    group: String,
    telemetry: Telemetry,
    matcher: Matcher,
    findings: Findings,
    /// What the registry is to be told.
    found: Vec<OutRecord>,
}

impl Router {
    fn new(topics: Topics, group: String, telemetry: Telemetry) -> Self {
        let (matcher, findings) = (Matcher::default(), Findings::default());
        Self { topics, group, telemetry, matcher, findings, found: Vec::new() }
    }

    /// `wanted` looks up the active webhooks of an account that want a type.
    fn route(
        &mut self,
        now: Timestamp,
        wanted: impl FnOnce(&AccountId, &EventType) -> Vec<Standing>,
        record: &Record,
    ) -> Vec<OutRecord> {
        match event::decode(record, self.topics.event_max_bytes()) {
            Ok(event) => {
                let span = spans::process(record, &event, &self.group);
                let deliveries = span.in_scope(|| {
                    let mut webhooks = wanted(&event.event.account, &event.event.kind);
                    self.narrow(now, &mut webhooks, &event);
                    self.deliveries(&webhooks, record, &event)
                });
                span.record("postbode.deliveries", deliveries.len());
                self.telemetry.routed(deliveries.len(), now.since(record.timestamp));
                deliveries
            }
            Err(reject) => vec![self.bury(record, &reject)],
        }
    }

    /// Leaves those webhooks whose conditions the event meets.
    fn narrow(&mut self, now: Timestamp, webhooks: &mut Vec<Standing>, event: &Decoded) {
        // Most have none: nothing of the event is read for them.
        if webhooks.iter().all(|standing| standing.webhook.trigger.is_open()) {
            return;
        }
        let mut failures = Vec::new();
        let before = webhooks.len();
        let time = event.headers.text(names::CE_TIME).and_then(text::parse_rfc3339);
        let mut judge = self.matcher.on(Occurrence { event: &event.event, time, data: &event.data });
        webhooks.retain(|standing| match judge.judge(&standing.webhook.trigger) {
            Verdict::Match => true,
            Verdict::Mismatch(_) => false,
            Verdict::Failure(why) => {
                failures.push((standing.clone(), why));
                false
            }
        });
        self.telemetry.narrowed(before - webhooks.len());
        failures.iter().for_each(|(standing, why)| self.filter_failed(now, standing, why));
    }

    fn filter_failed(&mut self, now: Timestamp, standing: &Standing, why: &str) {
        self.telemetry.filter_failed();
        let Some(change) = self.findings.failed(now, standing, why) else { return };
        tracing::warn!(webhook.id = %standing.webhook.id, error = why, "a filter failed, which counts as no match");
        let (key, value) = wire::registry::encode(&change, None);
        self.found.push(OutRecord {
            topic: Arc::clone(&self.topics.webhooks),
            key: Some(key.into()),
            value: value.map(Into::into),
            headers: Headers::new(),
        });
    }

    fn deliveries(&self, webhooks: &[Standing], record: &Record, event: &Decoded) -> Vec<OutRecord> {
        let mut headers = event.headers.clone();
        process::trace::inject(&mut headers);
        let routed = Routed::new(event, headers, Origin::of(record));
        webhooks.iter().map(|standing| routed.to(standing, &self.topics.deliveries)).collect()
    }

    fn bury(&self, record: &Record, reject: &Reject) -> OutRecord {
        self.telemetry.rejected(reject.reason);
        let death = Death {
            reason: reject.reason,
            message: reject.message.clone(),
            attempts: 1,
            last_status: None,
            last_error: None,
        };
        dead_letter::bury(record, record.headers.clone(), &self.topics.dead_events, &self.group, &death)
    }

    /// A delivery that does not fit is the event's fault; a dead letter that does not fit goes without its value.
    fn shrink(&self, record: &Record, refused: &OutRecord) -> Option<OutRecord> {
        if refused.topic != self.topics.dead_events {
            let message = format!("with its headers it is larger than {} allows", refused.topic);
            return Some(self.bury(record, &Reject { reason: DeathReason::TooLarge, message }));
        }
        match &refused.value {
            Some(_) => Some(dead_letter::without_value(refused)),
            None => dead_letter::bare(refused),
        }
    }
}

#[cfg(test)]
mod tests;

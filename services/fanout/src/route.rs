//! What follows from an event: its deliveries, or a dead letter.

use std::sync::Arc;

use domain::{DeathReason, Registry, Standing, Timestamp};
use stream::{Next, RegistryView, Step};
use wire::dead_letter::{self, Death};
use wire::event::{self, Decoded, Reject};
use wire::topics::Topics;
use wire::{Headers, Origin, OutRecord, Record, names};

use crate::telemetry::Telemetry;

/// Routes by what the registry says, and only while that is provably fresh.
pub(crate) struct Route {
    view: RegistryView,
    router: Router,
}

impl Route {
    pub(crate) fn new(view: RegistryView, topics: Topics, group: String, telemetry: Telemetry) -> Self {
        Self { view, router: Router { topics, group, telemetry } }
    }
}

impl Step for Route {
    fn step(&mut self, now: Timestamp, record: &Record) -> Next {
        if self.view.proof().is_err() {
            self.router.telemetry.held();
            return Next::Hold;
        }
        Next::Emit(self.view.read(|registry| self.router.route(now, registry, record)))
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
}

impl Router {
    fn route(&self, now: Timestamp, registry: &Registry, record: &Record) -> Vec<OutRecord> {
        match event::decode(record, self.topics.event_max_bytes()) {
            Ok(event) => {
                let span = tracing::info_span!("fan-out", event.id = %event.event.id, event.kind = %event.event.kind);
                process::trace::continue_from(&span, &event.headers);
                let deliveries = span.in_scope(|| self.deliveries(registry, record, &event));
                self.telemetry.routed(deliveries.len(), now.since(record.timestamp));
                deliveries
            }
            Err(reject) => vec![self.bury(record, &reject)],
        }
    }

    fn deliveries(&self, registry: &Registry, record: &Record, event: &Decoded) -> Vec<OutRecord> {
        let mut headers = event.headers.clone();
        process::trace::inject(&mut headers);
        let origin = Origin { partition: record.partition, offset: record.offset };
        headers.push(names::ORIGIN, origin.to_string());
        let routes = registry.routes(&event.event.account, &event.event.kind);
        routes.map(|standing| self.delivery(&headers, event, standing)).collect()
    }

    /// The event's bytes, unchanged, under the webhook's key: one process owns an endpoint's limits and connections.
    fn delivery(&self, headers: &Headers, event: &Decoded, standing: &Standing) -> OutRecord {
        let webhook = &standing.webhook.id;
        let mut headers = headers.clone();
        headers.push(names::WEBHOOK, webhook.to_string());
        headers.push(names::DELIVERY, event.event.delivery_to(webhook).to_string());
        headers.push(names::REGISTRY, standing.offset.to_string());
        OutRecord {
            topic: Arc::clone(&self.topics.deliveries),
            key: Some(webhook.to_string().into()),
            value: Some(event.data.clone()),
            headers,
        }
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

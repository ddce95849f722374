//! What the dispatcher commands, written to Kafka.

use std::sync::Arc;

use domain::{
    Change, Clock, DeathReason, Epoch, Health, Outcome, Progress, RecordPlace, Standing, Tier, Timestamp,
};
use stream::Writes;
use wire::dead_letter::{self, Death};
use wire::topics::Topics;
use wire::{Headers, OutRecord, delivery, operational};

use crate::held::{Held, Payload};
use crate::telemetry::Telemetry;

/// What a write is for.
pub(crate) enum Tag {
    /// A record's completion waits for it.
    Record(RecordPlace, Payload),
    /// It tells something that was found out about an endpoint.
    Finding,
}

impl Tag {
    /// Whether it is about a record of one of these claims.
    pub(crate) fn is_of(&self, epochs: &[Epoch]) -> bool {
        matches!(self, Self::Record(place, _) if epochs.contains(&place.epoch))
    }
}

/// Everything that is written.
pub(crate) struct Effects {
    pub(crate) topics: Topics,
    pub(crate) group: String,
    pub(crate) writes: Writes<Tag>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) telemetry: Telemetry,
}

impl Effects {
    /// Moves a record aside. It is due a tier's delay from now, exactly: a tier's head never waits for what is behind it.
    pub(crate) fn retry(&self, place: RecordPlace, tier: Tier, progress: &Progress, held: Payload) {
        let mut headers = headers_after(&held, progress);
        delivery::set_due_at(&mut headers, self.clock.now() + tier.delay());
        let topic = self.topics.retry(tier).expect("schedules name tiers that have a topic");
        let record = &held.record;
        let out = OutRecord {
            topic: Arc::clone(topic),
            key: record.key.clone(),
            value: record.value.clone(),
            headers,
        };
        self.writes.begin(Tag::Record(place, held), out);
    }

    /// Buries a record.
    pub(crate) fn bury(
        &self,
        place: RecordPlace,
        reason: DeathReason,
        progress: &Progress,
        last: Option<&Outcome>,
        held: Payload,
    ) {
        self.telemetry.died(reason);
        let message = match (&held.delivery, last) {
            (Err(error), _) => format!("not a delivery of Postbode: {error}"),
            (Ok(_), Some(outcome)) => format!("{}: {}", words(reason), outcome.explain()),
            (Ok(_), None) => words(reason).to_owned(),
        };
        let death = Death {
            reason,
            message,
            attempts: progress.attempts,
            last_status: last.and_then(Outcome::status),
            last_error: last.map(Outcome::explain),
        };
        let headers = headers_after(&held, progress);
        let letter =
            dead_letter::bury(&held.record, headers, &self.topics.dead_deliveries, &self.group, &death);
        self.writes.begin(Tag::Record(place, held), letter);
    }

    /// A record was refused for its size: a dead letter goes without its value, and in the end with nothing but its
    /// coordinates; anything else becomes a dead letter. What can be written in no way stays under way: nothing may be
    /// dropped in silence.
    pub(crate) fn too_large(&mut self, tag: Tag, refused: OutRecord) {
        let Tag::Record(place, held) = tag else {
            tracing::error!(kafka.topic = &*refused.topic, "a finding is too large for its topic");
            return;
        };
        if refused.topic != self.topics.dead_deliveries {
            let progress = delivery::read_progress(&refused.headers).unwrap_or_default();
            return self.bury(place, DeathReason::TooLarge, &progress, None, held);
        }
        let smaller = match refused.value {
            Some(_) => Some(dead_letter::without_value(&refused)),
            None => dead_letter::bare(&refused),
        };
        match smaller {
            Some(smaller) => self.writes.begin(Tag::Record(place, held), smaller),
            None => self.writes.again(Tag::Record(place, held), refused),
        }
    }

    /// Writes down what was found out about an endpoint, until that is acknowledged. Every process that finds it out
    /// writes the same.
    pub(crate) fn found_out(&self, health: Health, standing: &Standing) {
        if let Some(reason) = health.disabled {
            tracing::warn!(webhook.id = %health.webhook, reason = reason.name(), "a webhook is disabled");
            let now = self.clock.now();
            let events = &self.topics.events;
            let event = operational::webhook_disabled(events, &standing.webhook, &health, reason, now);
            self.writes.begin(Tag::Finding, event);
        } else {
            let failing = health.failing_since.is_some();
            tracing::info!(webhook.id = %health.webhook, failing, "a webhook's health changed");
        }
        let (key, value) = wire::registry::encode(&Change::Health(health), None);
        let record = OutRecord {
            topic: Arc::clone(&self.topics.webhooks),
            key: Some(key.into()),
            value: value.map(Into::into),
            headers: Headers::new(),
        };
        self.writes.begin(Tag::Finding, record);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn headers_after(held: &Held, progress: &Progress) -> Headers {
    let mut headers = held.record.headers.clone();
    delivery::write_progress(&mut headers, progress);
    headers
}

fn words(reason: DeathReason) -> &'static str {
    match reason {
        DeathReason::Malformed => "it cannot be understood",
        DeathReason::TooLarge => "it is too large to be moved aside",
        DeathReason::Exhausted => "every attempt failed",
        DeathReason::Gone => "the endpoint is gone",
        DeathReason::AddressDenied => "every attempt failed, and the last one was not allowed",
        DeathReason::Expired => "it waited too long for its webhook",
        DeathReason::UnknownWebhook => "its webhook is deleted",
    }
}

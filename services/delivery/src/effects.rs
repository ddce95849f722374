//! What the dispatcher commands, written to Kafka.

use std::sync::Arc;

use domain::{
    Change, Clock, DeathReason, Health, Outcome, Progress, RecordPlace, Revision, Tier, Timestamp, WebhookId,
};
use stream::{Sink, Writes};
use wire::dead_letter::{self, Death};
use wire::topics::Topics;
use wire::{Headers, OutRecord, delivery};

use crate::held::{Held, Payload};
use crate::telemetry::Telemetry;

/// A write that a record's completion waits for.
pub(crate) type Tag = (RecordPlace, Payload);

/// Everything that is written.
pub(crate) struct Effects {
    pub(crate) topics: Topics,
    pub(crate) group: String,
    pub(crate) sink: Sink,
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
        self.writes.begin((place, held), out);
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
        self.writes.begin((place, held), letter);
    }

    /// A record was refused for its size: a dead letter goes without its value, anything else becomes a dead letter.
    pub(crate) fn too_large(&self, (place, held): Tag, refused: &OutRecord) {
        if refused.topic == self.topics.dead_deliveries {
            self.writes.begin((place, held), dead_letter::without_value(refused));
        } else {
            let progress = delivery::read_progress(&refused.headers).unwrap_or_default();
            self.bury(place, DeathReason::TooLarge, &progress, None, held);
        }
    }

    /// Writes down that a webhook gets nothing any more. Every process that finds out writes the same.
    pub(crate) fn disable(&self, webhook: WebhookId, revision: Revision, reason: domain::DisabledReason) {
        tracing::warn!(webhook.id = %webhook, reason = reason.name(), "a webhook is disabled");
        let health = Health { webhook, revision, failing_since: None, disabled: Some(reason) };
        let (key, value) = wire::registry::encode(&Change::Health(health), None);
        let record = OutRecord {
            topic: Arc::clone(&self.topics.webhooks),
            key: Some(key.into()),
            value: value.map(Into::into),
            headers: Headers::new(),
        };
        self.sink.send_then(&record, |result| {
            if let Err(error) = result {
                tracing::error!(%error, "a webhook's health could not be written");
            }
        });
    }

    /// Writes an attempt down for the history. Best effort: nothing waits for it.
    pub(crate) fn attempted(&self, attempt: &wire::attempt::Attempt) {
        let value = match serde_json::to_vec(attempt) {
            Ok(value) => value,
            Err(error) => {
                tracing::error!(%error, "an attempt cannot be written as JSON");
                return;
            }
        };
        let record = OutRecord {
            topic: Arc::clone(&self.topics.attempts),
            key: Some(attempt.webhook.clone().into()),
            value: Some(value.into()),
            headers: Headers::new(),
        };
        let telemetry = self.telemetry.clone();
        self.sink.send_then(&record, move |result| {
            if result.is_err() {
                telemetry.attempt_not_recorded();
            }
        });
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

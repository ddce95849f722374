//! Attempts, written down for the history: best effort, nothing waits for it.

use std::sync::Arc;

use stream::Sink;
use wire::attempt::Attempt;
use wire::{Headers, OutRecord};

use crate::telemetry::Telemetry;

/// What most attempts take as JSON.
const USUAL_BYTES: usize = 2048;

/// Where attempts are written: apart from the writes that deliveries wait for.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) topic: Arc<str>,
    pub(crate) sink: Sink,
    pub(crate) telemetry: Telemetry,
}

impl History {
    /// Writes an attempt down, under its webhook.
    pub(crate) fn write(&self, attempt: &Attempt<'_>) {
        let mut value = Vec::with_capacity(USUAL_BYTES);
        if let Err(error) = serde_json::to_writer(&mut value, attempt) {
            return tracing::error!(%error, "an attempt cannot be written as JSON");
        }
        let record = OutRecord {
            topic: Arc::clone(&self.topic),
            key: Some(attempt.webhook.clone().into_owned().into()),
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
}

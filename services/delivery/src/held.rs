//! What is kept of a record while it is under way.

use std::sync::Arc;

use call::Item;
use domain::Job;
use wire::delivery::BadHeader;
use wire::{Delivery, Record, names};

/// A record, and what its headers say. Shared by whatever is under way for it.
pub(crate) type Payload = Arc<Held>;

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) record: Record,
    /// None if the record is no delivery of ours.
    pub(crate) delivery: Result<Delivery, BadHeader>,
}

impl Held {
    pub(crate) fn new(record: Record) -> Payload {
        let delivery = match &record.value {
            Some(_) => Delivery::read(&record.headers),
            None => Err(BadHeader("value")),
        };
        Arc::new(Self { record, delivery })
    }

    /// The trace that its event is part of.
    pub(crate) fn trace(&self) -> Option<&str> {
        self.record.headers.text(names::TRACEPARENT)?.split('-').nth(1)
    }

    /// What a call carries of it.
    pub(crate) fn item(&self) -> Result<Item<'_>, String> {
        let delivery = self.delivery.as_ref().map_err(ToString::to_string)?;
        let data = self.record.value.as_ref().ok_or("the record has no value")?;
        Ok(Item { delivery, headers: &self.record.headers, data })
    }

    /// The dispatcher's view of it; none if the record is no delivery of ours.
    pub(crate) fn job(self: &Arc<Self>) -> Option<Job<Payload>> {
        let delivery = self.delivery.as_ref().ok()?;
        Some(Job {
            webhook: delivery.webhook.clone(),
            delivery: delivery.id.clone(),
            registry: delivery.registry,
            progress: delivery.progress.clone(),
            bytes: self.record.size(),
            payload: Arc::clone(self),
        })
    }
}

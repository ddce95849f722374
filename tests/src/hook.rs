//! A webhook as its owner knows it.

use std::collections::BTreeSet;

use domain::{DeliveryId, Event};

/// A webhook.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// The types it wants; none means all.
    pub types: BTreeSet<String>,
    /// Its signing secret.
    pub secret: String,
}

impl Hook {
    /// Whether it wants an event.
    pub fn wants(&self, event: &Event) -> bool {
        self.account == event.account.as_str()
            && (self.types.is_empty() || self.types.contains(event.kind.as_str()))
    }

    /// What an event's delivery to it is named.
    pub fn delivery(&self, event: &Event) -> DeliveryId {
        event.delivery_to(&self.id.as_str().into())
    }
}

//! The books of an installation: what is due to whom.

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;

use crate::{Hook, Receiver};

/// What was accepted for webhooks that wanted it, and the receivers that were to get it.
#[derive(Default)]
pub(crate) struct Books {
    /// Delivery ids that are due, with a word on each.
    due: BTreeMap<String, String>,
    hooks: Vec<Hook>,
    receivers: Vec<Receiver>,
}

impl Books {
    /// Counts what is due to a webhook from now on.
    pub(crate) fn keep(&mut self, hook: &Hook, receiver: &Receiver) {
        self.hooks.push(hook.clone());
        self.receivers.push(receiver.clone());
    }

    /// Counts nothing for a webhook any more.
    pub(crate) fn stop(&mut self, hook: &Hook) {
        self.hooks.retain(|kept| kept.id != hook.id);
    }

    /// Enters events that were accepted.
    pub(crate) fn book(&mut self, events: &[Event]) {
        for event in events {
            for hook in self.hooks.iter().filter(|hook| hook.wants(event)) {
                self.due.insert(hook.delivery(event).to_string(), format!("{} to {}", event.id, hook.id));
            }
        }
    }

    /// What is due and was not taken by its receiver.
    pub(crate) fn missing(&self) -> BTreeMap<String, String> {
        let delivered: BTreeSet<String> = self.receivers.iter().flat_map(Receiver::accepted).collect();
        let due = self.due.iter().filter(|(id, _)| !delivered.contains(*id));
        due.map(|(id, what)| (id.clone(), what.clone())).collect()
    }
}

//! What a batch of records comes to: one row for each thing that it is about. No database.

use std::collections::BTreeMap;

use domain::Timestamp;

use crate::Text;
use crate::delivery::Delivery;
use crate::entry::{Attempt, Audit, DeadLetter, Disposition, Entry};
use crate::hours::{self, Count, Slot};
use crate::volumes::{self, Place};

/// Rows to be written, in the order of their keys: so two consoles lock them in one order too.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    pub(crate) attempts: Vec<&'a Attempt>,
    /// By delivery and batch: when it was sent.
    pub(crate) batches: BTreeMap<(Text, Text), Timestamp>,
    pub(crate) deliveries: BTreeMap<Text, Delivery>,
    pub(crate) hours: BTreeMap<Slot, Count>,
    pub(crate) volumes: BTreeMap<Place, Count>,
    pub(crate) letters: BTreeMap<&'a Text, &'a DeadLetter>,
    pub(crate) dispositions: BTreeMap<&'a Text, Option<&'a Disposition>>,
    pub(crate) audits: Vec<&'a Audit>,
}

impl<'a> Rows<'a> {
    /// Adds what a record says.
    pub(crate) fn add(&mut self, entry: &'a Entry) {
        match entry {
            Entry::Attempt(attempt) => self.attempt(attempt),
            Entry::DeadLetter(letter) => {
                Delivery::of_letter(letter).into_iter().for_each(|delivery| self.delivery(delivery));
                self.letters.insert(&letter.place, letter);
            }
            Entry::Disposition(place, disposition) => {
                self.dispositions.insert(place, disposition.as_ref());
            }
            Entry::Audit(audit) => self.audits.push(audit),
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        let Self { attempts, batches, deliveries, hours, volumes, letters, dispositions, audits } = self;
        let (rare, sums) = (letters.len() + dispositions.len() + audits.len(), hours.len() + volumes.len());
        attempts.len() + batches.len() + deliveries.len() + sums + rare
    }

    fn attempt(&mut self, attempt: &'a Attempt) {
        let slot = hours::slot(&attempt.webhook, attempt.started_at, attempt.took_ms);
        self.hours.entry(slot).or_default().add(attempt.is_success());
        let place = volumes::place(&attempt.account, attempt.started_at);
        self.volumes.entry(place).or_default().add(attempt.is_success());
        for member in &attempt.members {
            if member.delivery != attempt.name {
                let batch = (member.delivery.clone(), attempt.name.clone());
                self.batches.insert(batch, attempt.started_at);
            }
            self.delivery(Delivery::of_attempt(attempt, member));
        }
        self.attempts.push(attempt);
    }

    fn delivery(&mut self, word: Delivery) {
        match self.deliveries.entry(word.member.delivery.clone()) {
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().hear(word),
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(word);
            }
        }
    }
}

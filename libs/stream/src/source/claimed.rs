//! The claims at hand, found by epoch and by partition.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Epoch, Offset, Partition, Timestamp};

use super::Claim;
use super::committer::ReadTo;
use super::context::Place;

#[derive(Default)]
pub(super) struct Claimed {
    claims: HashMap<Epoch, Reading>,
    /// By topic, in the order of subscription, and partition: looked at for each record.
    places: Vec<(Arc<str>, HashMap<i32, Epoch>)>,
    next_epoch: u64,
}

/// A claim, and how far it was read.
pub(super) struct Reading {
    pub(super) claim: Claim,
    /// The offset that is read next; none before the first record of a partition that nobody ever committed.
    pub(super) next: Option<Offset>,
    /// When the newest of all records was written that were ever read of this log; none if that is not known.
    pub(super) newest: Option<Timestamp>,
    /// How far it was read when it last was known to be the log that it was before; none as long as that is not known.
    pub(super) sure: Option<ReadTo>,
}

impl Reading {
    /// How far it is read now.
    pub(super) fn read_to(&self) -> Option<ReadTo> {
        self.next.zip(self.newest)
    }
}

impl Claimed {
    pub(super) fn of(topics: &[Arc<str>]) -> Self {
        let places = topics.iter().map(|topic| (Arc::clone(topic), HashMap::new())).collect();
        Self { places, ..Self::default() }
    }

    /// Begins a claim on a partition, in the place of an earlier one.
    pub(super) fn begin(
        &mut self,
        (topic, partition): &Place,
        next: Option<Offset>,
        newest: Option<Timestamp>,
    ) -> Claim {
        self.next_epoch += 1;
        let epoch = Epoch(self.next_epoch);
        self.end((topic, *partition));
        let index = self.places.iter().position(|(known, _)| **known == **topic).unwrap_or_else(|| {
            self.places.push((topic.as_str().into(), HashMap::new()));
            self.places.len() - 1
        });
        let (topic, epochs) = &mut self.places[index];
        epochs.insert(*partition, epoch);
        let claim = Claim { epoch, topic: Arc::clone(topic), partition: Partition(*partition) };
        let sure = next.zip(newest);
        self.claims.insert(epoch, Reading { claim: claim.clone(), next, newest, sure });
        claim
    }

    /// Ends the claim on a partition, if there is one.
    pub(super) fn end(&mut self, (topic, partition): (&str, i32)) {
        let epochs = self.places.iter_mut().find(|(known, _)| **known == *topic);
        if let Some(epoch) = epochs.and_then(|(_, epochs)| epochs.remove(&partition)) {
            self.claims.remove(&epoch);
        }
    }

    pub(super) fn at(&mut self, topic: &str, partition: i32) -> Option<&mut Reading> {
        let (_, epochs) = self.places.iter().find(|(known, _)| **known == *topic)?;
        self.claims.get_mut(epochs.get(&partition)?)
    }

    pub(super) fn get(&self, epoch: Epoch) -> Option<&Claim> {
        self.reading(epoch).map(|reading| &reading.claim)
    }

    pub(super) fn reading(&self, epoch: Epoch) -> Option<&Reading> {
        self.claims.get(&epoch)
    }

    /// So far a claim was read of one and the same log.
    pub(super) fn is_sure(&mut self, epoch: Epoch, read: Option<ReadTo>) {
        if let Some(reading) = self.claims.get_mut(&epoch) {
            reading.sure = read;
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Reading> {
        self.claims.values()
    }

    pub(super) fn len(&self) -> usize {
        self.claims.len()
    }
}

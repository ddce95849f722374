//! Several deliveries in one POST, for webhooks that want that.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::DeliveryId;

/// How a webhook's deliveries are put together. A POST is made when one of these is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Deliveries in one POST, at most.
    pub max_events: u32,
    /// Bytes of their events together, at most; one that is larger alone goes alone.
    pub max_bytes: u32,
    /// How long the first of them waits for others.
    pub max_wait: Duration,
}

impl Batching {
    /// The most deliveries that a webhook may ask for.
    pub const MAX_EVENTS: u32 = 1000;
    /// The most bytes.
    pub const MAX_BYTES: u32 = 1024 * 1024;
    /// The longest wait.
    pub const MAX_WAIT: Duration = Duration::from_secs(60);
}

impl Default for Batching {
    fn default() -> Self {
        Self { max_events: 100, max_bytes: Self::MAX_BYTES, max_wait: Duration::from_secs(1) }
    }
}

/// Which part of a batch that failed a delivery was: when all parts are back, the batch is sent again as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPart {
    /// The batch.
    pub id: DeliveryId,
    /// Its place in it, from 0.
    pub index: u32,
    /// How many parts there were.
    pub size: u32,
}

impl BatchPart {
    /// Reads `<id>/<index>/<size>`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, '/');
        let (size, index, id) = (parts.next()?, parts.next()?, parts.next()?);
        let (index, size) = (index.parse().ok()?, size.parse().ok()?);
        (index < size && size <= Batching::MAX_EVENTS).then(|| Self { id: id.into(), index, size })
    }
}

impl std::fmt::Display for BatchPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.id, self.index, self.size)
    }
}

/// The name of a batch: a hash of its members' names in order, so that the same members are the same batch.
pub fn batch_id<'a>(members: impl IntoIterator<Item = &'a DeliveryId>) -> DeliveryId {
    let mut hash = Sha256::new();
    for member in members {
        hash.update((member.as_str().len() as u64).to_be_bytes());
        hash.update(member.as_str());
    }
    let digits: String = hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    DeliveryId::new(Arc::from(format!("bat_{digits}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_named_by_its_members_in_order() {
        let [a, b] = ["dlv_a", "dlv_b"].map(DeliveryId::from);
        assert_eq!(batch_id([&a, &b]), batch_id([&a, &b]));
        assert_ne!(batch_id([&a, &b]), batch_id([&b, &a]));
        assert_ne!(batch_id([&a]), batch_id([&a, &b]));
        assert_eq!(batch_id([&a]).as_str().len(), 36);
    }

    #[test]
    fn a_part_is_read_back_and_one_that_cannot_be_is_none() {
        let part = BatchPart { id: "bat_1".into(), index: 2, size: 3 };
        assert_eq!(BatchPart::parse(&part.to_string()), Some(part));
        for bad in ["", "bat_1", "bat_1/3/3", "bat_1/0/1001", "bat_1/-1/3", "bat_1/1"] {
            assert_eq!(BatchPart::parse(bad), None, "{bad}");
        }
    }
}

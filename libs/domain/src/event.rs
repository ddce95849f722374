//! A mail event's envelope. Its data is bytes that only the customer's endpoint needs to understand.

use sha2::{Digest, Sha256};

use crate::{AccountId, DeliveryId, EventId, EventSource, EventType, WebhookId};

/// Who says what happened to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique within the source.
    pub id: EventId,
    /// Where it happened.
    pub source: EventSource,
    /// What happened.
    pub kind: EventType,
    /// Whose mail it was.
    pub account: AccountId,
}

impl Event {
    /// The name of this event's delivery to one webhook. A re-run of fan-out names it the same, so a receiver drops
    /// the second one. The event's id alone does not do: it is unique per source only.
    pub fn delivery_to(&self, webhook: &WebhookId) -> DeliveryId {
        let mut hash = Sha256::new();
        for part in [self.account.as_str(), self.source.as_str(), self.id.as_str(), webhook.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut name = String::with_capacity(36);
        name.push_str("dlv_");
        for byte in &hash.finalize()[..16] {
            name.push(char::from(HEX[usize::from(byte >> 4)]));
            name.push(char::from(HEX[usize::from(byte & 15)]));
        }
        DeliveryId::new(name)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Whether a text may be an event's type: a lower-case letter, then up to 63 lower-case letters, digits, `.`, `_`, `-`.
pub fn is_event_type(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether a text may name an account: 1 to 64 letters, digits, `.`, `_`, `-`, beginning with a letter or a digit.
pub fn is_account_id(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(source: &str, id: &str) -> Event {
        Event { id: id.into(), source: source.into(), kind: "click".into(), account: "acme".into() }
    }

    #[test]
    fn a_delivery_is_named_by_account_source_event_and_webhook() {
        let name = event("/s", "e1").delivery_to(&"wh_1".into());
        assert_eq!(name, event("/s", "e1").delivery_to(&"wh_1".into()));
        assert_ne!(name, event("/s", "e1").delivery_to(&"wh_2".into()));
        assert_ne!(name, event("/t", "e1").delivery_to(&"wh_1".into()));
        assert_ne!(event("/s", "e1").delivery_to(&"w".into()), event("/se", "1").delivery_to(&"w".into()));
        assert_eq!(name.as_str().len(), 36);
    }

    #[test]
    fn a_type_is_short_and_lower_case() {
        for good in ["click", "postbode.webhook.disabled", "a-b_c.9"] {
            assert!(is_event_type(good), "{good}");
        }
        for bad in ["", "Click", "9click", ".click", "cl ick", &"x".repeat(65)] {
            assert!(!is_event_type(bad), "{bad}");
        }
        assert!(is_event_type(&"x".repeat(64)));
    }
}

//! Ids for events that come without one.

use domain::{AccountId, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Where an event's id comes from when its producer gave none.
#[derive(Clone, Copy)]
pub enum Names<'a> {
    /// A new one each time: UUIDv7.
    Fresh {
        /// The time that it begins with.
        now: Timestamp,
        /// What makes it unique.
        random: &'a dyn Fn() -> [u8; 10],
    },
    /// The same one whenever the same request is sent again: a hash of account, `Idempotency-Key` and place, as UUIDv8.
    Derived {
        /// The request's `Idempotency-Key`.
        key: &'a str,
    },
}

impl Names<'_> {
    /// The id of the event at this place of the request.
    pub fn name(&self, account: &AccountId, index: usize) -> String {
        let id = match self {
            Self::Fresh { now, random } => {
                let millis = u64::try_from(now.as_millis()).unwrap_or(0);
                uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
            }
            Self::Derived { key } => derived(account, key, index),
        };
        id.to_string()
    }
}

fn derived(account: &AccountId, key: &str, index: usize) -> Uuid {
    let mut hash = Sha256::new();
    // Lengths keep "ab" + "c" apart from "a" + "bc".
    for part in [account.as_str(), key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update((index as u64).to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_depends_on_account_key_and_place_and_on_nothing_else() {
        let name = |account: &str, key: &str, index| Names::Derived { key }.name(&account.into(), index);
        let id = name("acme", "k", 0);
        assert_eq!(id, name("acme", "k", 0));
        // Producers rely on it across releases: the scheme must not change.
        assert_eq!(id, "1109d1ac-e31e-8fd8-8d9c-f8e378f4c093");
        for other in [name("acme", "k", 1), name("acme", "l", 0), name("acm", "ek", 0)] {
            assert_ne!(id, other);
        }
        assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 8);
    }

    #[test]
    fn a_fresh_id_is_a_uuid_of_its_time() {
        let now = Timestamp::from_millis(1_706_702_400_000);
        let id = Names::Fresh { now, random: &|| [7; 10] }.name(&"acme".into(), 0);
        let id = Uuid::parse_str(&id).unwrap();
        assert_eq!((id.get_version_num(), id.get_timestamp().unwrap().to_unix().0), (7, 1_706_702_400));
    }
}

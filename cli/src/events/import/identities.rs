//! Names of events that have none. Chance has no part in it: the same records in the same order get the same names, and
//! two that are the same in every field get two.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest as _, Sha256};

use super::kinds::Event;

/// Names the events of one file.
pub(super) struct Identities<'a> {
    source: &'a str,
    account: Option<&'a str>,
    seen: Recent,
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    datacontenttype: &'static str,
    data: &'a RawValue,
}

impl<'a> Identities<'a> {
    pub(super) fn new(source: &'a str, account: Option<&'a str>) -> Self {
        Self { source, account, seen: Recent::default() }
    }

    /// The event as a CloudEvent, written out.
    pub(super) fn name(&mut self, event: &Event) -> Result<String, serde_json::Error> {
        let data = to_raw_value(&event.data)?;
        let key = key(event.kind, data.get());
        let id = match self.seen.times(key) {
            1 => format!("log-{key:032x}"),
            again => format!("log-{key:032x}-{again}"),
        };
        serde_json::to_string(&CloudEvent {
            specversion: "1.0",
            id: &id,
            source: self.source,
            r#type: event.kind,
            time: event.time.map(wire::text::rfc3339),
            account: self.account,
            datacontenttype: "application/json",
            data: &data,
        })
    }
}

/// Half of the hash: still no two that differ will ever share it.
fn key(kind: &str, data: &str) -> u128 {
    let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(data).finalize();
    hash.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
}

/// How often each record occurred, as long as it did among the last [`AT_LEAST`] different ones. The time is one of a
/// record's fields and logs are in its order: what is the same stands close together, and a whole day need not be held.
#[derive(Default)]
struct Recent {
    young: HashMap<u128, u32>,
    old: HashMap<u128, u32>,
}

/// Over an hour of a day with a million records.
const AT_LEAST: usize = 65_536;

impl Recent {
    /// How often with this time.
    fn times(&mut self, key: u128) -> u32 {
        if self.young.len() >= AT_LEAST {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        let before = self.young.get(&key).or_else(|| self.old.get(&key)).copied().unwrap_or_default();
        self.young.insert(key, before + 1);
        before + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_close_together_is_told_apart_and_no_more_is_held() {
        let mut seen = Recent::default();
        assert_eq!((seen.times(0), seen.times(0)), (1, 2));
        for key in 1..AT_LEAST as u128 {
            assert_eq!(seen.times(key), 1);
        }
        assert_eq!(seen.times(0), 3, "the last one that counts is of the generation before");
        for key in 0..10 * AT_LEAST as u128 {
            seen.times(key);
        }
        assert!(seen.young.len() + seen.old.len() <= 2 * AT_LEAST);
        assert_eq!(seen.times(1), 1, "far behind");
    }
}

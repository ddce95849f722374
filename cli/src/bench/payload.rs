//! The events that are sent: deliveries of exactly 500 bytes that carry the time of their sending.

use domain::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wire::catalogue;

/// Bytes of every event's data, and so of every body.
pub(super) const SIZE: usize = 500;
/// The type of every event.
pub(super) const KIND: &str = "delivery";
/// Where the sixteen digits of the time stand.
pub(super) const AT: std::ops::Range<usize> = HEAD.len()..HEAD.len() + DIGITS;
/// What stands before the time. The receiver looks for its end.
pub(super) const HEAD: &str = "{\"type\":\"delivery\",\"at\":";
/// A time that says: do not measure this one.
pub(super) const UNTIMED: u64 = 1_000_000_000_000_000;

const DIGITS: usize = 16;

/// So many different events, the same for the same seed. Their ids are their messages' ids, and so choose partitions.
pub(super) fn events(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count as u64).map(|number| event(number, &mut random)).collect()
}

/// Writes the time into an event: `event[AT]` of one of [`events`], wherever it was copied to.
pub(super) fn stamp(digits: &mut [u8], micros: u64) {
    let mut rest = micros;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

/// The time in a body, if there is one that is to be measured.
pub(super) fn time_in(body: &[u8]) -> Option<u64> {
    let digits = body.strip_prefix(HEAD.as_bytes())?.get(..DIGITS)?;
    let time = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (time != UNTIMED).then_some(time)
}

/// A sample of the catalogue, filled up with random letters: Kafka's compression is to find no more than it would in mail.
fn event(number: u64, random: &mut StdRng) -> Vec<u8> {
    const FILLER: &str = ",\"filler\":\"";
    let sample = catalogue::sample_at(KIND, number, Timestamp::from_millis(1_769_860_800_000));
    let members = sample.strip_prefix("{\"type\":\"delivery\"").unwrap_or_default().trim_end_matches('}');
    let mut event = format!("{HEAD}{UNTIMED}{members}{FILLER}").into_bytes();
    while event.len() < SIZE - 2 {
        event.push(LETTERS[random.random_range(0..LETTERS.len())]);
    }
    event.extend_from_slice(b"\"}");
    event
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_valid_and_of_one_size() {
        for event in events(1, 100) {
            assert_eq!(event.len(), SIZE, "{}", String::from_utf8_lossy(&event));
            let data: serde_json::Value = serde_json::from_slice(&event).unwrap();
            assert_eq!(catalogue::validate(KIND, &data), []);
        }
        assert_eq!(events(7, 3), events(7, 3));
        assert_ne!(events(7, 1), events(8, 1));
    }

    #[test]
    fn a_time_is_read_as_it_was_stamped() {
        let mut event = events(1, 1).remove(0);
        assert_eq!(time_in(&event), None);
        stamp(&mut event[AT], 1_769_860_800_123_456);
        assert_eq!(time_in(&event), Some(1_769_860_800_123_456));
        assert!(serde_json::from_slice::<serde_json::Value>(&event).is_ok());
    }
}

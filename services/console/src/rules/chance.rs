//! Chance as an argument: what fills bytes at random. It must be fit for keys.

use std::fmt::Write as _;

use domain::Timestamp;

/// Fills bytes at random.
pub type Chance<'a> = &'a mut dyn FnMut(&mut [u8]);

/// So many random bytes.
pub fn bytes<const N: usize>(chance: Chance<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    chance(&mut bytes);
    bytes
}

/// So many random bytes, as lower-case hexadecimal digits.
pub fn hex<const N: usize>(chance: Chance<'_>) -> String {
    bytes::<N>(chance).iter().fold(String::with_capacity(2 * N), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A new id: later ones sort after earlier ones (UUIDv7).
pub fn id(prefix: &str, now: Timestamp, chance: Chance<'_>) -> String {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &bytes(chance)).into_uuid();
    format!("{prefix}_{}", uuid.simple())
}

//! Durations as people write them: `500ms`, `5s`, `30m`, `24h`.

use std::time::Duration;

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a duration: write a whole number and a unit (ms, s, m, h, d), for example 500ms, 30s or 24h"
)]
pub struct InvalidDuration(pub String);

/// Units with their length in milliseconds, longest first but for `d`, which is read and never written:
/// topic names say `24h`.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads one whole number with one unit.
///
/// # Errors
/// When the number or the unit is missing, unknown or too large.
pub fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    let invalid = || InvalidDuration(text.to_owned());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| invalid())?;
    let scale = match unit {
        "d" => 86_400_000,
        other => UNITS.iter().find(|(name, _)| *name == other).ok_or_else(invalid)?.1,
    };
    number.checked_mul(scale).map(Duration::from_millis).ok_or_else(invalid)
}

/// Writes the duration in the longest unit that divides it: the inverse of [`parse`] for whole milliseconds.
pub fn format(length: Duration) -> String {
    let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let (unit, scale) =
        UNITS.into_iter().find(|(_, scale)| millis.is_multiple_of(*scale)).unwrap_or(("ms", 1));
    format!("{}{unit}", millis / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_written_back() {
        for text in ["1ms", "500ms", "5s", "30s", "90s", "5m", "30m", "2h", "24h"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(format(parse("60s").unwrap()), "1m");
        assert_eq!(parse("3d").unwrap(), Duration::from_secs(3 * 86_400));
    }

    #[test]
    fn what_is_no_duration_is_named_in_the_error() {
        for text in
            ["", "5", "s", "-5s", "5 s", "1h30m", "5.5s", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(parse(text).unwrap_err().to_string().contains(&format!("'{text}'")), "{text}");
        }
    }
}

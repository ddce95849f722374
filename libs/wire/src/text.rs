//! Times and durations as text: RFC 3339 on the wire, `30s` in configuration.

use std::fmt;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
pub fn rfc3339(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(instant) => format!("{instant:.3}"),
        Err(_) => jiff::Timestamp::MAX.to_string(),
    }
}

/// Reads RFC 3339 with any offset.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|instant| Timestamp::from_millis(instant.as_millisecond()))
}

/// A time as text: for `#[serde(with = "wire::text::Rfc3339")]`. A type and no module, so that it has a schema too.
pub struct Rfc3339;

impl Rfc3339 {
    /// Writes RFC 3339.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(*at))
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// When the text is no such time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        parse_rfc3339(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("'{text}' is not an RFC 3339 time")))
    }
}

/// A time or null: for `#[serde(with = "wire::text::OptionalRfc3339")]`; combine with `default` and
/// `skip_serializing_if`.
pub struct OptionalRfc3339;

#[derive(Serialize, Deserialize)]
struct Wrapped(#[serde(with = "Rfc3339")] Timestamp);

impl OptionalRfc3339 {
    /// Writes RFC 3339 or null.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Wrapped).serialize(serializer)
    }

    /// Reads RFC 3339 or null.
    ///
    /// # Errors
    /// When the text is no such time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Wrapped>::deserialize(deserializer)?.map(|wrapped| wrapped.0))
    }
}

/// A duration in configuration and on the API: `500ms`, `30s`, `24h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&domain::duration::format(self.0))
    }
}

impl From<HumanDuration> for Duration {
    fn from(human: HumanDuration) -> Self {
        human.0
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        domain::duration::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_and_read_with_any_offset() {
        let at = Timestamp::from_millis(1_706_702_400_123);
        assert_eq!(rfc3339(at), "2024-01-31T12:00:00.123Z");
        assert_eq!(parse_rfc3339("2024-01-31T13:00:00.123+01:00"), Some(at));
        assert_eq!(rfc3339(Timestamp::from_millis(1_706_702_400_000)), "2024-01-31T12:00:00.000Z");
        for bad in ["", "2024-01-31", "2024-01-31 12:00", "yesterday"] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
    }
}

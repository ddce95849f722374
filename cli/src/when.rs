//! Times on the command line.

use std::str::FromStr;
use std::time::Duration;

use domain::Timestamp;

/// A time: given, or so far from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Away(Duration),
}

impl When {
    /// Which time that is, of something that has been.
    pub(crate) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Away(length) => now - length,
        }
    }

    /// Which time that is, of something that is still to come.
    pub(crate) fn ahead(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Away(length) => now + length,
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let away = || domain::duration::parse(text).ok().map(Self::Away);
        wire::text::parse_rfc3339(text).map(Self::At).or_else(away).ok_or_else(|| {
            format!("'{text}' is neither an RFC 3339 time (2026-01-31T12:00:00Z) nor a duration (2h)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_given_or_so_far_from_now() {
        let now = Timestamp::from_millis(1_000_000_000);
        assert_eq!("1h".parse::<When>().unwrap().at(now), now - Duration::from_secs(3600));
        assert_eq!("1h".parse::<When>().unwrap().ahead(now), now + Duration::from_secs(3600));
        assert_eq!("1970-01-12T13:46:40Z".parse::<When>().unwrap().at(now), now);
        assert!("soon".parse::<When>().unwrap_err().contains("'soon'"));
    }
}

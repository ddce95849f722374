//! What the receiver answers when it is told to fail.

use std::str::FromStr;

use http::StatusCode;

/// `503` fails every call, `503:3` the first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    times: Option<u64>,
}

impl Failure {
    /// The status for the call after `earlier` ones; none when it succeeds.
    pub(super) fn of_call(&self, earlier: u64) -> Option<StatusCode> {
        self.times.is_none_or(|times| earlier < times).then_some(self.status)
    }
}

impl FromStr for Failure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not STATUS or STATUS:TIMES, for example 503 or 503:3");
        let (status, times) = match text.split_once(':') {
            Some((status, times)) => (status, Some(times.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let status: StatusCode = status.parse().map_err(|_| wrong())?;
        if status.is_informational() {
            return Err(format!("{status} is not a final answer"));
        }
        Ok(Self { status, times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_lasts_for_ever_or_so_many_calls() {
        let always: Failure = "410".parse().unwrap();
        assert_eq!(always.of_call(u64::MAX), Some(StatusCode::GONE));
        let twice: Failure = "503:2".parse().unwrap();
        let statuses: Vec<_> = (0..3).map(|n| twice.of_call(n).is_some()).collect();
        assert_eq!(statuses, [true, true, false]);
    }

    #[test]
    fn what_is_no_failure_is_explained() {
        for bad in ["", "oops", "503:", "503:x", "99", ":3"] {
            assert!(bad.parse::<Failure>().unwrap_err().contains(bad), "{bad}");
        }
        assert!("100".parse::<Failure>().is_err());
    }
}

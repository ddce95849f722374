//! Values of options: offsets, statuses. Each error names what was said and shows what can be.

use std::str::FromStr;

use domain::{Offset, Partition};
use stream::Span;
use wire::disposition::Place;

/// Offsets of one partition, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) partition: Partition,
    pub(crate) span: Span,
}

impl Offsets {
    /// Whether a place is one of them.
    pub(crate) fn contain(&self, place: &Place) -> bool {
        self.partition == place.partition
            && place.offset >= self.span.from
            && self.span.to.is_none_or(|to| place.offset <= to)
    }
}

impl FromStr for Offsets {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' is not PARTITION, PARTITION:OFFSET or PARTITION:FROM-TO, for example 3:17-20")
        };
        let number = |text: &str| text.parse::<i64>().ok().filter(|n| *n >= 0).ok_or_else(wrong);
        let (partition, range) = text.split_once(':').unwrap_or((text, "0-"));
        let partition = Partition(partition.parse().ok().filter(|n| *n >= 0).ok_or_else(wrong)?);
        let (from, to) = match range.split_once('-') {
            None => (number(range)?, Some(number(range)?)),
            Some((from, "")) => (number(from)?, None),
            Some((from, to)) => (number(from)?, Some(number(to)?)),
        };
        if to.is_some_and(|to| to < from) {
            return Err(format!("'{text}' ends before it begins"));
        }
        Ok(Self { partition, span: Span { from: Offset(from), to: to.map(Offset) } })
    }
}

/// What the last attempt was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// This status.
    With(u16),
    /// Any status of this hundred.
    Hundred(u16),
    /// Nothing: no connection, no answer in time, or no attempt at all.
    Nothing,
}

impl Answered {
    /// Whether this is such a status.
    pub(crate) fn is(self, status: Option<u16>) -> bool {
        match self {
            Self::With(wanted) => status == Some(wanted),
            Self::Hundred(wanted) => status.is_some_and(|status| status / 100 == wanted),
            Self::Nothing => status.is_none(),
        }
    }
}

impl FromStr for Answered {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hundred = text.strip_suffix("xx").and_then(|digit| digit.parse().ok());
        let answered = match text {
            "none" => Some(Self::Nothing),
            _ => hundred
                .filter(|digit| (1..=5).contains(digit))
                .map(Self::Hundred)
                .or_else(|| text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::With)),
        };
        answered.ok_or_else(|| format!("'{text}' is no status: say 503, 5xx, or none where nobody answered"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_choose_partitions_and_spans() {
        let seen = |spec: &str, place: &str| {
            spec.parse::<Offsets>().unwrap().contain(&Place::parse(&format!("t-{place}")).unwrap())
        };
        assert!(
            seen("3", "3-17") && seen("3:17", "3-17") && seen("3:10-17", "3-17") && seen("3:17-", "3-99")
        );
        assert!(!seen("2", "3-17") && !seen("3:18-", "3-17") && !seen("3:10-16", "3-17"));
        for wrong in ["", "x", "3:x", "-1", "3:-", "3:9-1"] {
            assert!(wrong.parse::<Offsets>().unwrap_err().contains(&format!("'{wrong}'")), "{wrong}");
        }
    }

    #[test]
    fn a_status_is_one_a_hundred_or_none() {
        let is = |spec: &str, status| spec.parse::<Answered>().unwrap().is(status);
        assert!(is("503", Some(503)) && is("5xx", Some(503)) && is("none", None));
        assert!(!is("503", Some(500)) && !is("5xx", Some(499)) && !is("5xx", None) && !is("none", Some(500)));
        for wrong in ["", "xx", "6xx", "99", "600", "teapot"] {
            assert!(wrong.parse::<Answered>().unwrap_err().contains(&format!("'{wrong}'")), "{wrong}");
        }
    }
}

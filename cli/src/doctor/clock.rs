//! Whether this machine's clock agrees with another's: the `Date` that an HTTP answer carries.
//!
//! Retries are due at times that one process writes and another reads, and receivers refuse signatures that are five minutes
//! off: clocks that differ make retries late, and calls fail.

use std::time::{Duration, UNIX_EPOCH};

use domain::Timestamp;
use http::{HeaderMap, header};

use super::finding::Finding;

/// What time it was elsewhere, and here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    whose: String,
    here: Timestamp,
    there: Timestamp,
    /// How long the question and its answer took together.
    took: Duration,
}

/// What an answer says of the time.
pub(super) fn heard(whose: &str, sent: Timestamp, took: Duration, headers: &HeaderMap) -> Option<Heard> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
    let there = Timestamp::from_millis(i64::try_from(since).ok()?);
    Some(Heard { whose: whose.to_owned(), here: sent, there, took })
}

/// `Date` tells seconds only, and was made somewhere between question and answer.
const SECOND: i64 = 1000;
/// What is no trouble to anybody, in milliseconds.
const SMALL: i64 = 2 * SECOND;
/// A fifth of what receivers' libraries tolerate of a signature's age.
const LARGE: i64 = 60 * SECOND;

/// How far apart the clocks are.
pub(super) fn judge(heard: Option<Heard>) -> Finding {
    let name = "clock";
    let Some(heard) = heard else {
        return Finding::unchecked(name, "nobody answered who tells the time")
            .or_else("POSTBODE_CONSOLE_URL, POSTBODE_INGEST_URL or --url name somebody who does");
    };
    let took = i64::try_from(heard.took.as_millis()).unwrap_or(i64::MAX);
    let ahead = heard.here.as_millis() - heard.there.as_millis();
    // Somewhere from the beginning of the question to the end of the answer, and of that second.
    let (least, most) = (ahead - SECOND, ahead + took);
    let off = if least > 0 {
        least
    } else if most < 0 {
        most
    } else {
        0
    };
    let way = if off < 0 { "behind" } else { "ahead of" };
    let whose = &heard.whose;
    if off.abs() <= SMALL {
        return Finding::ok(name, format!("agrees with that of {whose}, as far as an answer's Date tells"));
    }
    let seen = format!("{:.1} s {way} that of {whose}", (off.abs() as f64) / 1000.0);
    let todo = "have all machines follow one time: timedatectl, chronyc tracking";
    if off.abs() <= LARGE { Finding::warning(name, seen, todo) } else { Finding::failed(name, seen, todo) }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn at(here: i64, took: u64) -> Finding {
        let headers =
            [(header::DATE, "Thu, 01 Jan 1970 00:16:40 GMT".parse().unwrap())].into_iter().collect();
        let took = Duration::from_millis(took);
        judge(heard("console", Timestamp::from_millis(here), took, &headers))
    }

    #[test]
    fn clocks_agree_as_far_as_a_date_tells() {
        for (here, took) in [(1_000_000, 5), (1_000_999, 5), (1_002_500, 5), (997_000, 1_500)] {
            assert_eq!(at(here, took).verdict, Verdict::Ok, "{here} {took}");
        }
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_which_way() {
        assert_eq!(at(1_011_000, 5).seen, "10.0 s ahead of that of console");
        assert_eq!(at(990_000, 0).seen, "10.0 s behind that of console");
        assert_eq!((at(1_011_000, 5).verdict, at(1_100_000, 5).verdict), (Verdict::Warning, Verdict::Failed));
    }

    #[test]
    fn without_an_answer_nothing_is_said() {
        assert_eq!(judge(None).verdict, Verdict::Unchecked);
        assert_eq!(heard("a", Timestamp::from_millis(0), Duration::ZERO, &HeaderMap::new()), None);
    }
}

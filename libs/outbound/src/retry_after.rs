//! `Retry-After`: seconds or a date (RFC 9110 §10.2.3), made relative.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// No endpoint may put a delivery off for longer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long the response asks to wait: at most 24 h, zero for a date gone by, `None` if it does not say, or says
/// nothing that can be read. A date is taken relative to the response's own `Date`, if it has one: the two clocks
/// may differ.
pub(crate) fn parse(headers: &HeaderMap, now: impl FnOnce() -> Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match seconds(text) {
        Some(asked) => asked,
        None => until(date(text)?, headers, now),
    };
    Some(asked.min(LONGEST))
}

/// Digits only; more of them than fit are "very long". A negative number is in the past.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() < text.len() {
        return Some(Duration::ZERO);
    }
    Some(digits.parse().map_or(LONGEST, Duration::from_secs))
}

fn until(asked: SystemTime, headers: &HeaderMap, now: impl FnOnce() -> Timestamp) -> Duration {
    let sent = headers.get(DATE).and_then(|value| date(value.to_str().ok()?));
    let reference = sent.unwrap_or_else(|| {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(now().as_millis()).unwrap_or_default())
    });
    asked.duration_since(reference).unwrap_or_default()
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's own example.
    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

    fn asked(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        parse(&headers, || NOW)
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(asked("120", None), Some(Duration::from_secs(120)));
        assert_eq!(asked(" 0 ", None), Some(Duration::ZERO));
        assert_eq!(parse(&HeaderMap::new(), || NOW), None);
    }

    #[test]
    fn all_three_forms_of_dates_are_read() {
        for text in
            ["Sun, 06 Nov 1994 08:51:37 GMT", "Sunday, 06-Nov-94 08:51:37 GMT", "Sun Nov  6 08:51:37 1994"]
        {
            assert_eq!(asked(text, None), Some(Duration::from_secs(120)), "{text}");
        }
    }

    #[test]
    fn a_date_is_relative_to_the_endpoints_own_clock() {
        let waits = asked("Sun, 06 Nov 1994 10:01:00 GMT", Some("Sun, 06 Nov 1994 10:00:00 GMT"));
        assert_eq!(waits, Some(Duration::from_secs(60)));
        let unreadable = asked("Sun, 06 Nov 1994 08:50:37 GMT", Some("today"));
        assert_eq!(unreadable, Some(Duration::from_secs(60)));
    }

    #[test]
    fn absurd_values_are_capped_past_ones_are_zero_garbage_is_nothing() {
        for text in ["86401", "99999999999", "99999999999999999999999", "Sat, 06 Nov 2094 08:49:37 GMT"] {
            assert_eq!(asked(text, None), Some(Duration::from_secs(86_400)), "{text}");
        }
        for text in ["-1", "-99999999999999999999999", "Sun, 06 Nov 1994 08:00:00 GMT"] {
            assert_eq!(asked(text, None), Some(Duration::ZERO), "{text}");
        }
        for text in ["", "soon", "1.5", "1e3", "+5", "0x10", "5 minutes", "-"] {
            assert_eq!(asked(text, None), None, "{text}");
        }
    }
}

//! Standard Webhooks, checked as a receiver would: after the specification, sharing no code with the signing side.
//!
//! A message is genuine when one of the space-separated entries of `webhook-signature` is `v1,` and the base64 of
//! HMAC-SHA256 over `id.timestamp.body`, and its timestamp is at most five minutes off.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

/// How far the sender's clock may be off, in seconds.
const TOLERANCE: i64 = 5 * 60;

/// Checks calls with one or more secrets: during a rotation either will do.
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Vec<u8>>,
}

/// A text that is no secret. Does not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ followed by base64 of 24 to 64 bytes")]
pub struct BadSecret;

/// Why a call is not genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// A header is missing, occurs twice or is no text.
    #[error("header {0} is missing, occurs twice or is unreadable")]
    Header(&'static str),
    /// The timestamp is no number of seconds.
    #[error("webhook-timestamp is not a number of seconds")]
    Timestamp,
    /// The timestamp is too far from now.
    #[error("webhook-timestamp is {0} s off: too old or from the future")]
    Stale(i64),
    /// No entry matches.
    #[error("no signature matches: another secret, or the body was changed on the way")]
    Signature,
}

impl Verifier {
    /// Takes `whsec_…` secrets.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, BadSecret> {
        let keys = secrets.into_iter().map(key).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// Checks one call.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, headers: &HeaderMap, body: &[u8], now_seconds: i64) -> Result<(), NotGenuine> {
        let id = only(headers, "webhook-id")?;
        let timestamp = only(headers, "webhook-timestamp")?;
        let signatures = only(headers, "webhook-signature")?;

        let seconds: i64 = timestamp.parse().map_err(|_| NotGenuine::Timestamp)?;
        let off = now_seconds.saturating_sub(seconds);
        if off.unsigned_abs() > TOLERANCE.unsigned_abs() {
            return Err(NotGenuine::Stale(off));
        }

        let entries = signatures.split(' ').filter_map(|entry| entry.strip_prefix("v1,"));
        let tags: Vec<_> = entries.filter_map(|entry| STANDARD.decode(entry).ok()).collect();
        let signed_by = |key: &Vec<u8>| tags.iter().any(|tag| matches(key, [id, timestamp], body, tag));
        if self.keys.iter().any(signed_by) { Ok(()) } else { Err(NotGenuine::Signature) }
    }
}

/// Compares in constant time.
fn matches(key: &[u8], [id, timestamp]: [&str; 2], body: &[u8], tag: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.verify_slice(tag).is_ok()
}

fn key(secret: &str) -> Result<Vec<u8>, BadSecret> {
    let encoded = secret.strip_prefix("whsec_").ok_or(BadSecret)?;
    let key = STANDARD.decode(encoded).map_err(|_| BadSecret)?;
    if (24..=64).contains(&key.len()) { Ok(key) } else { Err(BadSecret) }
}

fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, NotGenuine> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| NotGenuine::Header(name)),
        (None, _) | (Some(_), Some(_)) => Err(NotGenuine::Header(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret, id, timestamp, body, signature: the known answers of Standard Webhooks.
    const KNOWN: [(&str, &str, i64, &str, &str); 2] = [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ];

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let pairs = [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
        pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_known_answers_are_genuine() {
        for (secret, id, at, body, signature) in KNOWN {
            let verifier = Verifier::new([secret]).unwrap();
            let headers = headers(id, &at.to_string(), signature);
            assert_eq!(verifier.check(&headers, body.as_bytes(), at), Ok(()));
        }
    }

    #[test]
    fn any_secret_may_match_any_entry() {
        let (secret, id, at, body, signature) = KNOWN[0];
        let verifier = Verifier::new([KNOWN[1].0, secret]).unwrap();
        let signatures = format!("v1a,AAAA v1,AAAA {signature} v2,zzz");
        let headers = headers(id, &at.to_string(), &signatures);
        assert_eq!(verifier.check(&headers, body.as_bytes(), at), Ok(()));
    }

    #[test]
    fn whatever_was_changed_is_not_genuine() {
        let (secret, id, at, body, signature) = KNOWN[0];
        let check = |id: &str, at: i64, signature: &str, body: &str| {
            let headers = headers(id, &at.to_string(), signature);
            Verifier::new([secret]).unwrap().check(&headers, body.as_bytes(), at)
        };
        let wrong = Err(NotGenuine::Signature);
        assert_eq!(check("msg_other", at, signature, body), wrong);
        assert_eq!(check(id, at + 1, signature, body), wrong);
        assert_eq!(check(id, at, signature, "{}"), wrong);
        assert_eq!(check(id, at, "v1,AAAA", body), wrong);
        assert_eq!(check(id, at, "v1,", body), wrong);
        assert_eq!(check(id, at, &signature.replace("v1,", "v2,"), body), wrong);
        let truncated = &signature[..signature.len() - 8];
        assert_eq!(check(id, at, truncated, body), wrong);
    }

    #[test]
    fn five_minutes_are_the_limit_both_ways() {
        let (secret, id, at, body, signature) = KNOWN[0];
        let verifier = Verifier::new([secret]).unwrap();
        let headers = headers(id, &at.to_string(), signature);
        let at_offset = |offset| verifier.check(&headers, body.as_bytes(), at + offset);
        assert_eq!((at_offset(300), at_offset(-300)), (Ok(()), Ok(())));
        assert_eq!(at_offset(301), Err(NotGenuine::Stale(301)));
        assert_eq!(at_offset(-301), Err(NotGenuine::Stale(-301)));
    }

    #[test]
    fn missing_double_and_unreadable_headers_are_named() {
        let verifier = Verifier::new([KNOWN[0].0]).unwrap();
        let mut headers = headers("a", "soon", "v1,AAAA");
        assert_eq!(verifier.check(&headers, b"", 0), Err(NotGenuine::Timestamp));
        headers.append("webhook-id", "b".parse().unwrap());
        assert_eq!(verifier.check(&headers, b"", 0), Err(NotGenuine::Header("webhook-id")));
        assert_eq!(verifier.check(&HeaderMap::new(), b"", 0), Err(NotGenuine::Header("webhook-id")));
    }

    #[test]
    fn a_secret_has_a_prefix_and_24_to_64_bytes() {
        for bad in
            ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_!!!", "whsec_MfKQ9r8GKYqrTwjU"]
        {
            assert!(Verifier::new([bad]).is_err(), "{bad}");
        }
        assert!(Verifier::new([]).is_ok());
    }
}

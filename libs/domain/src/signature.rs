//! The Standard Webhooks signature: HMAC-SHA256 over `id.timestamp.body`.
//!
//! Source of the rule: the Standard Webhooks specification 1.0. Secrets are `whsec_` and base64 of 24 to 64 bytes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::DeliveryId;

const PREFIX: &str = "whsec_";

/// A receiver's secret, ready to sign: the key is mixed into the hash state once, not once per call.
#[derive(Clone)]
pub struct SigningSecret {
    mac: Hmac<Sha256>,
}

/// Why a text is no secret. Never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ followed by base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

impl SigningSecret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// When the prefix, the base64 or the length is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let key = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !(24..=64).contains(&key.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self { mac: Hmac::new_from_slice(&key).map_err(|_| InvalidSecret)? })
    }

    /// Writes a secret of 32 bytes: the inverse of [`SigningSecret::parse`].
    pub fn encode(key: &[u8; 32]) -> String {
        format!("{PREFIX}{}", STANDARD.encode(key))
    }

    /// The `v1,…` entry of `webhook-signature`. `seconds` is what `webhook-timestamp` says.
    pub fn sign(&self, id: &DeliveryId, seconds: i64, body: &[u8]) -> String {
        let mut signature = String::with_capacity(48);
        signature.push_str("v1,");
        STANDARD
            .encode_string(self.mac_of(id.as_str(), seconds, body).finalize().into_bytes(), &mut signature);
        signature
    }

    /// Whether one of the space-separated entries of `webhook-signature` is ours. Compares in constant time, and
    /// knows `v1` only.
    pub fn verifies(&self, id: &str, seconds: i64, body: &[u8], signatures: &str) -> bool {
        signatures.split(' ').filter_map(|entry| entry.strip_prefix("v1,")).any(|encoded| {
            STANDARD
                .decode(encoded)
                .is_ok_and(|tag| self.mac_of(id, seconds, body).verify_slice(&tag).is_ok())
        })
    }

    fn mac_of(&self, id: &str, seconds: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        mac
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers: recomputed from the specification's libraries.
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

    #[test]
    fn the_known_answers_come_out() {
        for (secret, id, seconds, body, signature) in KNOWN {
            let secret = SigningSecret::parse(secret).unwrap();
            assert_eq!(secret.sign(&id.into(), seconds, body.as_bytes()), signature);
            assert!(secret.verifies(id, seconds, body.as_bytes(), &format!("v1a,xx v1,AAAA {signature}")));
        }
    }

    #[test]
    fn a_changed_body_id_or_time_is_refused() {
        let (secret, id, seconds, body, signature) = KNOWN[0];
        let secret = SigningSecret::parse(secret).unwrap();
        assert!(!secret.verifies(id, seconds, b"{}", signature));
        assert!(!secret.verifies("msg_other", seconds, body.as_bytes(), signature));
        assert!(!secret.verifies(id, seconds + 1, body.as_bytes(), signature));
        assert!(!secret.verifies(id, seconds, body.as_bytes(), &signature.replace("v1,", "v2,")));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        for (length, good) in [(23, false), (24, true), (64, true), (65, false)] {
            let text = format!("{PREFIX}{}", STANDARD.encode(vec![1; length]));
            assert_eq!(SigningSecret::parse(&text).is_ok(), good, "{length}");
        }
        assert!(SigningSecret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_err());
        assert!(SigningSecret::parse(&SigningSecret::encode(&[9; 32])).is_ok());
    }
}

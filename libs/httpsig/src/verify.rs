//! What a careful receiver does: stricter than SMTPeter's published verifier, which takes a signature of any age in the
//! future, one that does not cover the target, and one made with the public key as a shared secret.

use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use http::HeaderMap;

use crate::message::{DIGEST, SIGNATURE, digest};

/// A call as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The request's target: path and query.
    pub target: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

/// Why a call is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header that is needed is not there, or is no text.
    #[error("{0} is missing")]
    Missing(String),
    /// `signature` is not of the form that it must have.
    #[error("the signature header is malformed")]
    Malformed,
    /// Only `rsa-sha256`: anything else would let the public key, which everybody has, sign.
    #[error("the algorithm is {0:?}, and only rsa-sha256 is taken")]
    Algorithm(String),
    /// Something that matters is not signed.
    #[error("{0} is not covered by the signature")]
    NotCovered(String),
    /// The body is not the one that was signed.
    #[error("the digest is not the body's")]
    Digest,
    /// Too old, or from the future.
    #[error("the date is more than a minute away")]
    Date,
    /// Nobody knows a key of that name.
    #[error("there is no key {0:?}")]
    UnknownKey(String),
    /// The signature is not that key's.
    #[error("the signature is wrong")]
    Signature,
}

/// How far a call's date may be from ours.
const SKEW: Duration = Duration::from_secs(60);
/// What must be signed.
const COVERED: [&str; 4] = ["(request-target)", "host", "date", "digest"];

/// Verifies a call. `key` finds the SubjectPublicKeyInfo (DER) of a `keyId`, as DNS publishes it; `id_header` is the name
/// of the header that names the account, in lower case. Returns the name of the key.
///
/// # Errors
/// Says why the call is not believed.
pub fn verify(
    call: &Received<'_>,
    id_header: &str,
    now: Timestamp,
    key: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<String, Refusal> {
    let parameters = Parameters::read(text(call.headers, SIGNATURE.as_str())?)?;
    if parameters.algorithm != "rsa-sha256" {
        return Err(Refusal::Algorithm(parameters.algorithm));
    }
    let names: Vec<_> = parameters.headers.split(' ').collect();
    if let Some(name) = COVERED.into_iter().chain([id_header]).find(|name| !names.contains(name)) {
        return Err(Refusal::NotCovered(name.to_owned()));
    }
    let given = text(call.headers, DIGEST.as_str())?;
    let (algorithm, value) = given.split_once('=').unwrap_or_default();
    if !algorithm.eq_ignore_ascii_case("sha-256") || Some(value) != digest(call.body).strip_prefix("sha-256=")
    {
        return Err(Refusal::Digest);
    }
    check_date(text(call.headers, "date")?, now)?;
    let spki = key(&parameters.key).ok_or_else(|| Refusal::UnknownKey(parameters.key.clone()))?;
    let text = signing_string(&names, call)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, spki);
    key.verify(text.as_bytes(), &parameters.signature).map_err(|_| Refusal::Signature)?;
    Ok(parameters.key)
}

fn check_date(text: &str, now: Timestamp) -> Result<(), Refusal> {
    let date = httpdate::parse_http_date(text).map_err(|_| Refusal::Date)?;
    let seconds = date.duration_since(std::time::UNIX_EPOCH).map_err(|_| Refusal::Date)?.as_secs();
    let date = Timestamp::from_millis(i64::try_from(seconds * 1000).map_err(|_| Refusal::Date)?);
    match date.since(now).max(now.since(date)) <= SKEW + Duration::from_secs(1) {
        true => Ok(()),
        false => Err(Refusal::Date),
    }
}

fn signing_string(names: &[&str], call: &Received<'_>) -> Result<String, Refusal> {
    let line = |name: &&str| match *name {
        "(request-target)" => Ok(format!("{name}: post {}", call.target)),
        name => Ok(format!("{name}: {}", text(call.headers, name)?)),
    };
    Ok(names.iter().map(line).collect::<Result<Vec<_>, _>>()?.join("\n"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.map(str::trim).ok_or_else(|| Refusal::Missing(name.to_owned()))
}

/// `keyId="…",algorithm="…",headers="…",signature="…"`, in any order.
struct Parameters {
    key: String,
    algorithm: String,
    headers: String,
    signature: Vec<u8>,
}

impl Parameters {
    fn read(text: &str) -> Result<Self, Refusal> {
        let find = |name: &str| {
            let parts = text.split("\",").map(|part| part.trim().trim_end_matches('"'));
            let mut values = parts.filter_map(|part| part.strip_prefix(name)?.strip_prefix("=\""));
            // Said twice, it would be open which one counts.
            values.next().filter(|_| values.next().is_none()).ok_or(Refusal::Malformed)
        };
        Ok(Self {
            key: find("keyId")?.to_owned(),
            algorithm: find("algorithm")?.to_owned(),
            headers: find("headers")?.to_owned(),
            signature: STANDARD.decode(find("signature")?).map_err(|_| Refusal::Malformed)?,
        })
    }
}

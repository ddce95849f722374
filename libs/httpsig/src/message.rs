//! What a signature is over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::PlatformKey;

/// A call that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The request's target: path and query.
    pub target: &'a str,
    /// What `host` will say: the port only where it is not the scheme's own.
    pub host: &'a str,
    /// Whose events they are.
    pub account: &'a str,
    /// What `content-type` says.
    pub content_type: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// When it is signed: receivers refuse what is older than a minute.
    pub now: Timestamp,
    /// Said once and never again: receivers may remember it. Visible ASCII.
    pub nonce: &'a str,
}

/// How a platform signs: with which key, and under which header it names the account.
#[derive(Clone, Copy, Debug)]
pub struct Scheme<'a> {
    /// The key.
    pub key: &'a PlatformKey,
    /// The header that names the account, `environment-<account>`.
    pub id_header: &'a HeaderName,
}

pub(crate) const DIGEST: HeaderName = HeaderName::from_static("digest");
pub(crate) const NONCE: HeaderName = HeaderName::from_static("x-nonce");
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("signature");

impl Scheme<'_> {
    /// The headers that prove a call: `date`, `digest`, `x-nonce`, the id header and `signature`. None if the nonce or the
    /// account is no header value.
    pub fn sign(&self, call: &Call<'_>) -> Option<HeaderMap> {
        let seconds = u64::try_from(call.now.as_secs()).unwrap_or(0);
        let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds));
        let (digest, environment) = (digest(call.body), format!("environment-{}", call.account));
        let length = call.body.len().to_string();
        let covered = [
            ("(request-target)", format!("post {}", call.target)),
            ("host", call.host.to_owned()),
            ("date", date.clone()),
            ("content-length", length),
            ("content-type", call.content_type.to_owned()),
            (self.id_header.as_str(), environment.clone()),
            ("digest", digest.clone()),
            ("x-nonce", call.nonce.to_owned()),
        ];
        let names = covered.each_ref().map(|(name, _)| *name).join(" ");
        let text = covered.map(|(name, value)| format!("{name}: {value}")).join("\n");
        let signature = format!(
            "keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{}\"",
            self.key.name(),
            STANDARD.encode(self.key.sign(text.as_bytes())?),
        );
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(header::DATE, HeaderValue::from_str(&date).ok()?);
        headers.insert(DIGEST, HeaderValue::from_str(&digest).ok()?);
        headers.insert(NONCE, HeaderValue::from_str(call.nonce).ok()?);
        headers.insert(self.id_header, HeaderValue::from_str(&environment).ok()?);
        headers.insert(SIGNATURE, HeaderValue::from_str(&signature).ok()?);
        Some(headers)
    }
}

/// `sha-256=<base64>`, as RFC 3230 has it.
pub(crate) fn digest(body: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    format!("sha-256={}", STANDARD.encode(digest))
}

//! Other ways to prove a URL than a file: the name's DNS, the endpoint's own consent, a code that it was sent.

use std::time::Duration;

use domain::{Keyring, Timestamp, Verdict, WebhookId};
use http::header::ToStrError;
use outbound::{Exchange, LookupError};
use url::{Host, Url};
use wire::api::DnsProof;

use super::fields;
use super::proof::Proof;
use crate::problem::NoProof;
use crate::words::sentence;

/// How a URL is proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// A file beside the callback or in the root.
    #[default]
    File,
    /// A TXT record of the host's name.
    Dns,
    /// The handshake of CloudEvents' "HTTP 1.1 Web Hooks for Event Delivery": the endpoint allows us by name.
    Handshake,
    /// A code that was POSTed to the URL.
    Code,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::File, Self::Dns, Self::Handshake, Self::Code];

    /// Its name on the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Dns => "dns",
            Self::Handshake => "handshake",
            Self::Code => "code",
        }
    }

    /// The way of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// The record that proves a URL; none where the host is an address.
pub fn dns(proof: &Proof, prefix: &str) -> Option<DnsProof> {
    let url = Url::parse(&proof.url).ok()?;
    match url.host()? {
        Host::Domain(host) => Some(DnsProof {
            name: format!("_{prefix}.{}", host.trim_end_matches('.')),
            text: proof.content.clone(),
        }),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Whether what DNS publishes proves the URL.
///
/// # Errors
/// What is published instead, in plain words.
pub fn judge_dns(wanted: &DnsProof, found: Result<Vec<String>, LookupError>) -> Result<(), NoProof> {
    let (result, what) = match found {
        Ok(texts) if texts.iter().any(|text| text.trim() == wanted.text) => return Ok(()),
        Ok(texts) => {
            let shown: Vec<_> =
                texts.iter().take(3).map(|text| format!("'{}'", fields::shown(text))).collect();
            ("wrong-content", sentence!("dns-other", texts = shown.join(", ")))
        }
        Err(LookupError::NotFound) => ("dns", sentence!("dns-none")),
        Err(error) => ("dns", error.into()),
    };
    let url = format!("dns:{}?type=TXT", wanted.name);
    Err(NoProof { url, result: result.to_owned(), status: None, what })
}

/// Whether an endpoint's answer to `OPTIONS` allows us.
///
/// # Errors
/// What it answered instead, in plain words.
pub fn judge_handshake(url: &str, origin: &str, exchange: &Exchange) -> Result<(), NoProof> {
    let allowed =
        exchange.response.as_ref().and_then(|response| response.headers.get("webhook-allowed-origin"));
    let allowed = allowed.map(|value| value.to_str().map_err(|_: ToStrError| ()).unwrap_or_default().trim());
    let answered = exchange.outcome.verdict() == Verdict::Delivered;
    let what = match allowed {
        Some(allowed) if answered && (allowed == "*" || allowed.eq_ignore_ascii_case(origin)) => {
            return Ok(());
        }
        _ if !answered => (&exchange.outcome).into(),
        Some(other) => sentence!("handshake-other", text = fields::shown(other), origin = origin),
        None => sentence!("handshake-none", origin = origin),
    };
    Err(NoProof {
        url: url.to_owned(),
        result: if answered { "not-allowed" } else { exchange.outcome.class() }.to_owned(),
        status: exchange.outcome.status(),
        what,
    })
}

/// How long a code is good, at least; at most twice as long.
pub const CODE_GOOD_FOR: Duration = Duration::from_secs(WINDOW_SECONDS.unsigned_abs());
const WINDOW_SECONDS: i64 = 30 * 60;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code for a URL, now: whoever reads what arrives there knows it, and nobody else.
pub fn code(keyring: &Keyring, id: &WebhookId, proof: &Proof, now: Timestamp) -> String {
    written(keyring.mac(&meaning(id, proof, now.as_secs() / WINDOW_SECONDS)))
}

/// Whether a code is right. Blanks, hyphens and the case of letters do not matter.
pub fn is_code(keyring: &Keyring, id: &WebhookId, proof: &Proof, now: Timestamp, given: &str) -> bool {
    let given: String =
        given.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    let window = now.as_secs() / WINDOW_SECONDS;
    [window, window - 1]
        .into_iter()
        .flat_map(|window| keyring.macs(&meaning(id, proof, window)))
        .any(|mac| written(mac).replace('-', "") == given)
}

/// A changed URL has another token, and voids the code.
fn meaning(id: &WebhookId, proof: &Proof, window: i64) -> Vec<u8> {
    format!("verification-code\n{id}\n{}\n{window}", proof.token).into_bytes()
}

/// Fifty bits in ten letters, five and five.
fn written(mac: [u8; 32]) -> String {
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    let letters: Vec<_> = mac.iter().take(10).map(letter).collect();
    format!("{}-{}", letters[..5].iter().collect::<String>(), letters[5..].iter().collect::<String>())
}

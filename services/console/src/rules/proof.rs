//! The proof that a URL is the customer's: a file beside the callback or in the server's root.
//!
//! Neither part of the token tells the other: a server that echoes what it is asked for, or answers everything with 200,
//! proves nothing.

use std::sync::Arc;

use domain::{Outcome, Step, Timestamp, Verdict, Verification, Webhook};
use outbound::Exchange;
use url::Url;
use wire::api;

use super::chance::{self, Chance};
use super::{change, fields};
use crate::problem::{NoProof, Refusal};
use crate::words::{Sentence, sentence};

/// What has to be found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The URL in question.
    pub url: Arc<str>,
    /// Its token.
    pub token: Arc<str>,
    /// When it was proven.
    pub verified_at: Option<Timestamp>,
    /// The file's name.
    pub file_name: String,
    /// The file's content.
    pub content: String,
    /// Where the file may stand, in the order in which it is looked for.
    pub places: Vec<Url>,
}

/// A new token: half of it names the file, the rest is its content.
pub fn token(chance: Chance<'_>) -> Arc<str> {
    chance::hex::<32>(chance).into()
}

/// The proof that a webhook waits for, or has.
pub fn proof(webhook: &Webhook, prefix: &str) -> Proof {
    let (url, token, verified_at) = match &webhook.pending {
        Some(pending) => (&pending.url, &pending.token, None),
        None => (&webhook.url, &webhook.verification.token, webhook.verification.verified_at),
    };
    let (name, content) = halves(token);
    let file_name = format!("{prefix}-{name}.txt");
    Proof {
        url: Arc::clone(url),
        token: Arc::clone(token),
        verified_at,
        content: format!("{prefix}-verification={content}"),
        places: places(url, &file_name),
        file_name,
    }
}

impl Proof {
    /// As the API shows it.
    pub fn shown(&self, dns: Option<api::DnsProof>, handshake_origin: &str) -> api::Verification {
        api::Verification {
            url: self.url.to_string(),
            verified_at: self.verified_at,
            file_name: self.file_name.clone(),
            content: self.content.clone(),
            places: self.places.iter().map(Url::to_string).collect(),
            dns,
            handshake_origin: handshake_origin.to_owned(),
        }
    }

    /// Whether a place's answer is the file.
    ///
    /// # Errors
    /// What it is instead, in plain words.
    pub fn judge(&self, place: &Url, exchange: &Exchange) -> Result<(), NoProof> {
        let found = exchange.response.as_ref().map_or(&[][..], |response| &response.body);
        let delivered = exchange.outcome.verdict() == Verdict::Delivered;
        if delivered && trimmed(found) == self.content.as_bytes() {
            return Ok(());
        }
        Err(NoProof {
            url: place.to_string(),
            result: if delivered { "wrong-content" } else { exchange.outcome.class() }.to_owned(),
            status: exchange.outcome.status(),
            what: explained(&exchange.outcome, delivered.then_some(found)),
        })
    }
}

/// The webhook once the URL of that token is proven: a pending URL becomes the live one.
///
/// # Errors
/// When the URL was changed meanwhile.
pub fn promote(webhook: &Webhook, token: &Arc<str>, now: Timestamp) -> Result<Webhook, Refusal> {
    let mut proven = webhook.clone();
    if let Some(pending) = proven.pending.take_if(|pending| pending.token == *token) {
        proven.url = pending.url;
    } else if webhook.pending.is_some() || webhook.verification.token != *token {
        return Err(Refusal::Conflict { code: "url-changed", detail: sentence!("url-changed") });
    } else if webhook.verification.verified_at.is_some() {
        return Ok(proven);
    }
    proven.verification = Verification { token: Arc::clone(token), verified_at: Some(now) };
    proven.state = change::after(&webhook.state, Step::Verify)?;
    Ok(proven)
}

const BOM: &[u8] = b"\xef\xbb\xbf";

fn halves(token: &str) -> (&str, &str) {
    token.split_at_checked(token.len() / 2).unwrap_or((token, token))
}

/// Beside the callback, then in the root; one place where they are the same.
fn places(url: &str, file_name: &str) -> Vec<Url> {
    // It was checked when it was given; one that does not parse has no place to look at.
    let Ok(callback) = Url::parse(url) else { return Vec::new() };
    let mut places = Vec::with_capacity(2);
    for relative in [file_name.to_owned(), format!("/{file_name}")] {
        if let Ok(place) = callback.join(&relative)
            && !places.contains(&place)
        {
            places.push(place);
        }
    }
    places
}

fn trimmed(found: &[u8]) -> &[u8] {
    found.strip_prefix(BOM).unwrap_or(found).trim_ascii()
}

fn explained(outcome: &Outcome, found: Option<&[u8]>) -> Sentence {
    match (outcome, found) {
        (_, Some([])) => sentence!("found-empty"),
        (_, Some(found)) => {
            sentence!("found-other", begin = fields::shown(&String::from_utf8_lossy(found)))
        }
        (Outcome::Answered { status: 404 | 410, .. }, None) => {
            sentence!("found-nothing", answer = Sentence::from(outcome))
        }
        (
            Outcome::Answered { .. }
            | Outcome::TimedOut(_)
            | Outcome::DnsFailed(_)
            | Outcome::ConnectFailed(_)
            | Outcome::TlsFailed(_)
            | Outcome::ProtocolFailed(_)
            | Outcome::Denied(_)
            | Outcome::Sealed,
            None,
        ) => outcome.into(),
    }
}

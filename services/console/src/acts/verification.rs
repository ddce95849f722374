//! Verification: whether a URL is its webhook's owner's.

use std::sync::Arc;

use domain::{Scope, WebhookId};
use http::HeaderValue;
use outbound::{FetchLimits, PostRequest};
use serde_json::json;
use url::Url;
use wire::HumanDuration;
use wire::api::{self, CodeSent, Verification, Verify};

use crate::problem::{NoProof, Refusal};
use crate::rules::access::Actor;
use crate::rules::change::Expected;
use crate::rules::proof::{self, Proof};
use crate::rules::ways::{self, Way};
use crate::words::{Sentence, sentence};
use crate::world::{Console, World};

/// The file that proves a URL.
pub struct ProofFile {
    /// Its exact name.
    pub name: String,
    /// Its exact content.
    pub content: String,
}

impl<W: World> Console<W> {
    /// How to prove a webhook's URL: the pending one if there is one.
    ///
    /// # Errors
    /// When it is not there for who asks, or the key lacks the scope.
    pub fn show_verification(&self, actor: &Actor, id: &WebhookId) -> Result<Verification, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksRead, id)?;
        let proof = proof::proof(&webhook, &self.prefix);
        Ok(proof.shown(ways::dns(&proof, &self.prefix), &self.handshake_origin))
    }

    /// The file, for downloading.
    ///
    /// # Errors
    /// As [`Console::show_verification`].
    pub fn proof_file(&self, actor: &Actor, id: &WebhookId) -> Result<ProofFile, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksRead, id)?;
        let proof = proof::proof(&webhook, &self.prefix);
        Ok(ProofFile { name: proof.file_name, content: format!("{}\n", proof.content) })
    }

    /// POSTs the code to the URL.
    ///
    /// # Errors
    /// When nothing there answered, or some were sent just now.
    pub async fn send_code(&self, actor: &Actor, id: &WebhookId) -> Result<CodeSent, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksWrite, id)?;
        self.codes.ask(&webhook.id).map_err(Refusal::TooManyCodes)?;
        let proof = proof::proof(&webhook, &self.prefix);
        let code = ways::code(&self.keyring, &webhook.id, &proof, self.world.now());
        let body = json!({ "type": "postbode.verification", "webhook": webhook.id.as_str(), "code": code });
        let headers = [(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let request = PostRequest {
            url: parsed(&proof)?,
            headers: headers.into_iter().collect(),
            body: body.to_string().into(),
            timeout: FetchLimits::default().timeout,
        };
        let exchange = self.world.post(request).await;
        let Some(status) = exchange.outcome.status() else {
            let (url, result) = (proof.url.to_string(), exchange.outcome.class().to_owned());
            let what = (&exchange.outcome).into();
            return Err(Refusal::Unproven(vec![NoProof { url, result, status: None, what }]));
        };
        Ok(CodeSent { url: proof.url.to_string(), status, good_for: HumanDuration(ways::CODE_GOOD_FOR) })
    }

    /// Looks for the proof, and makes the URL the live one. A URL that is proven already is not looked at again.
    ///
    /// # Errors
    /// What each place answered instead; or that the URL was changed meanwhile.
    pub async fn verify(
        &self,
        actor: &Actor,
        id: &WebhookId,
        asked: &Verify,
    ) -> Result<api::Webhook, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksWrite, id)?;
        let way = way(asked)?;
        let proof = proof::proof(&webhook, &self.prefix);
        if proof.verified_at.is_none() {
            let found = match (way, &asked.code) {
                (Way::File, _) => find(self, &proof).await.map_err(Refusal::Unproven),
                (Way::Dns, _) => dns(self, &proof).await,
                (Way::Handshake, _) => handshake(self, &proof).await,
                (Way::Code, given) => code(self, &webhook.id, &proof, given.as_deref().unwrap_or_default()),
            };
            self.telemetry.verified(id.as_str(), found.is_ok());
            found?;
        }
        let (token, now) = (Arc::clone(&proof.token), self.world.now());
        let promote = move |webhook: &domain::Webhook| proof::promote(webhook, &token, now);
        self.rewrite_webhook(actor, webhook.id.clone(), Expected::Any, promote).await
    }
}

fn way(asked: &Verify) -> Result<Way, Refusal> {
    let way = asked.by.as_deref().map_or(Some(Way::File), Way::named).ok_or_else(|| {
        let names = Way::ALL.map(Way::name).join(", ");
        Refusal::field("by", sentence!("way-unknown", names = names))
    })?;
    match (way, &asked.code) {
        (Way::Code, None) => Err(Refusal::field("code", sentence!("code-missing"))),
        (Way::File | Way::Dns | Way::Handshake, Some(_)) => {
            Err(Refusal::field("code", sentence!("code-not-asked")))
        }
        (Way::Code, Some(_)) | (Way::File | Way::Dns | Way::Handshake, None) => Ok(way),
    }
}

/// One place after the other: the second is not asked if the first has it.
async fn find<W: World>(console: &Console<W>, proof: &Proof) -> Result<(), Vec<NoProof>> {
    let mut attempts = Vec::with_capacity(proof.places.len());
    for place in &proof.places {
        let exchange = console.world.fetch(place.clone()).await;
        match proof.judge(place, &exchange) {
            Ok(()) => return Ok(()),
            Err(attempt) => attempts.push(attempt),
        }
    }
    Err(attempts)
}

async fn dns<W: World>(console: &Console<W>, proof: &Proof) -> Result<(), Refusal> {
    let wanted =
        ways::dns(proof, &console.prefix).ok_or_else(|| Refusal::field("by", sentence!("dns-of-address")))?;
    let found = console.world.texts(wanted.name.clone()).await;
    ways::judge_dns(&wanted, found).map_err(|attempt| Refusal::Unproven(vec![attempt]))
}

async fn handshake<W: World>(console: &Console<W>, proof: &Proof) -> Result<(), Refusal> {
    let origin = &console.handshake_origin;
    let value = HeaderValue::from_str(origin).map_err(|_| Refusal::NoSuch("handshake-origin"))?;
    let exchange = console.world.ask_leave(parsed(proof)?, value).await;
    ways::judge_handshake(&proof.url, origin, &exchange).map_err(|attempt| Refusal::Unproven(vec![attempt]))
}

fn code<W: World>(console: &Console<W>, id: &WebhookId, proof: &Proof, given: &str) -> Result<(), Refusal> {
    match ways::is_code(&console.keyring, id, proof, console.world.now(), given) {
        true => Ok(()),
        false => Err(Refusal::field("code", sentence!("code-wrong"))),
    }
}

/// It was checked when it was given.
fn parsed(proof: &Proof) -> Result<Url, Refusal> {
    Url::parse(&proof.url).map_err(|error| Refusal::field("url", Sentence::verbatim(error)))
}

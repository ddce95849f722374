//! `/v1/webhooks/{id}/verification` and `…/verify`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use domain::{Scope, WebhookId};
use http::HeaderValue;
use serde_json::json;
use url::Url;
use wire::HumanDuration;
use wire::api::{CodeSent, Verification, VerificationAttempt, Verify};

use super::Shared;
use super::body::{Body, Id};
use super::webhooks::{Answer, rewrite};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::change::Expected;
use crate::rules::proof::{self, Proof};
use crate::rules::ways::{self, Way};
use crate::world::{Console, World};

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Verification>, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksRead, &id.as_str().into())?;
    let proof = proof::proof(&webhook, &console.prefix);
    Ok(Json(proof.shown(ways::dns(&proof, &console.prefix), &console.handshake_origin)))
}

/// The file itself, for downloading under its exact name.
pub(super) async fn file<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Response, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksRead, &id.as_str().into())?;
    let proof = proof::proof(&webhook, &console.prefix);
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", proof.file_name)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, format!("{}\n", proof.content)).into_response())
}

/// POSTs the code to the URL.
pub(super) async fn send_code<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<CodeSent>, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksWrite, &id.as_str().into())?;
    let proof = proof::proof(&webhook, &console.prefix);
    let url = parsed(&proof)?;
    let code = ways::code(&console.keyring, &webhook.id, &proof, console.world.now());
    let body = json!({ "type": "postbode.verification", "webhook": webhook.id.as_str(), "code": code });
    let exchange = console.world.post(url, body.to_string()).await;
    let Some(status) = exchange.outcome.status() else {
        let (result, message) = (exchange.outcome.class().to_owned(), exchange.outcome.explain());
        let url = proof.url.to_string();
        return Err(Refusal::Unproven(vec![VerificationAttempt { url, result, status: None, message }]));
    };
    Ok(Json(CodeSent { url: proof.url.to_string(), status, good_for: HumanDuration(ways::CODE_GOOD_FOR) }))
}

/// Looks for the proof, and makes the URL the live one. A URL that is proven already is not looked at again.
pub(super) async fn verify<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(asked): Body<Verify>,
) -> Result<Answer, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksWrite, &id.as_str().into())?;
    let way = way(&asked)?;
    let proof = proof::proof(&webhook, &console.prefix);
    if proof.verified_at.is_none() {
        let found = match (way, asked.code) {
            (Way::File, _) => find(&console, &proof).await.map_err(Refusal::Unproven),
            (Way::Dns, _) => dns(&console, &proof).await,
            (Way::Handshake, _) => handshake(&console, &proof).await,
            (Way::Code, given) => code(&console, &webhook.id, &proof, given.as_deref().unwrap_or_default()),
        };
        console.telemetry.verified(&id, found.is_ok());
        found?;
    }
    let (token, now) = (Arc::clone(&proof.token), console.world.now());
    let promote = move |webhook: &domain::Webhook| proof::promote(webhook, &token, now);
    rewrite(&console, &actor, webhook.id.clone(), Expected::Any, promote).await
}

fn way(asked: &Verify) -> Result<Way, Refusal> {
    let way = asked.by.as_deref().map_or(Some(Way::File), Way::named).ok_or_else(|| {
        let names = Way::ALL.map(Way::name).join(", ");
        Refusal::field("by", format!("is no way to verify a URL: there are {names}"))
    })?;
    match (way, &asked.code) {
        (Way::Code, None) => Err(Refusal::field("code", "is missing: it is what was POSTed to the URL")),
        (Way::File | Way::Dns | Way::Handshake, Some(_)) => {
            Err(Refusal::field("code", "goes with by: code only"))
        }
        (Way::Code, Some(_)) | (Way::File | Way::Dns | Way::Handshake, None) => Ok(way),
    }
}

/// One place after the other: the second is not asked if the first has it.
async fn find<W: World>(console: &Console<W>, proof: &Proof) -> Result<(), Vec<VerificationAttempt>> {
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
    let wanted = ways::dns(proof, &console.prefix)
        .ok_or_else(|| Refusal::field("by", "dns needs a URL with a name: this one has an address"))?;
    let found = console.world.texts(wanted.name.clone()).await;
    ways::judge_dns(&wanted, &found).map_err(|attempt| Refusal::Unproven(vec![attempt]))
}

async fn handshake<W: World>(console: &Console<W>, proof: &Proof) -> Result<(), Refusal> {
    let origin = &console.handshake_origin;
    let value = HeaderValue::from_str(origin).map_err(|_| Refusal::NoSuch("handshake origin"))?;
    let exchange = console.world.ask_leave(parsed(proof)?, value).await;
    ways::judge_handshake(&proof.url, origin, &exchange).map_err(|attempt| Refusal::Unproven(vec![attempt]))
}

fn code<W: World>(console: &Console<W>, id: &WebhookId, proof: &Proof, given: &str) -> Result<(), Refusal> {
    match ways::is_code(&console.keyring, id, proof, console.world.now(), given) {
        true => Ok(()),
        false => {
            Err(Refusal::field("code", "is not the one that was POSTed to the URL within the last half hour"))
        }
    }
}

/// It was checked when it was given.
fn parsed(proof: &Proof) -> Result<Url, Refusal> {
    Url::parse(&proof.url).map_err(|error| Refusal::field("url", error.to_string()))
}

//! `/v1/webhooks/{id}/verification` and `…/verify`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use domain::Scope;
use wire::api::{Verification, VerificationAttempt};

use super::Shared;
use super::body::Id;
use super::webhooks::{Answer, rewrite};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::change::Expected;
use crate::rules::proof::{self, Proof};
use crate::world::{Console, World};

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Verification>, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksRead, &id.as_str().into())?;
    Ok(Json(proof::proof(&webhook, &console.prefix).shown()))
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

/// Looks for the file, and makes the URL the live one. A URL that is proven already is not looked at again.
pub(super) async fn verify<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Answer, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksWrite, &id.as_str().into())?;
    let proof = proof::proof(&webhook, &console.prefix);
    if proof.verified_at.is_none() {
        let found = find(&console, &proof).await;
        console.telemetry.verified(&id, found.is_ok());
        found.map_err(Refusal::Unproven)?;
    }
    let (token, now) = (Arc::clone(&proof.token), console.world.now());
    let promote = move |webhook: &domain::Webhook| proof::promote(webhook, &token, now);
    rewrite(&console, &actor, webhook.id.clone(), Expected::Any, promote).await
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

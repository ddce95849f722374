//! `/v1/webhooks/{id}/verification` and `…/verify`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use wire::api::{CodeSent, Verification, Verify};

use super::Shared;
use super::body::{Body, Id};
use super::webhooks::{Answer, answer};
use crate::acts::verification::ProofFile;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::World;

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Verification>, Refusal> {
    console.show_verification(&actor, &id.as_str().into()).map(Json)
}

/// The file itself, for downloading under its exact name.
pub(super) async fn file<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Response, Refusal> {
    console.proof_file(&actor, &id.as_str().into()).map(download)
}

/// A file that browsers save and never show.
pub(crate) fn download(file: ProofFile) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, file.content).into_response()
}

pub(super) async fn send_code<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<CodeSent>, Refusal> {
    console.send_code(&actor, &id.as_str().into()).await.map(Json)
}

pub(super) async fn verify<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    Body(asked): Body<Verify>,
) -> Result<Answer, Refusal> {
    console.verify(&actor, &id.as_str().into(), &asked).await.map(answer)
}

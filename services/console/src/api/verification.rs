//! `/v1/webhooks/{id}/verification` and `…/verify`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use domain::Scope;
use serde_json::json;
use wire::api::{CodeSent, Verification, Verify};

use super::Shared;
use super::body::{Body, Id};
use super::operation::operation;
use super::route::{self, Route};
use super::webhooks::{Answer, answer};
use crate::acts::verification::ProofFile;
use crate::problem::{NoProof, Refusal};
use crate::rules::access::Actor;
use crate::words::sentence;
use crate::world::World;

pub(super) fn routes<W: World>() -> Vec<Route<W>> {
    vec![
        route::get(
            "/v1/webhooks/{id}/verification",
            get::<W>,
            operation("getVerification", "Shows how to prove that a webhook's URL is one's own")
                .needs(Scope::WebhooksRead)
                .gives::<Verification>(),
        ),
        route::get(
            "/v1/webhooks/{id}/verification/file",
            file::<W>,
            operation("getVerificationFile", "The file that proves a webhook's URL, to be put in place")
                .needs(Scope::WebhooksRead)
                .gives_text("text/plain; charset=utf-8"),
        ),
        route::post(
            "/v1/webhooks/{id}/verification/code",
            send_code::<W>,
            operation("sendVerificationCode", "POSTs a one-time code to a webhook's URL")
                .needs(Scope::WebhooksWrite)
                .gives::<CodeSent>()
                .may(Refusal::TooManyCodes(60))
                .may(unproven()),
        ),
        route::post(
            "/v1/webhooks/{id}/verify",
            verify::<W>,
            operation(
                "verifyWebhook",
                "Looks for the proof of a webhook's URL; a new webhook becomes active by it",
            )
            .needs(Scope::WebhooksWrite)
            .may_take::<Verify>(json!({"by": "file"}))
            .gives::<wire::api::Webhook>()
            .tags()
            .may(unproven())
            .conflicts("url-changed", sentence!("url-changed"))
            .writes(),
        ),
    ]
}

/// How a proof that was not found looks.
fn unproven() -> Refusal {
    Refusal::Unproven(vec![NoProof {
        url: "https://hooks.example/postbode-0123abcd.txt".to_owned(),
        result: "client-error".to_owned(),
        status: Some(404),
        what: sentence!("outcome-answered", status = 404),
    }])
}

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

//! A webhook's URL, proven: by a file, or in other ways.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::WebhookId;
use wire::api::{self, Verification, Verify};

use super::session::{Form, Visitor};
use super::view::{Failure, Page, html};
use super::webhook::{HERE, Look};
use crate::api::{Shared, verification::download};
use crate::problem::{NoProof, Refusal, Wrong};
use crate::world::{Console, World};

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    page: Page,
    webhook: api::Webhook,
    proof: Verification,
    failures: Vec<NoProof>,
    way: String,
    secret: Option<String>,
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Response {
    let way = look.by.as_deref().unwrap_or("file");
    let page = Page::of(&visitor, HERE).having(look.done.as_deref());
    let is_new = look.done.as_deref() == Some("created");
    match verify_page(&console, &visitor, page, &id, way, Vec::new(), is_new).await {
        Ok(response) => response,
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

async fn verify_page<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    page: Page,
    id: &str,
    way: &str,
    failures: Vec<NoProof>,
    is_new: bool,
) -> Result<Response, Refusal> {
    let id = WebhookId::from(id);
    let webhook = console.show_webhook(&visitor.actor, &id)?;
    let proof = console.show_verification(&visitor.actor, &id)?;
    // Whoever has just made a webhook needs its secret next.
    let secret = match is_new {
        true => console.reveal_secret(&visitor.actor, &id).await.ok().map(|secret| secret.secret),
        false => None,
    };
    let status = if failures.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(html(status, &VerifyPage { page, webhook, proof, failures, way: way.to_owned(), secret }))
}

pub(super) async fn file<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    match console.proof_file(&visitor.actor, &id.as_str().into()) {
        Ok(file) => download(file),
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

pub(super) async fn send_code<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let visitor = &form.visitor;
    match console.send_code(&visitor.actor, &id.as_str().into()).await {
        Ok(_) => Redirect::to(&format!("/webhooks/{id}/verify?by=code&done=code-sent")).into_response(),
        Err(refusal) => unproven(&console, visitor, &id, "code", refusal).await,
    }
}

pub(super) async fn verify<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let (visitor, way) = (&form.visitor, form.filled("by").unwrap_or("file"));
    let asked = Verify { by: Some(way.to_owned()), code: form.filled("code").map(str::to_owned) };
    match console.verify(&visitor.actor, &id.as_str().into(), &asked).await {
        Ok(_) => Redirect::to(&format!("/webhooks/{id}?done=verified#test")).into_response(),
        Err(refusal) => unproven(&console, visitor, &id, way, refusal).await,
    }
}

/// The page again, with what each place answered.
async fn unproven<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    id: &str,
    way: &str,
    refusal: Refusal,
) -> Response {
    let told = |Wrong { field, what }: Wrong| NoProof {
        url: field,
        result: "invalid".to_owned(),
        status: None,
        what,
    };
    let failures = if let Refusal::Unproven(failures) = refusal {
        failures
    } else if let Refusal::Invalid(errors) = refusal {
        errors.into_iter().map(told).collect()
    } else {
        return Failure::to(visitor, refusal).into_response();
    };
    verify_page(console, visitor, Page::of(visitor, HERE), id, way, failures, false)
        .await
        .unwrap_or_else(|refusal| Failure::to(visitor, refusal).into_response())
}

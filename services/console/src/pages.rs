//! The edge: pages for people. Server-rendered, whole without scripts, nothing from another origin.
//!
//! A page looks and acts through [`acts`](crate::acts), like the REST API. Who looks is told by a session
//! ([`session`]); every form carries the session's token. What pages say stands in the catalogues ([`words`](crate::words)).

mod account;
mod assets;
mod audit;
mod chart;
mod dead_letters;
mod deliveries;
mod event_types;
mod forms;
mod jobs;
mod live;
mod operator;
mod portal;
mod preview;
mod reference;
mod session;
mod sign_in;
#[cfg(test)]
mod tests;
mod trials;
mod verification;
mod view;
mod webhook;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use self::view::Failure;
use crate::problem::Refusal;
use crate::world::{Console, World};

/// The routes.
pub(crate) fn router<W: World>() -> Router<Arc<Console<W>>> {
    Router::new()
        .route("/", get(async || Redirect::to("/webhooks")))
        .route("/sign-in", get(sign_in::show::<W>).post(sign_in::enter::<W>))
        .route("/sign-out", post(sign_in::leave::<W>))
        .route("/language/{tag}", get(sign_in::language::<W>))
        .route("/portal", post(portal::enter::<W>))
        .route("/portal/{token}", get(portal::show::<W>))
        .route("/webhooks", get(webhooks::list::<W>))
        .route("/webhooks/new", get(webhooks::blank::<W>).post(webhooks::create::<W>))
        .route("/webhooks/check-url", get(webhooks::check_url::<W>))
        .route("/webhooks/preview", post(preview::show::<W>))
        .route("/webhooks/test-all", post(trials::all::<W>))
        .route("/webhooks/{id}/test-row", post(trials::one::<W>))
        .route("/webhooks/{id}", get(webhook::show::<W>))
        .route("/webhooks/{id}/live", get(live::follow::<W>))
        .route("/webhooks/{id}/edit", get(webhook::edit::<W>).post(webhook::change::<W>))
        .route("/webhooks/{id}/delete", post(webhook::delete::<W>))
        .route("/webhooks/{id}/test", post(webhook::test::<W>))
        .route("/webhooks/{id}/secret", post(webhook::secret::<W>))
        .route("/webhooks/{id}/rotate-secret", post(webhook::rotate_secret::<W>))
        .route("/webhooks/{id}/end-previous-secret", post(webhook::end_previous_secret::<W>))
        .route("/webhooks/{id}/pause", post(webhook::pause::<W>))
        .route("/webhooks/{id}/resume", post(webhook::resume::<W>))
        .route("/webhooks/{id}/enable", post(webhook::enable::<W>))
        .route("/webhooks/{id}/verify", get(verification::show::<W>).post(verification::verify::<W>))
        .route("/webhooks/{id}/verify/file", get(verification::file::<W>))
        .route("/webhooks/{id}/verify/send-code", post(verification::send_code::<W>))
        .route("/deliveries", get(deliveries::list::<W>))
        .route("/deliveries/{id}", get(deliveries::show::<W>))
        .route("/deliveries/{id}/resend", post(deliveries::resend::<W>))
        .route("/dead-letters", get(dead_letters::list::<W>).post(jobs::letters::<W>))
        .route("/dead-letters/{id}", get(dead_letters::show::<W>))
        .route("/jobs/{id}", get(jobs::show::<W>))
        .route("/jobs/{id}/cancel", post(jobs::cancel::<W>))
        .route("/webhooks/{id}/backfill", post(jobs::backfill::<W>))
        .route("/account", get(account::own))
        .route("/accounts/{id}", get(account::show::<W>).post(account::change::<W>))
        .route("/accounts/{id}/erase", post(account::erase::<W>))
        .route("/operator", get(operator::show::<W>))
        .route("/operator/accounts", post(operator::create_account::<W>))
        .route("/operator/accounts/{id}", get(operator::account::<W>))
        .route("/operator/accounts/{id}/delete", post(operator::delete_account::<W>))
        .route("/operator/keys", post(operator::create_key::<W>))
        .route("/operator/keys/{id}/delete", post(operator::delete_key::<W>))
        .route("/audit", get(audit::list::<W>))
        .route("/event-types", get(event_types::list::<W>))
        .route("/event-types/{name}", get(event_types::show::<W>))
        .route("/reference", get(reference::list::<W>))
        .route("/reference/{section}", get(reference::show::<W>))
        .route("/assets/brand.css", get(portal::colours::<W>))
        .route("/assets/{name}", get(assets::get))
        .layer(map_response(guarded))
}

/// A path that leads nowhere: a page for those who want pages, a problem for programs.
pub(crate) async fn nowhere(headers: HeaderMap) -> Response {
    let refusal = Refusal::NoSuch("path");
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains("text/html") {
        return guarded(Failure::new(session::language(&headers), None, refusal).into_response()).await;
    }
    refusal.into_response()
}

/// What a browser may do with a page: nothing that the page does not need.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

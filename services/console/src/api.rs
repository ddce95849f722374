//! The edge: `/v1` over HTTP.
//!
//! Every request carries `Authorization: Bearer <key>`, but for the platform's public keys. Bodies are JSON; errors are problems (RFC 9457) out of
//! [`Refusal`]; lists come in pages (`?cursor=`, `?limit=`). A webhook's `ETag` is its revision.

mod accounts;
mod audit;
pub(crate) mod body;
mod dead_letters;
mod deliveries;
mod event_types;
mod filter_test;
mod headers;
mod jobs;
mod keys;
mod overview;
mod platform_keys;
mod portal;
mod preview;
mod repeat;
mod statistics;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod trial;
pub(crate) mod verification;
mod webhooks;
pub(crate) mod who;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use tracing::Instrument as _;

use crate::problem::Refusal;
use crate::world::{Console, World};

/// What handlers share.
pub(crate) type Shared<W> = State<Arc<Console<W>>>;

/// The routes.
pub fn router<W: World>(console: Arc<Console<W>>) -> Router {
    let webhook = get(webhooks::get::<W>).patch(webhooks::change::<W>).delete(webhooks::delete::<W>);
    let account = get(accounts::get::<W>).patch(accounts::change::<W>).delete(accounts::delete::<W>);
    Router::new()
        .route("/.well-known/postbode-keys", get(platform_keys::list::<W>))
        .route("/v1/events/stream", get(stream::open::<W>))
        .route("/v1/event-types", get(event_types::list::<W>))
        .route("/v1/accounts", get(accounts::list::<W>).post(accounts::create::<W>))
        .route("/v1/accounts/{id}", account)
        .route("/v1/accounts/{id}/keys", get(keys::list_of_account::<W>).post(keys::create_for_account::<W>))
        .route("/v1/accounts/{id}/portal-links", post(portal::create::<W>))
        .route("/v1/overview", get(overview::show::<W>))
        .route("/v1/audit", get(audit::list::<W>))
        .route("/v1/keys", get(keys::list::<W>).post(keys::create_for_operator::<W>))
        .route("/v1/keys/{id}", delete(keys::delete::<W>))
        .route("/v1/webhooks", get(webhooks::list::<W>).post(webhooks::create::<W>))
        .route("/v1/webhooks/filter-test", post(filter_test::run::<W>))
        .route("/v1/webhooks/preview", post(preview::run::<W>))
        .route("/v1/webhooks/{id}", webhook)
        .route("/v1/webhooks/{id}/pause", post(webhooks::pause::<W>))
        .route("/v1/webhooks/{id}/resume", post(webhooks::resume::<W>))
        .route("/v1/webhooks/{id}/enable", post(webhooks::enable::<W>))
        .route("/v1/webhooks/{id}/backfill", post(jobs::backfill::<W>))
        .route("/v1/webhooks/{id}/secret", get(webhooks::reveal_secret::<W>))
        .route("/v1/webhooks/{id}/rotate-secret", post(webhooks::rotate_secret::<W>))
        .route("/v1/webhooks/{id}/test", post(trial::run::<W>))
        .route("/v1/webhooks/{id}/statistics", get(statistics::get::<W>))
        .route("/v1/deliveries", get(deliveries::list::<W>))
        .route("/v1/deliveries/{id}", get(deliveries::get::<W>))
        .route("/v1/deliveries/{id}/resend", post(deliveries::resend::<W>))
        .route("/v1/dead-letters", get(dead_letters::list::<W>))
        .route("/v1/dead-letters/replay", post(jobs::replay::<W>))
        .route("/v1/dead-letters/discard", post(jobs::discard::<W>))
        .route("/v1/dead-letters/counts", get(dead_letters::counts::<W>))
        .route("/v1/webhooks/{id}/verification", get(verification::get::<W>))
        .route("/v1/webhooks/{id}/verification/file", get(verification::file::<W>))
        .route("/v1/webhooks/{id}/verification/code", post(verification::send_code::<W>))
        .route("/v1/webhooks/{id}/verify", post(verification::verify::<W>))
        .route("/v1/jobs", get(jobs::list::<W>))
        .route("/v1/jobs/{id}", get(jobs::get::<W>))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel::<W>))
        .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
        .layer(from_fn_with_state(Arc::clone(&console), repeat::once::<W>))
        .merge(crate::pages::router())
        .fallback(crate::pages::nowhere)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&console), observe::<W>))
        .with_state(console)
}

/// Around every request: a span, a metric, and nothing for caches, since answers hold secrets. Whatever may change something
/// is finished once it has begun, even if who asked for it is gone: else nobody would write down that it was done.
async fn observe<W: World>(State(console): Shared<W>, request: Request, next: Next) -> Response {
    let begun = tokio::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("console.request", otel.kind = "server", http.method = %method, http.route = route);
    let answer = next.run(request).instrument(span.clone());
    let mut response = if method.is_safe() { answer.await } else { finished(answer).await };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let refusal = response.extensions().get::<Refusal>();
    let status = response.status().as_u16();
    span.in_scope(|| console.telemetry.answered(&method, &route, status, refusal, begun.elapsed()));
    response
}

/// Runs something to its end, whatever becomes of who waits for it.
async fn finished(answer: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(answer).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
}

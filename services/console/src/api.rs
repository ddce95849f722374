//! The edge: `/v1` over HTTP.
//!
//! Every request carries `Authorization: Bearer <key>`, but for the platform's public keys. Bodies are JSON; errors are problems (RFC 9457) out of
//! [`Refusal`]; lists come in pages (`?cursor=`, `?limit=`). A webhook's `ETag` is its revision.

mod accounts;
mod audit;
pub(crate) mod body;
mod dead_letters;
mod deliveries;
pub(crate) mod document;
mod erasure;
mod event_types;
mod filter_test;
mod headers;
mod jobs;
mod keys;
pub(crate) mod operation;
mod overview;
mod platform_keys;
mod portal;
mod preview;
mod rate;
mod repeat;
pub(crate) mod route;
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
use tracing::Instrument as _;
use tracing::field::Empty;

use self::route::{Route, Section};
use crate::problem::Refusal;
use crate::world::{Console, World};

/// What handlers share.
pub(crate) type Shared<W> = State<Arc<Console<W>>>;

/// Every route of the API: the router and the document are both made of this.
fn sections<W: World>() -> Vec<Section<Route<W>>> {
    vec![
        Section::new(
            "Webhooks",
            "What is called, for which events, and how.",
            [
                webhooks::routes(),
                webhooks::acts(),
                jobs::of_webhooks(),
                trial::routes(),
                filter_test::routes(),
                preview::routes(),
            ],
        ),
        Section::new("Verification", "Proof that a URL is one's own.", [verification::routes()]),
        Section::new(
            "Deliveries",
            "What became of events on their way to webhooks.",
            [deliveries::routes(), statistics::routes()],
        ),
        Section::new(
            "Dead letters",
            "What could not be delivered, and what is to become of it.",
            [dead_letters::routes(), jobs::of_letters()],
        ),
        Section::new("Jobs", "What goes on after its request was answered.", [jobs::routes()]),
        Section::new(
            "Events",
            "What happens, and what kinds of it there are.",
            [stream::routes(), event_types::routes()],
        ),
        Section::new(
            "Accounts",
            "Whose all of this is.",
            [accounts::routes(), erasure::routes(), portal::routes(), audit::routes(), overview::routes()],
        ),
        Section::new("Keys", "Who may do what.", [keys::routes()]),
        Section::new(
            "Platform",
            "What is there for everybody, without a key.",
            [platform_keys::routes(), document::routes()],
        ),
    ]
}

/// The routes.
pub fn router<W: World>(console: Arc<Console<W>>) -> Router {
    let routes = sections::<W>().into_iter().flat_map(|section| section.routes);
    routes
        .fold(Router::new(), |router, Route { operation, handler }| router.route(operation.path, handler))
        .method_not_allowed_fallback(async || Refusal::MethodNotAllowed)
        .layer(from_fn_with_state(Arc::clone(&console), repeat::once::<W>))
        .layer(from_fn_with_state(Arc::clone(&console), rate::limit::<W>))
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
    let span = tracing::info_span!(
        "console",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
    );
    let answer = next.run(request).instrument(span.clone());
    let mut response = if method.is_safe() { answer.await } else { finished(answer).await };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let refusal = response.extensions().get::<Refusal>();
    let status = response.status().as_u16();
    process::trace::answered(&span, response.status());
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

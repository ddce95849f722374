//! The edge: `POST /v1/events`.
//!
//! Answers 202 with `{"accepted": n, "ids": […]}` in the order of the request once Kafka has acknowledged every event;
//! else a problem (RFC 9457) out of [`Refusal`](crate::refusal::Refusal). The account is the key's own. An operator's
//! key names one per event where the events are CloudEvents (header `ce-account`, attribute `account`), and by
//! `?account=` where they are plain records.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use domain::EventId;
use process::{Problem, trace};
use serde_json::json;
use tracing::Instrument as _;
use wire::Headers;

use crate::pipeline::{Keys, Pipeline, Produce};
use crate::spans;

/// The routes.
pub fn router<K: Keys, S: Produce>(pipeline: Arc<Pipeline<K, S>>) -> Router {
    Router::new()
        .route("/v1/events", post(events::<K, S>).fallback(method_not_allowed))
        .fallback(not_found)
        .with_state(pipeline)
}

async fn events<K: Keys, S: Produce>(
    State(pipeline): State<Arc<Pipeline<K, S>>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let producers = trace_context(&head.headers);
    let span = spans::request();
    trace::continue_from(&span, &producers);
    match pipeline.take(&head, body, &producers).instrument(span.clone()).await {
        Ok(ids) => {
            trace::answered(&span, StatusCode::ACCEPTED);
            pipeline.telemetry.accepted(ids.len());
            accepted(&ids)
        }
        Err(refusal) => {
            let response = refusal.clone().into_response();
            trace::answered(&span, response.status());
            span.in_scope(|| pipeline.telemetry.refused(&refusal, response.status().as_u16()));
            response
        }
    }
}

fn accepted(ids: &[EventId]) -> Response {
    let ids: Vec<_> = ids.iter().map(EventId::as_str).collect();
    (StatusCode::ACCEPTED, Json(json!({"accepted": ids.len(), "ids": ids}))).into_response()
}

fn trace_context(headers: &HeaderMap) -> Headers {
    let mut context = Headers::new();
    for name in trace::HEADERS {
        if let Some(value) = headers.get(name) {
            context.push(name, Bytes::copy_from_slice(value.as_bytes()));
        }
    }
    context
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "there is only POST /v1/events here")
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "only POST is allowed here")
        .header(axum::http::header::ALLOW, axum::http::HeaderValue::from_static("POST"))
}

#[cfg(test)]
mod tests;

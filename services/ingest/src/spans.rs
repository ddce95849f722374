//! What a trace shows of a request, by OpenTelemetry's conventions for HTTP and messaging.

use axum::http::StatusCode;
use tracing::Span;
use tracing::field::Empty;

/// A request that brings events.
pub(crate) fn request() -> Span {
    tracing::info_span!(
        "ingest",
        otel.name = "POST /v1/events",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = "POST",
        http.route = "/v1/events",
        http.response.status_code = Empty,
    )
}

/// How it was answered. What a client did wrong is no error of ours.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The writing of a request's events, until Kafka has acknowledged the last. Their records carry on its context.
pub(crate) fn send(topic: &str, events: usize) -> Span {
    tracing::info_span!(
        "send",
        otel.name = format!("send {topic}"),
        otel.kind = "producer",
        messaging.system = "kafka",
        messaging.operation.name = "send",
        messaging.operation.type = "send",
        messaging.destination.name = topic,
        messaging.batch.message_count = events,
    )
}

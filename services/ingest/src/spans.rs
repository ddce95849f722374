//! What a trace shows of a request, by OpenTelemetry's conventions for HTTP and messaging.

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

/// The writing of a request's events, until Kafka has acknowledged the last. Their records carry on its context.
/// Where spans go nowhere there is none.
pub(crate) fn send(topic: &str, events: usize) -> Span {
    if !process::trace::is_exported() {
        return Span::none();
    }
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

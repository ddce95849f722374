//! What a trace shows of an event on its way, by OpenTelemetry's conventions for messaging.

use tracing::Span;
use tracing::field::Empty;
use wire::Record;
use wire::event::Decoded;

/// The routing of an event, in the trace of whoever sent it. Its deliveries carry on this context. Where spans go nowhere
/// there is none.
pub(crate) fn process(record: &Record, event: &Decoded, group: &str) -> Span {
    if !process::trace::is_exported() {
        return Span::none();
    }
    let span = tracing::info_span!(
        "process",
        otel.name = format!("process {}", record.topic),
        otel.kind = "consumer",
        messaging.system = "kafka",
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.consumer.group.name = group,
        messaging.destination.name = &*record.topic,
        messaging.destination.partition.id = record.partition.0,
        messaging.kafka.offset = record.offset.0,
        messaging.message.id = %event.event.id,
        postbode.account = %event.event.account,
        postbode.type = %event.event.kind,
        postbode.deliveries = Empty,
    );
    process::trace::continue_from(&span, &event.headers);
    span
}

//! librdkafka's own log lines, as ours.

use rdkafka::config::RDKafkaLogLevel;

/// Passes a line of a client's log on.
pub(crate) fn client(role: &'static str, level: RDKafkaLogLevel, facility: &str, message: &str) {
    if crate::access::note_log(facility, message) {
        tracing::debug!(kafka.client = role, kafka.facility = facility, "{message}");
        return;
    }
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => {
            tracing::error!(kafka.client = role, kafka.facility = facility, "{message}");
        }
        RDKafkaLogLevel::Warning => {
            tracing::warn!(kafka.client = role, kafka.facility = facility, "{message}")
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(kafka.client = role, kafka.facility = facility, "{message}");
        }
        RDKafkaLogLevel::Debug => {
            tracing::debug!(kafka.client = role, kafka.facility = facility, "{message}")
        }
    }
}

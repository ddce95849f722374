//! What clients call back with: their logs and errors, as ours.

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The context of a client that has nothing else to hear. Names the client in the logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) &'static str);

impl ClientContext for Client {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        crate::log::client(self.0, level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(self.0, &error, reason);
    }
}

impl ConsumerContext for Client {}

/// Logs what a client met. It goes on by itself, unless the error is fatal.
pub(crate) fn report(role: &'static str, error: &KafkaError, reason: &str) {
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
        tracing::error!(kafka.client = role, kafka.error = %error, kafka.reason = reason, "a Kafka client failed for good");
    } else {
        tracing::warn!(kafka.client = role, kafka.error = %error, kafka.reason = reason, "a Kafka client met an error");
    }
}

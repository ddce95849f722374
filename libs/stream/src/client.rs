//! What clients call back with: their logs and errors, as ours.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

use crate::access;

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

/// While Kafka is away a client says so many times a second: once in this time is enough.
const REPEAT: Duration = Duration::from_secs(10);

/// Logs what a client met. It goes on by itself, unless the error is fatal.
pub(crate) fn report(role: &'static str, error: &KafkaError, reason: &str) {
    access::note(error, reason);
    match error.rdkafka_error_code() {
        // The end of a partition is an answer, not an error.
        Some(RDKafkaErrorCode::PartitionEOF) => {}
        Some(RDKafkaErrorCode::Fatal) => {
            tracing::error!(kafka.client = role, kafka.error = %error, kafka.reason = reason, "a Kafka client failed for good");
        }
        code if is_news(role, code) => {
            tracing::warn!(kafka.client = role, kafka.error = %error, kafka.reason = reason, "a Kafka client met an error");
        }
        Some(_) | None => {
            tracing::debug!(kafka.client = role, kafka.error = %error, kafka.reason = reason, "a Kafka client met it again");
        }
    }
}

/// Whether this was not said by the same kind of client a moment ago.
fn is_news(role: &'static str, code: Option<RDKafkaErrorCode>) -> bool {
    type Told = (&'static str, Option<RDKafkaErrorCode>, Instant);
    static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());
    let now = Instant::now();
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    told.retain(|(.., at)| now.duration_since(*at) < REPEAT);
    let news = !told.iter().any(|(who, what, _)| (*who, *what) == (role, code));
    if news {
        told.push((role, code, now));
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_a_moment_ago_is_no_news() {
        let away = Some(RDKafkaErrorCode::AllBrokersDown);
        assert!(is_news("test", away));
        assert!(!is_news("test", away));
        assert!(is_news("test", None) && is_news("other test", away));
    }
}

//! What Kafka refuses us: a certificate that nobody trusts, a password, a right.
//!
//! Clients go on trying by themselves and mention a refusal in passing, each in its own way, while all else looks as if Kafka
//! were away. So what any client of this process was refused is remembered, and told in one place, with what to look at.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

use crate::telemetry::Teller;

/// What a client was refused last, and when. One for the whole process: its clients have one user.
static REFUSED: Mutex<Option<(Instant, String)>> = Mutex::new(None);

/// Clients try again within seconds, and whoever waits for topics twice in that time: what was not refused for so long is not
/// any more.
const STANDS_FOR: Duration = Duration::from_secs(30);

/// Whether Kafka has refused nothing lately, and since this was made: what was refused to those who came before, with another
/// password, is none of ours. A check of readiness, and a metric.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    since: Instant,
}

impl Access {
    /// Begins to look.
    pub fn watch() -> Self {
        Self { since: Instant::now() }
    }

    /// Whether all is well.
    ///
    /// # Errors
    /// What Kafka refused, and which settings or rights to look at.
    pub fn state(&self) -> Result<(), String> {
        match &*REFUSED.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((at, why)) if *at >= self.since && at.elapsed() < STANDS_FOR => Err(why.clone()),
            Some(_) | None => Ok(()),
        }
    }
}

impl Collector for Access {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "1 where Kafka has refused this process something within half a minute: a certificate, a password, a right.";
        Teller(encoder).number("kafka_refused", help, usize::from(self.state().is_err()))
    }
}

/// Remembers a refusal, and says it aloud if it is another one than before. Anything else is passed over.
pub(crate) fn note(error: &KafkaError, reason: &str) {
    let Some(why) = error.rdkafka_error_code().and_then(|code| explained(code, reason)) else { return };
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_news = refused.as_ref().is_none_or(|(at, before)| at.elapsed() >= STANDS_FOR || *before != why);
    if is_news {
        tracing::error!("{why}");
    }
    *refused = Some((Instant::now(), why));
}

/// Which errors are refusals, and what to look at then.
const LOOK: [(&[RDKafkaErrorCode], &str); 3] = [
    (
        &[RDKafkaErrorCode::SSL],
        "no TLS connection to Kafka: look at the brokers' certificates and their end, and at the client settings \
         ssl.ca.location, ssl.certificate.location, ssl.key.location",
    ),
    (
        &[
            RDKafkaErrorCode::Authentication,
            RDKafkaErrorCode::SaslAuthenticationFailed,
            RDKafkaErrorCode::UnsupportedSASLMechanism,
        ],
        "Kafka does not let this user in: look at the client settings sasl.username, sasl.password, sasl.mechanism",
    ),
    (
        &[
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::GroupAuthorizationFailed,
            RDKafkaErrorCode::ClusterAuthorizationFailed,
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
        ],
        "a right is missing: look at what each service's Kafka user needs, in docs/operations/install.md",
    ),
];

/// What to look at, if this error is a refusal.
fn explained(code: RDKafkaErrorCode, reason: &str) -> Option<String> {
    Some(format!("{} ({})", look_at(code)?, told(reason)))
}

/// What to look at after this error; none if it is no refusal.
pub(crate) fn look_at(code: RDKafkaErrorCode) -> Option<&'static str> {
    LOOK.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, look)| *look)
}

/// The client's own words, without the times and counts in which two tellings of the same differ.
pub(crate) fn told(reason: &str) -> &str {
    let end = reason.find(" (after ").or_else(|| reason.find(" (in state "));
    reason[..end.unwrap_or(reason.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_look_at_and_a_broker_that_is_away_is_none() {
        let reason = "sasl_ssl://127.0.0.1:9092/bootstrap: SASL authentication error: invalid credentials \
                      (after 306ms in state AUTH_REQ)";
        let why = explained(RDKafkaErrorCode::Authentication, reason).unwrap_or_default();
        assert!(why.contains("sasl.password") && why.ends_with("invalid credentials)"), "{why}");
        assert!(
            explained(RDKafkaErrorCode::SSL, "certificate has expired")
                .is_some_and(|it| it.contains("ssl.ca"))
        );
        let why = explained(RDKafkaErrorCode::TopicAuthorizationFailed, "postbode.events");
        assert!(why.is_some_and(|it| it.contains("right") && it.contains("postbode.events")));
        assert_eq!(explained(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down"), None);
    }

    #[test]
    fn what_was_refused_before_is_no_matter_of_who_comes_after() {
        let before = Access::watch();
        let refusal = KafkaError::Global(RDKafkaErrorCode::TopicAuthorizationFailed);
        note(&refusal, "postbode.events");
        let after = Access::watch();
        assert!(before.state().is_err_and(|why| why.contains("postbode.events")));
        assert_eq!(after.state(), Ok(()));
    }
}

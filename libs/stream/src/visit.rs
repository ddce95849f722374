//! A first call at one broker, by a client that knows no other: who answers there, or why nobody does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use tokio::time::Instant;

use crate::{KafkaSettings, access};

/// What a broker said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// How long it took in all: connecting, TLS, signing in, and one question.
    pub took: Duration,
    /// The cluster's nodes, in the order of their ids.
    pub nodes: Vec<Node>,
}

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: i32,
    /// Where it says that clients reach it: `host:port`, of its `advertised.listeners`.
    pub address: String,
}

/// Why a broker said nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VisitError {
    /// It was reached, and does not let us in.
    #[error("{why}")]
    Refused {
        /// In the client's words.
        why: String,
        /// Which settings or rights to look at.
        look: &'static str,
    },
    /// No answer in time.
    #[error("{0}")]
    Unanswered(String),
}

/// How long one question waits, between two looks at what the client tells of its own accord.
const ONE_TRY: Duration = Duration::from_millis(500);
/// So many things it may tell at once.
const HEARD: usize = 10;

/// Calls at `server`, `host:port`, and nowhere else.
///
/// # Errors
/// When it refuses, or does not answer in time.
pub async fn visit(settings: &KafkaSettings, server: &str, patience: Duration) -> Result<Visit, VisitError> {
    let mut config = settings.client_config();
    config.set("bootstrap.servers", server);
    let visited = tokio::task::spawn_blocking(move || call(&config, patience)).await;
    visited.unwrap_or_else(|error| Err(VisitError::Unanswered(error.to_string())))
}

fn call(config: &ClientConfig, patience: Duration) -> Result<Visit, VisitError> {
    let began = Instant::now();
    let made = config.create_with_context(Ear::default());
    let client: BaseConsumer<Ear> = made.map_err(|error| VisitError::Unanswered(error.to_string()))?;
    loop {
        let error = match client.fetch_metadata(None, ONE_TRY) {
            Ok(metadata) => return Ok(Visit { took: began.elapsed(), nodes: nodes(&metadata) }),
            Err(error) => error,
        };
        for _ in 0..HEARD {
            drop(client.poll(Duration::from_millis(10)));
        }
        let heard = client.context().heard();
        if let Some(refusal) = heard.iter().find_map(refusal) {
            return Err(refusal);
        }
        if began.elapsed() >= patience {
            return Err(VisitError::Unanswered(telling(&heard).unwrap_or_else(|| error.to_string())));
        }
    }
}

fn nodes(metadata: &Metadata) -> Vec<Node> {
    let node = |broker: &rdkafka::metadata::MetadataBroker| Node {
        id: broker.id(),
        address: format!("{}:{}", broker.host(), broker.port()),
    };
    let mut nodes: Vec<_> = metadata.brokers().iter().map(node).collect();
    nodes.sort_by_key(|node| node.id);
    nodes
}

/// What the client told, in order: an error's code and its words.
type Heard = (Option<RDKafkaErrorCode>, String);

fn refusal((code, reason): &Heard) -> Option<VisitError> {
    let look = access::look_at((*code)?, reason)?;
    Some(VisitError::Refused { why: access::told_in(reason), look })
}

/// The last of them that says more than that nobody answers.
fn telling(heard: &[Heard]) -> Option<String> {
    let says_more = |(code, _): &&Heard| *code != Some(RDKafkaErrorCode::AllBrokersDown);
    heard.iter().rev().find(says_more).map(|(_, reason)| access::told_in(reason))
}

/// Remembers what the client tells of its own accord, and logs none of it: whoever calls tells it.
#[derive(Default)]
struct Ear(Mutex<Vec<Heard>>);

impl Ear {
    fn heard(&self) -> Vec<Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Ear {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(kafka.client = "visit", kafka.facility = facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let heard = (error.rdkafka_error_code(), reason.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }
}

impl ConsumerContext for Ear {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_look_at_and_silence_says_the_most_telling_thing() {
        let down = (Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down".to_owned());
        let closed = "127.0.0.1:1/bootstrap: Connect failed: Connection refused (after 0ms in state CONNECT)";
        let closed = (Some(RDKafkaErrorCode::BrokerTransportFailure), closed.to_owned());
        let heard = [closed, down.clone()];
        assert_eq!(heard.iter().find_map(refusal), None);
        let said = telling(&heard).unwrap();
        assert!(said.ends_with("Connection refused"), "{said}");
        assert_eq!(telling(&[down]), None);
        let password = (Some(RDKafkaErrorCode::Authentication), "SASL: invalid credentials".to_owned());
        let Some(VisitError::Refused { look, .. }) = refusal(&password) else { panic!("it is a refusal") };
        assert!(look.contains("sasl.password"), "{look}");
    }
}

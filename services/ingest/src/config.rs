//! What can be configured.

use std::time::Duration;

use process::config::ConfigError;
use process::{HttpSettings, HumanDuration};
use serde::Deserialize;
use stream::KafkaSettings;
use wire::topics::TopicSettings;

/// The service's sections.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where producers reach the service.
    pub api: HttpSettings,
    /// How the service reaches Kafka.
    pub kafka: KafkaSettings,
    /// How the topics are called, and the largest event.
    pub topics: TopicSettings,
    /// The service itself.
    pub ingest: IngestSettings,
}

/// Section `ingest`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestSettings {
    /// The CloudEvents source of events that name none.
    pub source: String,
    /// The largest body in bytes, decompressed.
    pub max_body_bytes: usize,
    /// The most events in one request.
    pub max_events: usize,
    /// The most bytes of bodies held at once, over all requests; beyond it they are asked to come back.
    pub max_held_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: HumanDuration,
    /// How long Kafka may take to acknowledge before the request is answered 503.
    pub produce_timeout: HumanDuration,
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            source: "/postbode/ingest".to_owned(),
            max_body_bytes: 16 * 1024 * 1024,
            max_events: 10_000,
            max_held_bytes: 256 * 1024 * 1024,
            body_timeout: HumanDuration(Duration::from_secs(30)),
            produce_timeout: HumanDuration(Duration::from_secs(10)),
        }
    }
}

impl Settings {
    /// Whether the settings go together.
    ///
    /// # Errors
    /// Names the setting that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let ingest = &self.ingest;
        let smaller =
            |what, than, limit| ConfigError::invalid(what, format!("is smaller than {than} ({limit})"));
        if ingest.max_body_bytes < self.topics.event_max_bytes {
            return Err(smaller(
                "ingest.max_body_bytes",
                "topics.event_max_bytes",
                self.topics.event_max_bytes,
            ));
        }
        if ingest.max_held_bytes < ingest.max_body_bytes {
            return Err(smaller("ingest.max_held_bytes", "ingest.max_body_bytes", ingest.max_body_bytes));
        }
        if ingest.source.is_empty() || ingest.source.chars().any(char::is_control) {
            return Err(ConfigError::invalid("ingest.source", "is empty or holds control characters"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together() {
        Settings::default().check().unwrap();
    }

    #[test]
    fn limits_that_do_not_fit_into_each_other_are_named() {
        let wrong = |toml: &str| {
            let settings: Settings = process::config::from_toml(toml).unwrap();
            settings.check().unwrap_err().to_string()
        };
        assert!(
            wrong("ingest.max_body_bytes = 10").starts_with("ingest.max_body_bytes: is smaller than topics.")
        );
        assert!(
            wrong("ingest.max_held_bytes = 10").starts_with("ingest.max_held_bytes: is smaller than ingest.")
        );
        assert!(wrong("ingest.source = ''").starts_with("ingest.source: "));
    }
}

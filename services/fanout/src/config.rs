//! The service's configuration.

use process::config::ConfigError;
use serde::Deserialize;
use stream::KafkaSettings;
use wire::topics::{TopicSettings, Topics};

/// What the service is configured by, beside what every process has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How to reach Kafka.
    pub kafka: KafkaSettings,
    /// The topics' names and sizes.
    pub topics: TopicSettings,
}

impl Settings {
    /// Whether the settings will do.
    ///
    /// # Errors
    /// Names the setting that will not.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.topics().map(drop)
    }

    pub(crate) fn topics(&self) -> Result<Topics, ConfigError> {
        Topics::new(&self.topics).map_err(|error| ConfigError::invalid("topics.retry_tiers", error))
    }
}

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
    /// The topics' names and tiers.
    pub topics: TopicSettings,
    /// The service's own.
    pub retry: RetrySettings,
}

/// Section `retry`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySettings {
    /// Records released per second and partition, at most: what spreads a tier that came due at once.
    pub release_per_second: u32,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self { release_per_second: 500 }
    }
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

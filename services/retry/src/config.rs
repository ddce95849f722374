//! The service's configuration.

use serde::Deserialize;
use stream::KafkaSettings;
use wire::topics::TopicSettings;

/// What the service is configured by, beside what every process has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
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

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
    /// The topics' names and sizes.
    pub topics: TopicSettings,
}

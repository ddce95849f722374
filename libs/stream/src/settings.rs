//! How to reach Kafka.

use std::collections::BTreeMap;

use rdkafka::config::ClientConfig;
use serde::Deserialize;

/// Section `kafka` of every service's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSettings {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    /// What brokers see the clients as.
    pub client_id: String,
    /// Further client settings by librdkafka's names, for TLS and passwords; they win over our defaults.
    pub properties: BTreeMap<String, String>,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            client_id: "postbode".to_owned(),
            properties: BTreeMap::new(),
        }
    }
}

impl KafkaSettings {
    /// What every client begins with.
    pub(crate) fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap_servers);
        config.set("client.id", &self.client_id);
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }
}

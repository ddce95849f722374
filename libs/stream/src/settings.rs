//! How to reach Kafka.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::config::ClientConfig;
use serde::Deserialize;

/// Section `kafka` of every service's configuration.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSettings {
    /// `host:port`, comma-separated.
    pub bootstrap_servers: String,
    /// What brokers see the clients as.
    pub client_id: String,
    /// Further client settings by librdkafka's names, for TLS and passwords; they win over our defaults, though not
    /// over what a promise hangs on (acknowledgements, commits, isolation).
    pub properties: BTreeMap<String, String>,
}

/// What suits every client. A broker that comes back is found again within a second: views of the registry go stale
/// after two.
const COMMON: [(&str, &str); 4] = [
    ("socket.keepalive.enable", "true"),
    ("socket.nagle.disable", "true"),
    ("reconnect.backoff.max.ms", "1000"),
    ("log.connection.close", "false"),
];

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
        self.configured(&COMMON, &[])
    }

    /// A client with defaults that the operator may change, and settings that nobody may.
    pub(crate) fn configured(&self, defaults: &[(&str, &str)], fixed: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        let ours =
            [("bootstrap.servers", self.bootstrap_servers.as_str()), ("client.id", self.client_id.as_str())];
        let theirs = self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in
            COMMON.iter().chain(defaults).copied().chain(ours).chain(theirs).chain(fixed.iter().copied())
        {
            config.set(name, value);
        }
        config
    }
}

/// Names the properties and hides their values: there are passwords among them.
impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("client_id", &self.client_id)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_win_over_defaults_and_lose_to_what_is_fixed() {
        let settings = KafkaSettings {
            properties: [("acks", "1"), ("linger.ms", "50"), ("reconnect.backoff.max.ms", "5")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..KafkaSettings::default()
        };
        let config = settings.configured(&[("linger.ms", "2")], &[("acks", "all")]);
        assert_eq!(config.get("acks"), Some("all"));
        assert_eq!(config.get("linger.ms"), Some("50"));
        assert_eq!(config.get("reconnect.backoff.max.ms"), Some("5"));
        assert_eq!(config.get("bootstrap.servers"), Some("127.0.0.1:9092"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let properties = [("sasl.password".to_owned(), "hunter2".to_owned())].into();
        let shown = format!("{:?}", KafkaSettings { properties, ..KafkaSettings::default() });
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"));
    }
}

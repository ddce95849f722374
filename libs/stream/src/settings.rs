//! How to reach Kafka.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
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

/// Other names of settings that we set, as librdkafka knows them, and the names by which we do: under another name a
/// promise could be undone.
const ALIASES: [(&str, &str); 9] = [
    ("metadata.broker.list", "bootstrap.servers"),
    ("request.required.acks", "acks"),
    ("message.timeout.ms", "delivery.timeout.ms"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("compression.codec", "compression.type"),
    ("message.send.max.retries", "retries"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("sasl.mechanisms", "sasl.mechanism"),
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

/// Settings of which no client can be made. Values are not told: there are passwords among them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// One of them is not known, or its value is none.
    #[error("kafka.properties.{name}: {why}")]
    Property {
        /// By librdkafka's name.
        name: String,
        /// In librdkafka's words.
        why: String,
    },
    /// Together: a file that is not there, a certificate and a key that do not fit.
    #[error("kafka.properties: {0}")]
    Together(String),
}

const TOKEN_ENDPOINT: &str = "sasl.oauthbearer.token.endpoint.url";

impl KafkaSettings {
    /// Makes a client, and lets go of it before it calls anybody.
    ///
    /// # Errors
    /// When none can be made of these settings and the files that they name.
    pub fn try_here(&self) -> Result<(), Unusable> {
        let mut config = self.client_config();
        // A client asks for a token as soon as it is made, and is not gone before there was an answer: nobody answers there.
        if config.get(TOKEN_ENDPOINT).is_some() {
            config.set(TOKEN_ENDPOINT, "http://127.0.0.1:1");
        }
        let client: Result<BaseConsumer, _> = config.create();
        let Err(error) = client else { return Ok(()) };
        if let KafkaError::ClientConfig(_, why, name, _) = error {
            return Err(Unusable::Property { name, why });
        }
        Err(Unusable::Together(error.to_string()))
    }

    /// What every client begins with.
    pub(crate) fn client_config(&self) -> ClientConfig {
        self.configured(&COMMON, &[])
    }

    /// A client with defaults that the operator may change, and settings that nobody may.
    pub(crate) fn configured(&self, defaults: &[(&str, &str)], fixed: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        let ours =
            [("bootstrap.servers", self.bootstrap_servers.as_str()), ("client.id", self.client_id.as_str())];
        let theirs = self.properties.iter().map(|(name, value)| (by_our_name(name), value.as_str()));
        for (name, value) in
            COMMON.iter().chain(defaults).copied().chain(ours).chain(theirs).chain(fixed.iter().copied())
        {
            config.set(name, value);
        }
        config
    }
}

fn by_our_name(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, ours)| ours)
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

    fn with(properties: &[(&str, &str)]) -> KafkaSettings {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        KafkaSettings { properties: properties.collect(), ..KafkaSettings::default() }
    }

    #[test]
    fn what_is_fixed_cannot_be_undone_under_another_name() {
        let settings = with(&[("request.required.acks", "1"), ("message.timeout.ms", "600000")]);
        let config = settings.configured(&[], &[("acks", "all"), ("delivery.timeout.ms", "8000")]);
        assert_eq!((config.get("acks"), config.get("request.required.acks")), (Some("all"), None));
        let times = ["delivery.timeout.ms", "message.timeout.ms"].map(|name| config.get(name));
        assert_eq!(times, [Some("8000"), None]);
    }

    #[test]
    fn a_setting_that_is_not_known_is_named_and_its_value_is_not() {
        assert_eq!(with(&[("security.protocol", "SSL")]).try_here(), Ok(()));
        let said = with(&[("sasl.pasword", "hunter2")]).try_here().unwrap_err().to_string();
        assert!(said.starts_with("kafka.properties.sasl.pasword: ") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn where_tokens_come_from_is_not_asked_and_has_to_be_said() {
        let tokens = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "OAUTHBEARER"),
            ("sasl.oauthbearer.method", "oidc"),
            ("sasl.oauthbearer.client.id", "fanout"),
            ("sasl.oauthbearer.client.secret", "hunter2"),
        ];
        // Takes connections, and answers none.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        silent.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}/token", silent.local_addr().unwrap());
        assert_eq!(with(&[&tokens[..], &[(TOKEN_ENDPOINT, &endpoint)]].concat()).try_here(), Ok(()));
        assert!(silent.accept().is_err(), "nobody came");
        let said = with(&tokens).try_here().unwrap_err().to_string();
        assert!(said.contains(TOKEN_ENDPOINT) && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn a_certificate_and_a_key_that_do_not_fit_are_found_before_anybody_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file.display().to_string()
        };
        let [first, second] =
            [1, 2].map(|_| rcgen::generate_simple_self_signed(["fanout".to_owned()]).unwrap());
        let certificate = write("tls.crt", &first.cert.pem());
        let [fits, other] = [("a", &first), ("b", &second)]
            .map(|(name, made)| write(name, &made.signing_key.serialize_pem()));
        let attempt = |key: &str| {
            let files = [("ssl.certificate.location", &*certificate), ("ssl.key.location", key)];
            with(&[&[("security.protocol", "SSL")], &files[..]].concat()).try_here()
        };
        assert_eq!(attempt(&fits), Ok(()));
        for key in [&*other, "/nowhere.key"] {
            let said = attempt(key).unwrap_err().to_string();
            assert!(said.starts_with("kafka.properties: ") && said.contains("ssl.key.location"), "{said}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let properties = [("sasl.password".to_owned(), "hunter2".to_owned())].into();
        let shown = format!("{:?}", KafkaSettings { properties, ..KafkaSettings::default() });
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"));
    }
}

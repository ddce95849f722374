//! What every command needs to know: where Kafka and the services are, who asks, and how to answer.
//!
//! The command line wins over the environment, that over the directory of secrets, and that over the configuration file. File and
//! directory may be a service's: the sections `kafka`, `topics` and `outbound` mean the same here, and `client` is the command line's
//! own; others are passed over.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use outbound::OutboundSettings;
use process::Secret;
use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};
use stream::KafkaSettings;
use wire::topics::{TopicSettings, Topics};

use crate::error::usage;

/// The options that every command takes.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Globals {
    /// Configuration file, TOML or YAML: sections kafka, topics and client (console_url, ingest_url, key)
    #[arg(long, global = true, env = "POSTBODE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory with a file for each secret setting, such as kafka.properties.sasl.password or client.key
    #[arg(long, global = true, env = "POSTBODE_SECRETS", value_name = "DIR")]
    secrets: Option<PathBuf>,
    /// Kafka brokers, comma-separated; also POSTBODE__KAFKA__BOOTSTRAP_SERVERS
    #[arg(long, global = true, env = "KAFKA_BOOTSTRAP_SERVERS", value_name = "HOST:PORT,…")]
    bootstrap_servers: Option<String>,
    /// What the topics' names begin with; also POSTBODE__TOPICS__PREFIX [default: postbode.]
    #[arg(long, global = true, value_name = "PREFIX")]
    topic_prefix: Option<String>,
    /// The console's address; also POSTBODE__CLIENT__CONSOLE_URL [default: http://127.0.0.1:8080]
    #[arg(long, global = true, env = "POSTBODE_CONSOLE_URL", value_name = "URL")]
    console_url: Option<String>,
    /// Ingest's address; also POSTBODE__CLIENT__INGEST_URL [default: http://127.0.0.1:8081]
    #[arg(long, global = true, env = "POSTBODE_INGEST_URL", value_name = "URL")]
    ingest_url: Option<String>,
    /// API key; also POSTBODE__CLIENT__KEY. Prefer the environment: arguments are visible to others
    #[arg(long, global = true, env = "POSTBODE_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No colours
    #[arg(long, global = true, env = "NO_COLOR", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) no_color: bool,
    /// Say more about what happens underneath; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// Everything, worked out.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// How to reach Kafka.
    pub(crate) kafka: KafkaSettings,
    /// The topics' names and shapes.
    pub(crate) topic_settings: TopicSettings,
    /// Where the services are.
    pub(crate) client: ClientSettings,
    /// Whether answers are JSON.
    pub(crate) json: bool,
    /// How strangers are called, for whoever tries it.
    pub(crate) outbound: OutboundSettings,
    /// Whether somebody said where Kafka is.
    pub(crate) names_kafka: bool,
    /// The configuration file, if one is named.
    pub(crate) config: Option<PathBuf>,
    /// The directory of secrets, if one is named.
    pub(crate) secrets: Option<PathBuf>,
}

/// Section `client`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientSettings {
    /// The console's address.
    pub(crate) console_url: String,
    /// Ingest's address.
    pub(crate) ingest_url: String,
    /// The API key.
    pub(crate) key: Option<Secret>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            console_url: "http://127.0.0.1:8080".to_owned(),
            ingest_url: "http://127.0.0.1:8081".to_owned(),
            key: None,
        }
    }
}

impl Context {
    /// Merges the command line with what the file and the environment say.
    pub(crate) fn new(globals: Globals) -> anyhow::Result<Self> {
        Self::with(globals, &process::config::process_environment())
    }

    fn with(globals: Globals, variables: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let settings: Settings =
            process::config::read(globals.config.as_deref(), globals.secrets.as_deref(), variables)
                .map_err(|error| usage(error.to_string()))?;
        Ok(Self::merged(globals, settings))
    }

    fn merged(mut globals: Globals, settings: Settings) -> Self {
        // A variable that is set to nothing says nothing.
        globals.bootstrap_servers.take_if(|servers| servers.is_empty());
        let Settings { kafka, topics, client, outbound } = settings;
        let names_kafka = globals.bootstrap_servers.is_some() || kafka.is_some();
        let mut context = Self {
            kafka: kafka.unwrap_or_default(),
            topic_settings: topics,
            client,
            json: globals.json,
            outbound,
            names_kafka,
            config: globals.config,
            secrets: globals.secrets,
        };
        let put = |place: &mut String, given: Option<String>| {
            if let Some(given) = given {
                *place = given;
            }
        };
        put(&mut context.kafka.bootstrap_servers, globals.bootstrap_servers);
        put(&mut context.topic_settings.prefix, globals.topic_prefix);
        put(&mut context.client.console_url, globals.console_url);
        put(&mut context.client.ingest_url, globals.ingest_url);
        if let Some(key) = globals.key {
            context.client.key = Some(Secret::new(key));
        }
        context
    }

    /// The topics' names.
    pub(crate) fn topics(&self) -> anyhow::Result<Topics> {
        Topics::new(&self.topic_settings).context("section topics")
    }

    /// Whether somebody said where ingest or the console is.
    pub(crate) fn names_api(&self, service: &str) -> bool {
        let usual = ClientSettings::default();
        match service {
            "ingest" => self.client.ingest_url != usual.ingest_url,
            _ => self.client.console_url != usual.console_url,
        }
    }

    /// The API key.
    pub(crate) fn key(&self) -> anyhow::Result<&Secret> {
        let missing = || usage("an API key is needed: set POSTBODE_KEY, or give --key");
        self.client.key.as_ref().ok_or_else(missing)
    }
}

/// The sections that the command line knows.
#[derive(Debug, Default)]
struct Settings {
    kafka: Option<KafkaSettings>,
    topics: TopicSettings,
    client: ClientSettings,
    outbound: OutboundSettings,
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Sections)
    }
}

struct Sections;

impl<'de> Visitor<'de> for Sections {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sections")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut sections: A) -> Result<Settings, A::Error> {
        let mut settings = Settings::default();
        while let Some(name) = sections.next_key::<String>()? {
            match name.as_str() {
                "kafka" => settings.kafka = Some(sections.next_value()?),
                "topics" => settings.topics = sections.next_value()?,
                "outbound" => settings.outbound = sections.next_value()?,
                "client" => settings.client = sections.next_value()?,
                _ => drop(sections.next_value::<serde_json::Value>()?),
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [kafka]
        bootstrap_servers = "broker:9092"
        [topics]
        prefix = "file."
        retry_tiers = ["1s", "2s"]
        [client]
        key = "pbk_secret"
        [delivery]
        schedule = ["1s"]
        [api]
        listen = "0.0.0.0:80"
    "#;

    #[test]
    fn a_services_file_serves_and_the_command_line_wins() {
        let globals = Globals { topic_prefix: Some("mine.".into()), ..Globals::default() };
        let context = Context::merged(globals, process::config::from_toml(FILE).unwrap());
        assert_eq!(context.kafka.bootstrap_servers, "broker:9092");
        assert_eq!(&*context.topics().unwrap().events, "mine.events");
        assert_eq!(context.topic_settings.retry_tiers.len(), 2);
        assert_eq!(context.key().unwrap().expose(), "pbk_secret");
        assert!(context.names_kafka);
    }

    #[test]
    fn a_services_secrets_serve_too_as_where_its_pod_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("kafka.properties.sasl.password", "its password\n");
        put("seal.keys", "k1:none-of-our-business");
        let globals = Globals { secrets: Some(folder.path().to_owned()), ..Globals::default() };
        let variables = [("POSTBODE__KAFKA__PROPERTIES__sasl.username".to_owned(), "delivery".to_owned())];
        let context = Context::with(globals, &variables.into()).unwrap();
        let properties = &context.kafka.properties;
        assert_eq!(properties["sasl.password"], "its password");
        assert_eq!(properties["sasl.username"], "delivery");
    }

    #[test]
    fn a_wrong_key_in_a_section_of_ours_is_named() {
        let error = process::config::from_toml::<Settings>("[client]\nconsole = 1").unwrap_err().to_string();
        assert!(error.contains("console"), "{error}");
    }

    #[test]
    fn without_a_key_the_error_says_how_to_give_one() {
        let context = Context::merged(Globals::default(), Settings::default());
        assert!(context.key().unwrap_err().to_string().contains("POSTBODE_KEY"));
        assert!(!context.names_kafka);
        let empty = Globals { bootstrap_servers: Some(String::new()), ..Globals::default() };
        assert!(!Context::merged(empty, Settings::default()).names_kafka);
    }
}

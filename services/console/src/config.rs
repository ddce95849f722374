//! What can be configured.

use std::time::Duration;

use history::HistorySettings;
use httpsig::SigningSettings;
use outbound::OutboundSettings;
use process::config::ConfigError;
use process::{HttpSettings, HumanDuration, SealSettings, Secret};
use serde::Deserialize;
use stream::KafkaSettings;
use wire::topics::TopicSettings;

/// The service's sections.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the API listens.
    pub api: HttpSettings,
    /// The service itself.
    pub console: ConsoleSettings,
    /// The keys that seal secrets.
    pub seal: SealSettings,
    /// How to reach Kafka.
    pub kafka: KafkaSettings,
    /// How the topics are called.
    pub topics: TopicSettings,
    /// The platform's own keys: the same as delivery's.
    pub signing: SigningSettings,
    /// How strangers are called, to verify URLs.
    pub outbound: OutboundSettings,
    /// Where the history is kept, and for how long.
    pub history: HistorySettings,
}

/// Section `console`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleSettings {
    /// The first operator's key, in clear: any text of at least 32 characters that nobody can guess. It is put into the
    /// registry at each start, and the one configured before is taken out.
    pub operator_key: Option<Secret>,
    /// What verification files' names begin with.
    pub verification_prefix: String,
    /// What Postbode is called in handshakes: the `WebHook-Request-Origin`, a DNS name of the platform's.
    pub handshake_origin: String,
    /// How long the registry may take to be written.
    pub write_timeout: HumanDuration,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            operator_key: None,
            verification_prefix: "postbode".to_owned(),
            handshake_origin: "postbode".to_owned(),
            write_timeout: HumanDuration(Duration::from_secs(10)),
        }
    }
}

impl Settings {
    /// Whether the settings will do.
    ///
    /// # Errors
    /// Names the setting that will not.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.seal.keyring().map_err(|error| ConfigError::invalid("seal.keys", error))?;
        self.signing.ring().map_err(|error| ConfigError::invalid("signing.directory", error))?;
        self.history.check().map_err(|error| ConfigError::invalid("history.url", error))?;
        let prefix = &self.console.verification_prefix;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=32).contains(&prefix.len()) || !prefix.bytes().all(plain) {
            let what = "must be 1 to 32 lower-case letters, digits or hyphens";
            return Err(ConfigError::invalid("console.verification_prefix", what));
        }
        let origin = &self.console.handshake_origin;
        if !(1..=253).contains(&origin.len()) || !origin.bytes().all(|b| plain(b) || b == b'.') {
            let what = "must be a DNS name in lower case";
            return Err(ConfigError::invalid("console.handshake_origin", what));
        }
        if self.console.operator_key.as_ref().is_some_and(|key| !is_strong(key.expose())) {
            let what = "must be at least 32 visible ASCII characters (make one with: openssl rand -hex 32)";
            return Err(ConfigError::invalid("console.operator_key", what));
        }
        Ok(())
    }
}

/// A bearer token, and long enough for what is random.
fn is_strong(key: &str) -> bool {
    key.len() >= 32 && key.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "seal.keys = ['k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=']";

    fn check(toml: &str) -> Result<(), String> {
        let settings: Settings = process::config::from_toml(toml).unwrap();
        settings.check().map_err(|error| error.to_string())
    }

    #[test]
    fn a_keyring_is_all_that_must_be_given() {
        assert_eq!(check(KEYS), Ok(()));
        assert!(check("").unwrap_err().starts_with("seal.keys: "));
    }

    #[test]
    fn what_will_not_do_is_named_and_not_shown() {
        for (line, name) in [
            ("console.verification_prefix = 'a/b'", "console.verification_prefix: "),
            ("console.verification_prefix = ''", "console.verification_prefix: "),
            ("console.handshake_origin = 'a b'", "console.handshake_origin: "),
            ("history.url = 'mysql://root:geheim@db/x'", "history.url: "),
            ("console.operator_key = 'geheim'", "console.operator_key: "),
            ("console.operator_key = 'geheim geheim geheim geheim geheim'", "console.operator_key: "),
        ] {
            let error = check(&format!("{KEYS}\n{line}")).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("geheim"), "{error}");
        }
    }
}

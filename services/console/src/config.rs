//! What can be configured.

use std::time::Duration;

use history::HistorySettings;
use http::HeaderValue;
use httpsig::SigningSettings;
use outbound::OutboundSettings;
use process::config::ConfigError;
use process::{HttpSettings, HumanDuration, SealSettings, Secret};
use serde::Deserialize;
use stream::KafkaSettings;
use url::Url;
use wire::topics::TopicSettings;

use crate::notices::MailSettings;
use crate::rules::whence::Proxies;

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
    /// How accounts are told of webhooks that fail.
    pub notices: MailSettings,
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
    /// What test calls say they come from: the same as delivery's.
    pub user_agent: String,
    /// How long the registry may take to be written.
    pub write_timeout: HumanDuration,
    /// Where people find the pages: links that lead there begin with it. With https, cookies are kept to it.
    pub public_url: Option<Url>,
    /// Where operators see the metrics: the page of the whole leads there.
    pub metrics_url: Option<Url>,
    /// How often is looked how long records wait, and at topics' settings: that costs Kafka more than how many wait.
    pub look_closely: HumanDuration,
    /// How long a session on the pages lasts.
    pub session: HumanDuration,
    /// Jobs that are worked on at once; 0 leaves them to other consoles.
    pub jobs: usize,
    /// Events that a backfill sends per second, unless it is asked for another rate.
    pub backfill_per_second: u32,
    /// The highest rate that may be asked for.
    pub backfill_per_second_max: u32,
    /// Streams of events open at once, over all accounts.
    pub max_streams: usize,
    /// Streams of events open at once of one account.
    pub max_streams_per_account: usize,
    /// Requests to the API per second and key; 0 limits nothing.
    pub rate_per_second: u32,
    /// Requests at once per key; 0 limits nothing.
    pub rate_burst: u32,
    /// Blocks of addresses whose `X-Forwarded-For` is believed: those of the proxies in front.
    pub trusted_proxies: Vec<String>,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            operator_key: None,
            verification_prefix: "postbode".to_owned(),
            handshake_origin: "postbode".to_owned(),
            user_agent: concat!("Postbode/", env!("CARGO_PKG_VERSION")).to_owned(),
            write_timeout: HumanDuration(Duration::from_secs(10)),
            public_url: None,
            metrics_url: None,
            look_closely: HumanDuration(Duration::from_secs(60)),
            session: HumanDuration(Duration::from_secs(12 * 3600)),
            jobs: 2,
            backfill_per_second: 200,
            backfill_per_second_max: 2_000,
            max_streams: 200,
            max_streams_per_account: 10,
            rate_per_second: 100,
            rate_burst: 200,
            trusted_proxies: Vec::new(),
        }
    }
}

impl ConsoleSettings {
    pub(crate) fn user_agent(&self) -> Result<HeaderValue, ConfigError> {
        let agent = HeaderValue::from_str(&self.user_agent);
        agent.map_err(|error| ConfigError::invalid("console.user_agent", error))
    }

    pub(crate) fn proxies(&self) -> Result<Proxies, ConfigError> {
        let proxies = Proxies::parse(&self.trusted_proxies);
        proxies.map_err(|error| ConfigError::invalid("console.trusted_proxies", error))
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
        self.console.user_agent()?;
        self.console.proxies()?;
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
        let usual = self.console.backfill_per_second;
        if !(1..=self.console.backfill_per_second_max).contains(&usual) {
            let what = "must be at least 1, and at most console.backfill_per_second_max";
            return Err(ConfigError::invalid("console.backfill_per_second", what));
        }
        self.notices.smtp()?;
        self.history.check().map_err(|error| ConfigError::invalid("history.url", error))?;
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
            ("console.user_agent = \"a\\u0007b\"", "console.user_agent: "),
            ("console.backfill_per_second = 0", "console.backfill_per_second: "),
            ("console.backfill_per_second_max = 100", "console.backfill_per_second: "),
            ("console.trusted_proxies = ['proxy']", "console.trusted_proxies: "),
            ("history.url = 'mysql://geheim@db/x'", "history.url: "),
            ("notices.smtp_url = 'http://u:geheim@h'\nnotices.from = 'a@b.example'", "notices.smtp_url: "),
            ("notices.smtp_url = 'smtp://u:geheim@h'", "notices.from: "),
            ("console.operator_key = 'geheim'", "console.operator_key: "),
            ("console.operator_key = 'geheim geheim geheim geheim geheim'", "console.operator_key: "),
        ] {
            let error = check(&format!("{KEYS}\n{line}")).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("geheim"), "{error}");
        }
    }
}

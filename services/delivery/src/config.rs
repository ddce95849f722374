//! The service's configuration.

use domain::{DispatchSettings, Keyring, Schedule, Tiers};
use http::HeaderValue;
use outbound::OutboundSettings;
use process::SealSettings;
use process::config::ConfigError;
use serde::Deserialize;
use stream::KafkaSettings;
use wire::HumanDuration;
use wire::topics::{TopicSettings, Topics};

/// What the service is configured by, beside what every process has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How to reach Kafka.
    pub kafka: KafkaSettings,
    /// The topics' names and tiers.
    pub topics: TopicSettings,
    /// How strangers are called.
    pub outbound: OutboundSettings,
    /// The keys that open secrets.
    pub seal: SealSettings,
    /// The service's own.
    pub delivery: DeliverySettings,
}

/// Section `delivery`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// The delay after each failed attempt; each one must be a retry tier.
    pub schedule: Vec<HumanDuration>,
    /// POSTs open at once, over all webhooks.
    pub max_open: usize,
    /// How long a delivery waits aside while its webhook may not be called.
    pub defer: HumanDuration,
    /// How long it waits in all, with no attempt in between, before it expires.
    pub expire: HumanDuration,
    /// What `User-Agent` says.
    pub user_agent: String,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            schedule: Schedule::DEFAULT.map(HumanDuration).to_vec(),
            max_open: 1024,
            defer: HumanDuration(std::time::Duration::from_secs(5 * 60)),
            expire: HumanDuration(std::time::Duration::from_secs(72 * 3600)),
            user_agent: concat!("Postbode/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl DeliverySettings {
    /// What the dispatcher goes by.
    fn dispatch(&self, tiers: Tiers) -> Result<DispatchSettings, ConfigError> {
        if self.max_open == 0 {
            return Err(ConfigError::invalid("delivery.max_open", "must be at least 1"));
        }
        let delays: Vec<_> = self.schedule.iter().map(|delay| delay.0).collect();
        let schedule = Schedule::new(tiers, &delays)
            .map_err(|error| ConfigError::invalid("delivery.schedule", error))?;
        let (max_open, defer, expire) = (self.max_open, self.defer.0, self.expire.0);
        Ok(DispatchSettings { max_open, defer, expire, ..DispatchSettings::new(schedule) })
    }
}

/// The settings, understood: what the service is built from.
pub(crate) struct Plan {
    pub(crate) topics: Topics,
    pub(crate) dispatch: DispatchSettings,
    pub(crate) keyring: Keyring,
    pub(crate) user_agent: HeaderValue,
}

impl Settings {
    /// Whether the settings will do.
    ///
    /// # Errors
    /// Names the setting that will not.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.plan().map(drop)
    }

    pub(crate) fn plan(&self) -> Result<Plan, ConfigError> {
        let topics =
            Topics::new(&self.topics).map_err(|error| ConfigError::invalid("topics.retry_tiers", error))?;
        let dispatch = self.delivery.dispatch(topics.tiers())?;
        let keyring = self.seal.keyring().map_err(|error| ConfigError::invalid("seal.keys", error))?;
        let user_agent = HeaderValue::from_str(&self.delivery.user_agent)
            .map_err(|error| ConfigError::invalid("delivery.user_agent", error))?;
        Ok(Plan { topics, dispatch, keyring, user_agent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "seal.keys = ['k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=']";

    #[test]
    fn a_keyring_is_all_that_must_be_given_and_what_will_not_do_is_named() {
        let check = |toml: &str| {
            let settings: Settings = process::config::from_toml(toml).unwrap();
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(KEYS), Ok(()));
        for (lines, name) in [
            ("", "seal.keys: "),
            ("delivery.schedule = ['7s']", "delivery.schedule: "),
            ("delivery.max_open = 0", "delivery.max_open: "),
            ("topics.retry_tiers = []", "topics.retry_tiers: "),
        ] {
            let keys = if lines.is_empty() { "" } else { KEYS };
            let error = check(&format!("{keys}\n{lines}")).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}

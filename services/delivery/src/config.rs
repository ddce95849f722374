//! The service's configuration.

use std::num::NonZeroU32;

use domain::{BreakerSettings, DispatchSettings, Keyring, Schedule, Tiers};
use http::HeaderValue;
use httpsig::{Ring, SigningSettings};
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
    /// The platform's own keys: the same as the console's.
    pub signing: SigningSettings,
    /// The service's own.
    pub delivery: DeliverySettings,
}

/// Section `delivery`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// The delay after each failed attempt; each one must be a retry tier.
    pub schedule: Vec<HumanDuration>,
    /// POSTs open at once, over all webhooks. Those of endpoints that are slow, or not known yet, may be half of them.
    pub max_open: usize,
    /// POSTs open at once, over all webhooks of one account; half of `max_open` unless given.
    pub account_max_open: Option<usize>,
    /// POSTs begun per second, over all webhooks of one account and in this process; no limit unless given.
    pub account_per_second: Option<NonZeroU32>,
    /// An endpoint is left alone after so many failures in a row, a time-out counting for three; 0 switches that off.
    pub breaker_failures: u32,
    /// How long it is left alone at first; each failed probe doubles that.
    pub breaker_first: HumanDuration,
    /// How long it is left alone at most, whatever it asks for.
    pub breaker_longest: HumanDuration,
    /// After how long of nothing but failures a webhook is disabled.
    pub give_up: HumanDuration,
    /// How long a delivery waits aside while its webhook may not be called.
    pub defer: HumanDuration,
    /// How long it waits in all, with no attempt in between, before it expires.
    pub expire: HumanDuration,
    /// What `User-Agent` says.
    pub user_agent: String,
    /// Of how many webhooks, those that are called most, metrics tell by name: none unless asked for, a hundred at most.
    pub webhook_metrics: usize,
}

/// Each webhook has up to sixteen series, in each process.
const MOST_WEBHOOK_METRICS: usize = 100;

impl Default for DeliverySettings {
    fn default() -> Self {
        let breaker = BreakerSettings::default();
        Self {
            schedule: Schedule::DEFAULT.map(HumanDuration).to_vec(),
            max_open: 1024,
            account_max_open: None,
            account_per_second: None,
            breaker_failures: breaker.failures,
            breaker_first: HumanDuration(breaker.first),
            breaker_longest: HumanDuration(breaker.longest),
            give_up: HumanDuration(std::time::Duration::from_secs(5 * 24 * 3600)),
            defer: HumanDuration(std::time::Duration::from_secs(5 * 60)),
            expire: HumanDuration(std::time::Duration::from_secs(72 * 3600)),
            user_agent: concat!("Postbode/", env!("CARGO_PKG_VERSION")).to_owned(),
            webhook_metrics: 0,
        }
    }
}

impl DeliverySettings {
    /// What the dispatcher goes by.
    fn dispatch(&self, tiers: Tiers) -> Result<DispatchSettings, ConfigError> {
        if self.max_open == 0 {
            return Err(ConfigError::invalid("delivery.max_open", "must be at least 1"));
        }
        if self.account_max_open == Some(0) {
            return Err(ConfigError::invalid("delivery.account_max_open", "must be at least 1"));
        }
        if self.webhook_metrics > MOST_WEBHOOK_METRICS {
            let why = format!("must be at most {MOST_WEBHOOK_METRICS}: each webhook is a series of its own");
            return Err(ConfigError::invalid("delivery.webhook_metrics", why));
        }
        let breaker = BreakerSettings {
            failures: self.breaker_failures,
            first: self.breaker_first.0,
            longest: self.breaker_longest.0,
        };
        if breaker.first.is_zero() || breaker.longest < breaker.first {
            let why = "must be more than nothing, and no longer than delivery.breaker_longest";
            return Err(ConfigError::invalid("delivery.breaker_first", why));
        }
        let delays: Vec<_> = self.schedule.iter().map(|delay| delay.0).collect();
        let schedule = Schedule::new(tiers, &delays)
            .map_err(|error| ConfigError::invalid("delivery.schedule", error))?;
        Ok(DispatchSettings {
            max_open: self.max_open,
            account_open: self.account_max_open.unwrap_or(self.max_open.div_ceil(2)),
            account_per_second: self.account_per_second,
            breaker,
            give_up: self.give_up.0,
            defer: self.defer.0,
            expire: self.expire.0,
            ..DispatchSettings::new(schedule)
        })
    }
}

/// The settings, understood: what the service is built from.
pub(crate) struct Plan {
    pub(crate) topics: Topics,
    pub(crate) dispatch: DispatchSettings,
    pub(crate) keyring: Keyring,
    pub(crate) ring: Option<Ring>,
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
        let ring = self.signing.ring();
        let ring = ring.map_err(|error| ConfigError::invalid("signing.directory", error))?;
        Ok(Plan { topics, dispatch, keyring, ring, user_agent })
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
            ("delivery.account_max_open = 0", "delivery.account_max_open: "),
            ("delivery.breaker_first = '1h'", "delivery.breaker_first: "),
            ("delivery.webhook_metrics = 101", "delivery.webhook_metrics: "),
            ("topics.retry_tiers = []", "topics.retry_tiers: "),
        ] {
            let keys = if lines.is_empty() { "" } else { KEYS };
            let error = check(&format!("{keys}\n{lines}")).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}

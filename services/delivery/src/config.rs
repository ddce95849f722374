//! The service's configuration.

use anyhow::Context;
use domain::{DispatchSettings, Keyring, Schedule, Tiers};
use outbound::OutboundSettings;
use process::Secret;
use serde::Deserialize;
use stream::KafkaSettings;
use wire::HumanDuration;
use wire::topics::TopicSettings;

/// What the service is configured by, beside what every process has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
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

/// Section `seal`: the same in the console, which seals.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SealSettings {
    /// `NAME:BASE64-OF-32-BYTES`; the first one seals, all of them open.
    pub keys: Vec<Secret>,
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
    ///
    /// # Errors
    /// When a delay is no tier, or nothing may be open.
    pub(crate) fn dispatch(&self, tiers: Tiers) -> anyhow::Result<DispatchSettings> {
        anyhow::ensure!(self.max_open > 0, "delivery.max_open: must be at least 1");
        let delays: Vec<_> = self.schedule.iter().map(|delay| delay.0).collect();
        let schedule = Schedule::new(tiers, &delays).context("delivery.schedule")?;
        let (max_open, defer, expire) = (self.max_open, self.defer.0, self.expire.0);
        Ok(DispatchSettings { max_open, defer, expire, ..DispatchSettings::new(schedule) })
    }
}

impl SealSettings {
    /// The keyring.
    ///
    /// # Errors
    /// When there is no key, or one is malformed.
    pub(crate) fn keyring(&self) -> anyhow::Result<Keyring> {
        let keys: Vec<_> = self.keys.iter().map(Secret::expose).collect();
        Keyring::parse(&keys).context("seal.keys")
    }
}

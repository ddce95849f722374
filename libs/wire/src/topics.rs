//! The topics: their names, and what each must be for nothing to be lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Schedule, Tier, Tiers};
use serde::Deserialize;

use crate::HumanDuration;

/// Section `topics` of every service's configuration. All services of one installation must agree on it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicSettings {
    /// What every topic's name begins with.
    pub prefix: String,
    /// The retry delays that exist as topics.
    pub retry_tiers: Vec<HumanDuration>,
    /// The largest event in bytes.
    pub event_max_bytes: usize,
    /// Partitions of `events`, `deliveries`, the tiers, the dead letters and `attempts` when they are created.
    pub partitions: i32,
    /// Copies of each partition when topics are created; -1 takes the cluster's default.
    pub replication: i32,
    /// How long `audit` is kept when it is created: what is gone from there can't be indexed anew.
    pub audit_retention: HumanDuration,
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self {
            prefix: "postbode.".to_owned(),
            retry_tiers: Schedule::DEFAULT.map(HumanDuration).to_vec(),
            event_max_bytes: 1024 * 1024,
            partitions: 12,
            replication: -1,
            audit_retention: HumanDuration(365 * DAY),
        }
    }
}

/// Every topic's full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// What happened.
    pub events: Arc<str>,
    /// The registry: accounts, keys, webhooks, health.
    pub webhooks: Arc<str>,
    /// One record per event and matching webhook.
    pub deliveries: Arc<str>,
    /// Events that cannot be understood.
    pub dead_events: Arc<str>,
    /// Deliveries that failed for good.
    pub dead_deliveries: Arc<str>,
    /// What became of dead letters.
    pub dispositions: Arc<str>,
    /// One record per attempt.
    pub attempts: Arc<str>,
    /// What somebody did in the console.
    pub audit: Arc<str>,
    retry: BTreeMap<Tier, Arc<str>>,
    settings: TopicSettings,
}

/// What one topic must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its full name.
    pub name: Arc<str>,
    /// Its partitions when it is created; `exact_partitions` says whether more are an error.
    pub partitions: i32,
    /// Whether the number of partitions is fixed.
    pub exact_partitions: bool,
    /// Copies of each partition; -1 takes the cluster's default.
    pub replication: i32,
    /// Topic settings when it is created.
    pub config: BTreeMap<&'static str, String>,
    /// The least retention that loses nothing; none for compacted topics.
    pub min_retention: Option<Duration>,
    /// The least `max.message.bytes`.
    pub min_message_bytes: usize,
}

impl TopicSpec {
    /// How long records are kept, where the topic is made as this says; none where each key's newest is for ever.
    pub fn retention(&self) -> Option<Duration> {
        self.config.get("retention.ms")?.parse().ok().map(Duration::from_millis)
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Room for headers on an event.
const EVENT_HEADROOM: usize = 64 * 1024;

/// Room for headers on what follows from an event: they grow on the way.
const DELIVERY_HEADROOM: usize = 128 * 1024;

impl Topics {
    /// Names every topic.
    ///
    /// # Errors
    /// When the settings name no retry tier, or one of zero length.
    pub fn new(settings: &TopicSettings) -> Result<Self, domain::InvalidTiers> {
        let named = |rest: &str| -> Arc<str> { format!("{}{rest}", settings.prefix).into() };
        let tiers = Tiers::new(settings.retry_tiers.iter().map(|tier| tier.0))?;
        Ok(Self {
            events: named("events"),
            webhooks: named("webhooks"),
            deliveries: named("deliveries"),
            dead_events: named("dead-letters.events"),
            dead_deliveries: named("dead-letters.deliveries"),
            dispositions: named("dead-letters.dispositions"),
            attempts: named("attempts"),
            audit: named("audit"),
            retry: tiers.iter().map(|tier| (tier, named(&format!("retry.{}", tier.name())))).collect(),
            settings: settings.clone(),
        })
    }

    /// The tiers that have a topic.
    pub fn tiers(&self) -> Tiers {
        Tiers::new(self.retry.keys().map(|tier| tier.delay())).expect("checked when the topics were named")
    }

    /// The topic of a tier.
    pub fn retry(&self, tier: Tier) -> Option<&Arc<str>> {
        self.retry.get(&tier)
    }

    /// Every tier and its topic, shortest first.
    pub fn retries(&self) -> impl Iterator<Item = (Tier, &Arc<str>)> {
        self.retry.iter().map(|(tier, topic)| (*tier, topic))
    }

    /// The largest event, in bytes.
    pub fn event_max_bytes(&self) -> usize {
        self.settings.event_max_bytes
    }

    /// The largest record on `events`, headers included.
    pub fn event_record_bytes(&self) -> usize {
        self.settings.event_max_bytes + EVENT_HEADROOM
    }

    /// The largest record on every later topic, headers included.
    pub fn delivery_record_bytes(&self) -> usize {
        self.settings.event_max_bytes + DELIVERY_HEADROOM
    }

    /// What every topic must be, in the order of an event's way.
    pub fn specs(&self) -> Vec<TopicSpec> {
        let event = self.event_record_bytes();
        let later = self.delivery_record_bytes();
        let mut specs = vec![
            self.log(&self.events, 7 * DAY, event),
            self.compacted(&self.webhooks),
            self.log(&self.deliveries, 7 * DAY, later),
        ];
        specs.extend(self.retries().map(|(tier, topic)| self.log(topic, tier.delay() + 7 * DAY, later)));
        specs.push(self.log(&self.dead_events, 14 * DAY, later));
        specs.push(self.log(&self.dead_deliveries, 14 * DAY, later));
        specs.push(self.compacted(&self.dispositions));
        let mut attempts = self.log(&self.attempts, 3 * DAY, 1024 * 1024);
        attempts.config.insert("compression.type", "zstd".to_owned());
        specs.push(attempts);
        specs.push(self.audited());
        specs
    }

    /// The specification of one topic.
    pub fn spec(&self, name: &str) -> Option<TopicSpec> {
        self.specs().into_iter().find(|spec| &*spec.name == name)
    }

    fn log(&self, name: &Arc<str>, retention: Duration, max_bytes: usize) -> TopicSpec {
        TopicSpec {
            name: Arc::clone(name),
            partitions: self.settings.partitions,
            exact_partitions: false,
            replication: self.settings.replication,
            config: BTreeMap::from([
                ("cleanup.policy", "delete".to_owned()),
                ("retention.ms", retention.as_millis().to_string()),
                ("max.message.bytes", max_bytes.to_string()),
            ]),
            min_retention: Some(retention.min(retention / 2 + DAY)),
            min_message_bytes: max_bytes,
        }
    }

    /// One partition: there is little, and it stays in order.
    fn audited(&self) -> TopicSpec {
        let spec = self.log(&self.audit, self.settings.audit_retention.0, 1024 * 1024);
        TopicSpec { partitions: 1, ..spec }
    }

    fn compacted(&self, name: &Arc<str>) -> TopicSpec {
        TopicSpec {
            name: Arc::clone(name),
            partitions: 1,
            exact_partitions: true,
            replication: self.settings.replication,
            config: BTreeMap::from([
                ("cleanup.policy", "compact".to_owned()),
                ("max.message.bytes", (1024 * 1024).to_string()),
            ]),
            min_retention: None,
            min_message_bytes: 256 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_of_the_way_is_specified() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        let names: Vec<_> = topics.specs().iter().map(|spec| spec.name.to_string()).collect();
        assert_eq!(
            names,
            [
                "postbode.events",
                "postbode.webhooks",
                "postbode.deliveries",
                "postbode.retry.5s",
                "postbode.retry.30s",
                "postbode.retry.5m",
                "postbode.retry.30m",
                "postbode.retry.2h",
                "postbode.retry.5h",
                "postbode.retry.10h",
                "postbode.retry.24h",
                "postbode.dead-letters.events",
                "postbode.dead-letters.deliveries",
                "postbode.dead-letters.dispositions",
                "postbode.attempts",
                "postbode.audit",
            ]
        );
    }

    #[test]
    fn a_topic_says_how_long_its_records_are_kept() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        let kept = |topic| topics.spec(topic).unwrap().retention();
        assert_eq!(kept(&topics.events), Some(7 * DAY));
        assert_eq!(kept(&topics.webhooks), None);
    }

    #[test]
    fn a_tier_keeps_its_records_longer_than_it_holds_them() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        for (tier, topic) in topics.retries() {
            let spec = topics.spec(topic).unwrap();
            assert!(spec.min_retention.unwrap() > tier.delay(), "{topic}");
        }
    }

    #[test]
    fn headers_have_room_to_grow_on_the_way() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        assert!(topics.event_record_bytes() > topics.event_max_bytes());
        assert!(topics.delivery_record_bytes() > topics.event_record_bytes());
    }
}

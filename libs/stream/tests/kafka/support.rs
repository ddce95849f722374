//! A Kafka to talk to, and topics of one's own.

use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::{Account, AccountId, Change, Clock, Registry, Revision, Timestamp};
use stream::{Admin, KafkaSettings, Sink, SinkOptions};
use wire::topics::{TopicSettings, Topics};
use wire::{Headers, OutRecord};

/// An installation of its own within the shared cluster.
pub(crate) struct Installation {
    pub(crate) kafka: KafkaSettings,
    pub(crate) settings: TopicSettings,
    pub(crate) topics: Topics,
    pub(crate) admin: Admin,
}

impl Installation {
    /// Without any topic yet.
    pub(crate) fn bare(story: &str) -> Self {
        let kafka = KafkaSettings { bootstrap_servers: bootstrap_servers(), ..KafkaSettings::default() };
        let prefix = format!("{story}-{}.", uuid::Uuid::now_v7().simple());
        let settings = TopicSettings { prefix, partitions: 2, ..TopicSettings::default() };
        let topics = Topics::new(&settings).unwrap();
        let admin = Admin::new(&kafka).unwrap();
        Self { kafka, settings, topics, admin }
    }

    /// With the registry's topic.
    pub(crate) async fn with_registry(story: &str) -> Self {
        let installation = Self::bare(story);
        installation.create_registry().await;
        installation
    }

    pub(crate) async fn create_registry(&self) {
        self.admin.create(&[self.topics.spec(&self.topics.webhooks).unwrap()]).await.unwrap();
    }

    pub(crate) fn registry_topic(&self) -> Arc<str> {
        Arc::clone(&self.topics.webhooks)
    }

    pub(crate) fn sink(&self) -> Sink {
        Sink::new(&self.kafka, SinkOptions::new(1024 * 1024)).unwrap()
    }
}

/// A record of the registry.
pub(crate) fn record(topic: &Arc<str>, key: &str, value: Option<&str>) -> OutRecord {
    OutRecord {
        topic: Arc::clone(topic),
        key: Some(key.to_owned().into()),
        value: value.map(|value| value.to_owned().into()),
        headers: Headers::new(),
    }
}

pub(crate) fn account(id: &str, revision: u64) -> Change {
    Change::Account(Account {
        contact: None,
        keep: domain::Keep::default(),
        id: id.into(),
        name: id.to_owned(),
        created_at: Timestamp::from_millis(0),
        revision: Revision(revision),
    })
}

pub(crate) fn account_record(topic: &Arc<str>, id: &str, revision: u64) -> OutRecord {
    let (key, value) = wire::registry::encode(&account(id, revision), None);
    record(topic, &key, value.as_deref().map(|value| std::str::from_utf8(value).unwrap()))
}

pub(crate) fn revision(registry: &Registry, id: &str) -> u64 {
    registry.account(&AccountId::from(id)).map_or(0, |account| account.revision.0)
}

/// Fails rather than hangs.
pub(crate) async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(seconds);
    tokio::time::timeout(limit, future).await.unwrap_or_else(|_| panic!("{what}: not within {seconds} s"))
}

fn bootstrap_servers() -> String {
    static SERVERS: OnceLock<String> = OnceLock::new();
    SERVERS.get_or_init(|| environment().unwrap_or_else(up)).clone()
}

#[expect(clippy::disallowed_methods, reason = "tests are told where Kafka is by the environment alone")]
fn environment() -> Option<String> {
    std::env::var("KAFKA_BOOTSTRAP_SERVERS").ok().filter(|servers| !servers.is_empty())
}

/// The shared development instance, which stays up.
fn up() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/kafka");
    let output = Command::new(script).arg("up").output().expect("scripts/kafka can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    let servers = text.lines().find_map(|line| line.strip_prefix("KAFKA_BOOTSTRAP_SERVERS="));
    match servers {
        Some(servers) if output.status.success() => servers.to_owned(),
        _ => panic!(
            "no Kafka: run 'make setup' and 'scripts/kafka up'.\n{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// The present.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "a test's own clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }
}

//! An installation of its own on a Kafka: topics, services, accounts, webhooks, and the books.

mod asking;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Event;
use stream::{Admin, KafkaSettings, Sink, SinkOptions};
use tokio::sync::{Semaphore, SemaphorePermit};
use wire::names;
use wire::topics::{TopicSettings, TopicSpec, Topics};
use wire::{HumanDuration, Record};

use crate::books::Books;
use crate::broker::root;
use crate::{Broker, Hook, Kind, Receiver, ServiceProcess, eventually, rights, topics};

/// Two cores serve so many installations at once.
static ROOM: Semaphore = Semaphore::const_new(2);

/// Lets so many more installations run at once: whoever says so keeps count itself.
pub fn make_room(installations: usize) {
    ROOM.add_permits(installations);
}

/// The operator's key of every installation.
pub const OPERATOR_KEY: &str = "pbk_operator_0123456789abcdef0123456789abcdef";
const SEAL_KEY: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// How an installation differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct WorldOptions {
    /// A Kafka of its own.
    pub broker: Option<Broker>,
    /// Which services run; none means all.
    pub services: Option<Vec<Kind>>,
    /// Further variables for every service.
    pub environment: Vec<(&'static str, String)>,
    /// Partitions of each topic; none means three.
    pub partitions: Option<i32>,
    /// Copies of each partition; none means one.
    pub replication: Option<i32>,
    /// Whether secrets lie in files, which [`World::change_secret`] changes under running services, and not in variables.
    pub secrets_in_files: bool,
    /// Where the services' binaries are; none means those that were built with the stories.
    pub binaries: Option<PathBuf>,
    /// What the topics' names begin with, where they are there already; none means new ones.
    pub prefix: Option<String>,
}

/// An installation.
pub struct World {
    /// How Kafka is reached.
    pub kafka: KafkaSettings,
    /// The topics' names.
    pub topics: Topics,
    /// The running services.
    pub services: Vec<ServiceProcess>,
    broker: Broker,
    settings: TopicSettings,
    environment: Vec<(&'static str, String)>,
    secrets_in_files: bool,
    folder: PathBuf,
    binaries: Option<PathBuf>,
    started: usize,
    http: reqwest::Client,
    books: Mutex<Books>,
    closed: bool,
    _room: SemaphorePermit<'static>,
}

impl World {
    /// All services, on the shared Kafka.
    pub async fn start(story: &str) -> Self {
        Self::with(story, WorldOptions::default()).await
    }

    /// With options.
    pub async fn with(story: &str, options: WorldOptions) -> Self {
        let room = ROOM.acquire().await.unwrap();
        let broker = options.broker.unwrap_or_else(Broker::shared);
        let kafka = broker.settings();
        let tiers = ["300ms", "1s"].map(|tier| HumanDuration(domain::duration::parse(tier).unwrap()));
        let name = format!("{story}-{}.", uuid::Uuid::now_v7().simple());
        let folder = root().join("target/tests/logs").join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = TopicSettings {
            prefix: options.prefix.unwrap_or(name),
            retry_tiers: tiers.to_vec(),
            partitions: options.partitions.unwrap_or(3),
            replication: options.replication.unwrap_or(1),
            ..TopicSettings::default()
        };
        let topics = Topics::new(&settings).unwrap();
        Admin::new(&kafka).unwrap().create(&topics.specs()).await.unwrap();
        known_everywhere(&kafka, &topics).await;
        if broker.is_secured() {
            broker.grant(&rights::of_all(&settings.prefix));
        }
        let mut world = Self {
            kafka,
            topics,
            services: Vec::new(),
            broker,
            settings,
            environment: options.environment,
            secrets_in_files: options.secrets_in_files,
            folder,
            binaries: options.binaries,
            started: 0,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            books: Mutex::default(),
            closed: false,
            _room: room,
        };
        for kind in options.services.unwrap_or_else(|| Kind::ALL.to_vec()) {
            world.spawn(kind);
        }
        for service in &world.services {
            service.ready().await;
        }
        world
    }

    /// Starts one more process of a service, and waits until it is ready.
    pub async fn add(&mut self, kind: Kind) {
        self.spawn(kind);
        self.services[self.services.len() - 1].ready().await;
    }

    /// Starts one more process of a service.
    pub fn spawn(&mut self, kind: Kind) {
        let mut environment = self.environment_of(kind);
        if self.secrets_in_files {
            self.move_secrets(kind, &mut environment);
        }
        let name = format!("postbode-{}", kind.name());
        let program =
            self.binaries.as_ref().map_or_else(|| crate::binary(&name), |folder| folder.join(&name));
        let service = ServiceProcess::start(kind, &program, self.started, &self.folder, &environment);
        self.started += 1;
        self.services.push(service);
    }

    /// Sets a variable for the processes that are started from now on.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.environment.push((name, value));
    }

    /// Has the processes that are started from now on come from another build; none means this one.
    pub fn run_from(&mut self, binaries: Option<PathBuf>) {
        self.binaries = binaries;
    }

    /// Takes the oldest process of a service out of the installation.
    pub fn take(&mut self, kind: Kind) -> ServiceProcess {
        let index = self.services.iter().position(|service| service.kind == kind).unwrap();
        self.services.remove(index)
    }

    /// The oldest process of a service.
    pub fn service(&self, kind: Kind) -> &ServiceProcess {
        self.services.iter().find(|service| service.kind == kind).unwrap()
    }

    /// What a service's process is configured by.
    pub fn environment_of(&self, kind: Kind) -> BTreeMap<String, String> {
        let tiers = self.settings.retry_tiers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut all = BTreeMap::from([
            ("POSTBODE__KAFKA__BOOTSTRAP_SERVERS".to_owned(), self.kafka.bootstrap_servers.clone()),
            ("POSTBODE__TOPICS__PREFIX".to_owned(), self.settings.prefix.clone()),
            ("POSTBODE__TOPICS__RETRY_TIERS".to_owned(), tiers),
            ("POSTBODE__SHUTDOWN__DRAIN".to_owned(), "15s".to_owned()),
            ("POSTBODE__LOG__FORMAT".to_owned(), "json".to_owned()),
        ]);
        let mut set = |name: &str, value: &str| all.insert(name.to_owned(), value.to_owned());
        for (name, value) in self.broker.settings_of(kind.name()).properties {
            set(&format!("POSTBODE__KAFKA__PROPERTIES__{name}"), &value);
        }
        if kind.has_secrets() {
            set("POSTBODE__SEAL__KEYS", SEAL_KEY);
            set("POSTBODE__OUTBOUND__ALLOW", "127.0.0.0/8");
        }
        if kind == Kind::Console {
            set("POSTBODE__CONSOLE__OPERATOR_KEY", OPERATOR_KEY);
            set("POSTBODE__HISTORY__URL", &self.history_of(self.started));
        }
        if kind == Kind::Delivery {
            set("POSTBODE__DELIVERY__SCHEDULE", "300ms,300ms,1s");
            set("POSTBODE__DELIVERY__DEFER", "300ms");
            set("POSTBODE__DELIVERY__BREAKER_FIRST", "300ms");
            set("POSTBODE__DELIVERY__BREAKER_LONGEST", "1s");
        }
        for (name, value) in &self.environment {
            let section = name.split("__").nth(1).unwrap_or_default().to_lowercase();
            let every = matches!(&*section, "topics" | "kafka" | "log" | "trace" | "reload");
            if section == kind.name()
                || (matches!(&*section, "outbound" | "signing") && kind.has_secrets())
                || (section == "history" && kind == Kind::Console)
                || every
            {
                all.insert((*name).to_owned(), value.clone());
            }
        }
        all
    }

    /// Where a console keeps its history that is this process of the installation, counted from 0.
    pub fn history_of(&self, instance: usize) -> String {
        format!("sqlite:{}", self.folder.join(format!("console-{instance}.db")).display())
    }

    /// Counts what is due to a webhook from now on.
    pub fn keep_books(&self, hook: &Hook, receiver: &Receiver) {
        self.books.lock().unwrap().keep(hook, receiver);
    }

    /// Counts nothing for a webhook any more: it is paused, disabled or deleted.
    pub fn stop_books(&self, hook: &Hook) {
        self.books.lock().unwrap().stop(hook);
    }

    /// Waits until every process has read the registry as it is now.
    pub async fn registry_seen(&self) {
        let end = self.registry_end().await;
        eventually(Duration::from_secs(20), "the registry is seen everywhere", || async {
            for service in self.services.iter().filter(|s| matches!(s.kind, Kind::Fanout | Kind::Delivery)) {
                let position = service.metric("postbode_registry_position").await;
                if position < end as f64 {
                    return Err(format!("{} has read to {position} of {end}", service.kind.name()));
                }
            }
            Ok(())
        })
        .await;
    }

    /// Where the registry's next record will stand.
    pub async fn registry_end(&self) -> i64 {
        let admin = Admin::new(&self.kafka).unwrap();
        let ends = admin.end_offsets(&self.topics.webhooks).await.unwrap();
        ends.values().map(|end| end.0).max().unwrap_or(0)
    }

    /// Where its services log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of this installation's topics begin with it.
    pub fn prefix(&self) -> &str {
        &self.settings.prefix
    }

    /// Books events that were accepted.
    pub fn book(&self, events: &[Event]) {
        self.books.lock().unwrap().book(events);
    }

    /// Everything in a topic.
    pub async fn read(&self, topic: &Arc<str>) -> Vec<Record> {
        topics::read(&self.kafka, topic).await
    }

    /// Waits for so many records in a topic.
    pub async fn until_written(&self, topic: &Arc<str>, count: usize) -> Vec<Record> {
        eventually(Duration::from_secs(60), &format!("records in {topic}"), || async {
            let records = self.read(topic).await;
            if records.len() >= count { Ok(records) } else { Err(format!("{} of {count}", records.len())) }
        })
        .await
    }

    /// Deletes a topic and makes it anew, empty.
    pub async fn remake(&self, spec: &TopicSpec) {
        let admin = Admin::new(&self.kafka).unwrap();
        admin.delete(&[&spec.name]).await.unwrap();
        eventually(Duration::from_secs(20), &format!("{} is made anew", spec.name), || async {
            let made = admin.create(std::slice::from_ref(spec)).await.map_err(|error| error.to_string())?;
            if made[0].created { Ok(()) } else { Err("the old one is still there".to_owned()) }
        })
        .await;
    }

    /// A producer of the story's own.
    pub fn sink(&self) -> Sink {
        Sink::new(&self.kafka, SinkOptions::new(8 * 1024 * 1024)).unwrap()
    }

    /// Balances the books, stops every service in good order, and deletes the topics: those of a story that failed stay.
    pub async fn close(self) {
        self.settled().await;
        self.end().await;
    }

    /// [`World::close`] for whoever keeps books of its own.
    pub async fn end(mut self) {
        self.closed = true;
        for service in self.services.drain(..) {
            service.stop().await;
        }
        let specs = self.topics.specs();
        let names: Vec<&str> = specs.iter().map(|spec| &*spec.name).collect();
        Admin::new(&self.kafka).unwrap().delete(&names).await.unwrap();
    }

    /// Leaves everything as it lies, for somebody to look at; processes end with it.
    pub fn abandon(mut self) {
        self.closed = true;
    }

    /// Waits until the books balance: whatever is due is delivered, waiting in a tier, or dead.
    pub async fn settled(&self) {
        eventually(Duration::from_secs(60), "the books balance", || async {
            let missing = self.books.lock().unwrap().missing();
            if missing.is_empty() {
                return Ok(());
            }
            let dead: BTreeSet<String> = self.dead().await;
            let waiting = topics::waiting(&self.kafka, &self.topics).await;
            let lost: Vec<_> = missing
                .iter()
                .filter(|(id, _)| !dead.contains(*id) && !waiting.get(*id).copied().unwrap_or(false))
                .collect();
            if lost.is_empty() {
                Ok(())
            } else {
                Err(format!("{} lost, {:?} among them", lost.len(), lost[0]))
            }
        })
        .await;
    }

    /// The ids in the dead letters.
    pub async fn dead(&self) -> BTreeSet<String> {
        let letters = self.read(&self.topics.dead_deliveries).await;
        letters.iter().filter_map(|letter| letter.headers.text(names::DELIVERY).map(str::to_owned)).collect()
    }

    /// Runs the command line against this installation, and returns what it printed.
    pub async fn postbode(&self, arguments: &[&str]) -> String {
        let mut command = tokio::process::Command::new(crate::binary("postbode"));
        command.args(arguments).env_clear().env("KAFKA_BOOTSTRAP_SERVERS", &self.kafka.bootstrap_servers);
        command.env("POSTBODE__TOPICS__PREFIX", &self.settings.prefix).env("POSTBODE_KEY", OPERATOR_KEY);
        let output = command.output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "postbode {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Waits until every broker knows the topics: a service that asks one which does not yet would not start.
async fn known_everywhere(kafka: &KafkaSettings, topics: &Topics) {
    let brokers = kafka.bootstrap_servers.split(',').count();
    if brokers == 1 {
        return;
    }
    eventually(Duration::from_secs(20), "all brokers know the topics", || async {
        // Each new client asks some broker: several in a row ask them all.
        for _ in 0..3 * brokers {
            let missing = Admin::new(kafka).unwrap().check(&topics.specs()).await;
            let missing = missing.map_err(|error| error.to_string())?;
            if let Some(problem) = missing.iter().find(|problem| problem.severity.is_fatal()) {
                return Err(problem.to_string());
            }
        }
        Ok(())
    })
    .await;
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(
            self.closed || std::thread::panicking(),
            "a story ends with World::close, which balances its books"
        );
    }
}

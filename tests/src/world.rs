//! An installation of its own on a Kafka: topics, services, accounts, webhooks, and the books.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Event;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use stream::{Admin, KafkaSettings, Sink, SinkOptions};
use tokio::sync::{Semaphore, SemaphorePermit};
use wire::names;
use wire::topics::{TopicSettings, Topics};
use wire::{HumanDuration, Record};

use crate::books::Books;
use crate::broker::root;
use crate::topics;
use crate::{Broker, Hook, Kind, Receiver, ServiceProcess, eventually};

/// Two cores serve so many installations at once.
static ROOM: Semaphore = Semaphore::const_new(2);

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
}

/// An installation.
pub struct World {
    /// How Kafka is reached.
    pub kafka: KafkaSettings,
    /// The topics' names.
    pub topics: Topics,
    /// The running services.
    pub services: Vec<ServiceProcess>,
    settings: TopicSettings,
    environment: Vec<(&'static str, String)>,
    folder: PathBuf,
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
        let kafka = options.broker.unwrap_or_else(Broker::shared).settings();
        let tiers = ["300ms", "1s"].map(|tier| HumanDuration(domain::duration::parse(tier).unwrap()));
        let prefix = format!("{story}-{}.", uuid::Uuid::now_v7().simple());
        let folder = root().join("target/tests/logs").join(&prefix);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = TopicSettings {
            prefix,
            retry_tiers: tiers.to_vec(),
            partitions: 3,
            replication: 1,
            ..TopicSettings::default()
        };
        let topics = Topics::new(&settings).unwrap();
        Admin::new(&kafka).unwrap().create(&topics.specs()).await.unwrap();
        let mut world = Self {
            kafka,
            topics,
            services: Vec::new(),
            settings,
            environment: options.environment,
            folder,
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
        let environment = self.environment_of(kind);
        let service = ServiceProcess::start(kind, self.started, &self.folder, &environment);
        self.started += 1;
        self.services.push(service);
    }

    /// Sets a variable for the processes that are started from now on.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.environment.push((name, value));
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
        if kind.has_secrets() {
            set("POSTBODE__SEAL__KEYS", SEAL_KEY);
            set("POSTBODE__OUTBOUND__ALLOW", "127.0.0.0/8");
        }
        if kind == Kind::Console {
            set("POSTBODE__CONSOLE__OPERATOR_KEY", OPERATOR_KEY);
        }
        if kind == Kind::Delivery {
            set("POSTBODE__DELIVERY__SCHEDULE", "300ms,300ms,1s");
            set("POSTBODE__DELIVERY__DEFER", "300ms");
            set("POSTBODE__DELIVERY__BREAKER_FIRST", "300ms");
            set("POSTBODE__DELIVERY__BREAKER_LONGEST", "1s");
        }
        for (name, value) in &self.environment {
            let section = name.split("__").nth(1).unwrap_or_default().to_lowercase();
            if section == kind.name() || (section == "outbound" && kind.has_secrets()) || section == "topics"
            {
                all.insert((*name).to_owned(), value.clone());
            }
        }
        all
    }

    /// Asks the console, as the operator.
    pub async fn console(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.console_as(OPERATOR_KEY, method, path, body).await
    }

    /// Asks the console with some key.
    pub async fn console_as(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.service(Kind::Console).api()));
        let request = request.bearer_auth(key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Makes an account and a key of it that may do everything an account may.
    pub async fn account(&self, id: &str) -> String {
        let made = self.console(Method::POST, "/v1/accounts", Some(json!({"id": id, "name": id}))).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{}", made.text().await.unwrap());
        let scopes = json!({"name": "all", "scopes": ["events:write", "webhooks:read", "webhooks:write"]});
        let key = self.console(Method::POST, &format!("/v1/accounts/{id}/keys"), Some(scopes)).await;
        assert_eq!(key.status(), StatusCode::CREATED);
        key.json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned()
    }

    /// Makes a webhook, without verifying it. `extra` is merged into the request.
    pub async fn create_hook(&self, account: &str, url: &str, types: &[&str], extra: Value) -> Hook {
        let wanted = if types.is_empty() { json!("*") } else { json!(types) };
        let mut body = json!({"account": account, "name": "story", "url": url, "types": wanted});
        if let (Some(body), Value::Object(extra)) = (body.as_object_mut(), extra) {
            body.extend(extra);
        }
        let made = self.console(Method::POST, "/v1/webhooks", Some(body)).await;
        let status = made.status();
        let made: Value = made.json().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{made}");
        Hook {
            id: made["id"].as_str().unwrap().to_owned(),
            account: account.to_owned(),
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            secret: made["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// Proves a webhook's URL through its file, which the receiver serves.
    pub async fn verify(&self, hook: &Hook, receiver: &Receiver) {
        let path = format!("/v1/webhooks/{}/verification", hook.id);
        let file: Value = self.console(Method::GET, &path, None).await.json().await.unwrap();
        receiver.serve(file["file_name"].as_str().unwrap(), file["content"].as_str().unwrap());
        let verified = self.console(Method::POST, &format!("/v1/webhooks/{}/verify", hook.id), None).await;
        assert_eq!(verified.status(), StatusCode::OK, "{}", verified.text().await.unwrap());
    }

    /// Makes a verified webhook, and keeps books on it from now on.
    pub async fn hook(&self, account: &str, receiver: &Receiver, types: &[&str], extra: Value) -> Hook {
        let hook = self.create_hook(account, &receiver.url("/hook"), types, extra).await;
        self.verify(&hook, receiver).await;
        self.registry_seen().await;
        self.keep_books(&hook, receiver);
        hook
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

    /// The names of this installation's topics begin with it.
    pub fn prefix(&self) -> &str {
        &self.settings.prefix
    }

    /// Posts to ingest.
    pub async fn post_events(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let url = format!("{}/v1/events{query}", self.service(Kind::Ingest).api());
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            request = request.bearer_auth(OPERATOR_KEY);
        }
        request.send().await.unwrap()
    }

    /// Sends clicks of an account through ingest, and books them.
    pub async fn clicks(&self, account: &str, count: usize) -> Vec<Event> {
        self.events(account, "click", count).await
    }

    /// Sends events of one type through ingest, and books them.
    pub async fn events(&self, account: &str, kind: &str, count: usize) -> Vec<Event> {
        let mut sent = Vec::new();
        for n in 0..count {
            let id = uuid::Uuid::now_v7().to_string();
            let data: Value = serde_json::from_str(&wire::catalogue::sample(kind, n as u64)).unwrap();
            sent.push(
                json!({"specversion": "1.0", "id": id, "source": "/story", "type": kind, "account": account,
                             "datacontenttype": "application/json", "data": data}),
            );
        }
        for batch in sent.chunks(500) {
            let body = serde_json::to_vec(batch).unwrap();
            let headers = [("content-type", "application/cloudevents-batch+json")];
            let answer = self.post_events("", &headers, body).await;
            assert_eq!(answer.status(), StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
        }
        let event = |sent: &Value| Event {
            id: sent["id"].as_str().unwrap().into(),
            source: "/story".into(),
            kind: kind.into(),
            account: account.into(),
        };
        let events: Vec<Event> = sent.iter().map(event).collect();
        self.book(&events);
        events
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

    /// A producer of the story's own.
    pub fn sink(&self) -> Sink {
        Sink::new(&self.kafka, SinkOptions::new(8 * 1024 * 1024)).unwrap()
    }

    /// Balances the books, stops every service in good order, and deletes the topics: those of a story that failed stay.
    pub async fn close(mut self) {
        self.settled().await;
        self.closed = true;
        for service in self.services.drain(..) {
            service.stop().await;
        }
        let specs = self.topics.specs();
        let names: Vec<&str> = specs.iter().map(|spec| &*spec.name).collect();
        Admin::new(&self.kafka).unwrap().delete(&names).await.unwrap();
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

impl Drop for World {
    fn drop(&mut self) {
        assert!(
            self.closed || std::thread::panicking(),
            "a story ends with World::close, which balances its books"
        );
    }
}

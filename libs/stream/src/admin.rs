//! Topics: making them, and checking that nothing is lost in those that are there.

mod check;
mod told;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Partition};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use tokio::time::Instant;
use wire::topics::TopicSpec;

use crate::KafkaSettings;
use crate::client::Client;
use check::Actual;
pub use told::{AdminError, Problem, Severity, TopicReport, Unfit};

/// Manages topics. Cheap to clone.
#[derive(Clone)]
pub struct Admin {
    client: Arc<AdminClient<Client>>,
    config: ClientConfig,
    bootstrap_servers: Arc<str>,
}

/// How long one question to the cluster may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a service waits before it asks again for topics that could not be checked.
const PAUSE: Duration = Duration::from_secs(1);
/// How long is listened why Kafka does not answer.
const PROBE: Duration = Duration::from_secs(3);
/// So many things it may say meanwhile.
const HEARD: usize = 20;
/// How long new topics may take until every partition has a leader.
const SETTLE: Duration = Duration::from_secs(15);
/// The least replicas for which we ask for two in sync.
const REPLICAS_FOR_TWO: i32 = 3;

impl Admin {
    /// Connects in the background.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn new(settings: &KafkaSettings) -> Result<Self, KafkaError> {
        let config = settings.client_config();
        let client = Arc::new(AdminClient::from_config_and_context(&config, Client("admin"))?);
        Ok(Self { client, config, bootstrap_servers: settings.bootstrap_servers.as_str().into() })
    }

    /// Resolves when the cluster answers.
    ///
    /// # Errors
    /// When it does not within that time.
    pub async fn wait_ready(&self, patience: Duration) -> Result<(), AdminError> {
        let until = Instant::now() + patience;
        loop {
            match self.metadata(Duration::from_secs(2).min(patience)).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() >= until => {
                    self.hear_why().await;
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// The cluster's id.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn cluster_id(&self) -> Result<String, AdminError> {
        let id = self.blocking(|client| Ok(client.inner().fetch_cluster_id(PATIENCE))).await?;
        id.ok_or_else(|| self.unreachable("it did not tell its id".to_owned()))
    }

    /// Makes the topics that are missing, and waits until they can be used. Those that are there stay as they are.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses one.
    pub async fn create(&self, specs: &[TopicSpec]) -> Result<Vec<TopicReport>, AdminError> {
        let there = self.leaders().await?;
        let missing: Vec<_> = specs.iter().filter(|spec| !there.contains_key(&*spec.name)).collect();
        let mut reports: HashMap<&str, bool> = specs.iter().map(|spec| (&*spec.name, false)).collect();
        if !missing.is_empty() {
            let min_isr = "2".to_owned();
            let topics: Vec<_> = missing.iter().map(|spec| new_topic(spec, &min_isr)).collect();
            let options =
                AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(2 * PATIENCE));
            let results = self.client.create_topics(&topics, &options).await;
            for result in results.map_err(|error| self.unreachable(error.to_string()))? {
                match result {
                    Ok(topic) => drop(reports.get_mut(topic.as_str()).map(|created| *created = true)),
                    Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                    Err((topic, code)) => return Err(AdminError::Create { topic, why: code.to_string() }),
                }
            }
            self.settle(&missing).await?;
        }
        let report =
            |spec: &TopicSpec| TopicReport { topic: Arc::clone(&spec.name), created: reports[&*spec.name] };
        Ok(specs.iter().map(report).collect())
    }

    /// Looks for what is missing or unsafe, worst first per topic.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not let us look.
    pub async fn check(&self, specs: &[TopicSpec]) -> Result<Vec<Problem>, AdminError> {
        let (brokers, mut actual) = self.replicas().await?;
        let there: Vec<_> = specs.iter().filter(|spec| actual.contains_key(&*spec.name)).collect();
        for (name, config) in self.configs(&there).await? {
            if let Some(actual) = actual.get_mut(&name) {
                actual.config = config;
            }
        }
        Ok(specs
            .iter()
            .flat_map(|spec| check::problems(spec, actual.get(&*spec.name), brokers, &self.bootstrap_servers))
            .collect())
    }

    /// For how long each topic keeps its records; none of those that keep them for ever, are compacted, or are not there.
    ///
    /// # Errors
    /// As [`Admin::check`].
    pub async fn retentions(&self, specs: &[TopicSpec]) -> Result<BTreeMap<Arc<str>, Duration>, AdminError> {
        let (_, actual) = self.replicas().await?;
        let there: Vec<_> = specs.iter().filter(|spec| actual.contains_key(&*spec.name)).collect();
        let configs = self.configs(&there).await?;
        let kept =
            configs.into_iter().filter_map(|(name, config)| Some((name.into(), check::kept(&config)?)));
        Ok(kept.collect())
    }

    /// For services at start: resolves when the topics are there and lose nothing. Kafka being away is no reason to give
    /// up; it is waited for, and each time `waiting` hears why. Warnings are logged.
    ///
    /// # Errors
    /// [`AdminError::Unfit`] names each topic that is missing or unsafe, and what to run.
    pub async fn require(
        &self,
        specs: &[TopicSpec],
        waiting: impl Fn(&AdminError),
    ) -> Result<(), AdminError> {
        let problems = loop {
            match self.check(specs).await {
                Err(error @ AdminError::Unreachable { .. }) => {
                    tracing::warn!(error = %error, "the topics can't be checked yet");
                    waiting(&error);
                    self.hear_why().await;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(problems) => break problems,
                Err(
                    error @ (AdminError::Create { .. } | AdminError::Describe { .. } | AdminError::Unfit(_)),
                ) => {
                    return Err(error);
                }
            }
        };
        let (fatal, rest): (Vec<_>, Vec<_>) =
            problems.into_iter().partition(|problem| problem.severity.is_fatal());
        for problem in rest.iter().filter(|problem| problem.severity == Severity::Warning) {
            tracing::warn!(kafka.topic = &*problem.topic, "{problem}");
        }
        if fatal.is_empty() { Ok(()) } else { Err(Unfit(fatal).into()) }
    }

    /// Lets a client say why it does not get through, for [`Access`](crate::Access): one that is made for administration
    /// tells nobody.
    async fn hear_why(&self) {
        let config = self.config.clone();
        let heard = tokio::task::spawn_blocking(move || {
            let client: BaseConsumer<Client> = config.create_with_context(Client("probe"))?;
            drop(client.fetch_metadata(None, PROBE));
            // What it says of its own accord is heard by polling: a line of its log or an error at a time.
            for _ in 0..HEARD {
                drop(client.poll(Duration::from_millis(50)));
            }
            Ok::<_, KafkaError>(())
        });
        if let Ok(Err(error)) = heard.await {
            tracing::debug!(%error, "why Kafka does not answer could not be asked");
        }
    }

    /// Each partition's first offset and the one after its last; transactions that are open count as written.
    ///
    /// # Errors
    /// When the topic does not exist or the cluster does not answer.
    pub async fn bounds(&self, topic: &str) -> Result<BTreeMap<Partition, (Offset, Offset)>, AdminError> {
        let partitions = self.leaders().await?.remove(topic).ok_or_else(|| missing(topic))?.len();
        let name = topic.to_owned();
        let bounds = self
            .blocking(move |client| {
                let partitions = 0..i32::try_from(partitions).unwrap_or(i32::MAX);
                let bounds = partitions.map(|partition| {
                    let (low, high) = client.inner().fetch_watermarks(&name, partition, PATIENCE)?;
                    Ok((Partition(partition), (Offset(low), Offset(high))))
                });
                bounds.collect::<KafkaResult<BTreeMap<_, _>>>()
            })
            .await?;
        Ok(bounds)
    }

    /// The offset after each partition's last record.
    ///
    /// # Errors
    /// As [`Admin::bounds`].
    pub async fn end_offsets(&self, topic: &str) -> Result<BTreeMap<Partition, Offset>, AdminError> {
        Ok(self.bounds(topic).await?.into_iter().map(|(partition, (_, end))| (partition, end)).collect())
    }

    /// Deletes topics; missing ones are no error. For tests and demos.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses.
    pub async fn delete(&self, topics: &[&str]) -> Result<(), AdminError> {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let results = self.client.delete_topics(topics, &options).await;
        for result in results.map_err(|error| self.unreachable(error.to_string()))? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
                Err((topic, code)) => return Err(AdminError::Describe { topic, why: code.to_string() }),
            }
        }
        Ok(())
    }

    /// Each topic's partitions: whether they have a leader.
    async fn leaders(&self) -> Result<HashMap<String, Vec<bool>>, AdminError> {
        let metadata = self.metadata(PATIENCE).await?;
        let topics = metadata.topics().iter().map(|topic| {
            (
                topic.name().to_owned(),
                topic.partitions().iter().map(|partition| partition.leader() >= 0).collect(),
            )
        });
        Ok(topics.collect())
    }

    async fn settle(&self, specs: &[&TopicSpec]) -> Result<(), AdminError> {
        let until = Instant::now() + SETTLE;
        loop {
            let there = self.leaders().await?;
            let waiting = specs.iter().find(|spec| {
                !there
                    .get(&*spec.name)
                    .is_some_and(|leaders| !leaders.is_empty() && leaders.iter().all(|led| *led))
            });
            match waiting {
                None => return Ok(()),
                Some(spec) if Instant::now() >= until => {
                    let why = "its partitions have no leader yet".to_owned();
                    return Err(AdminError::Create { topic: spec.name.to_string(), why });
                }
                Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// How many brokers there are, and each topic's partitions and copies.
    async fn replicas(&self) -> Result<(usize, HashMap<String, Actual>), AdminError> {
        let metadata = self.metadata(PATIENCE).await?;
        let topics = metadata.topics().iter().map(|topic| {
            let partitions = topic.partitions();
            let replication =
                partitions.iter().map(|partition| partition.replicas().len()).min().unwrap_or(0);
            let actual = Actual { partitions: partitions.len(), replication, config: HashMap::new() };
            (topic.name().to_owned(), actual)
        });
        Ok((metadata.brokers().len(), topics.collect()))
    }

    async fn configs(
        &self,
        specs: &[&TopicSpec],
    ) -> Result<Vec<(String, HashMap<String, String>)>, AdminError> {
        let mut configs = Vec::with_capacity(specs.len());
        if specs.is_empty() {
            return Ok(configs);
        }
        let resources: Vec<_> = specs.iter().map(|spec| ResourceSpecifier::Topic(&spec.name)).collect();
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let results = self.client.describe_configs(&resources, &options).await;
        let results = results.map_err(|error| self.unreachable(error.to_string()))?;
        for (spec, result) in specs.iter().zip(results) {
            let describe = |code: RDKafkaErrorCode| AdminError::Describe {
                topic: spec.name.to_string(),
                why: if code == RDKafkaErrorCode::TopicAuthorizationFailed {
                    "this Kafka user has no right to look at its settings (DescribeConfigs)".to_owned()
                } else {
                    code.to_string()
                },
            };
            configs.push((spec.name.to_string(), settings_of(result.map_err(describe)?)));
        }
        Ok(configs)
    }

    /// All topics at once: asking for one by name could create it.
    fn metadata(&self, patience: Duration) -> impl Future<Output = Result<Metadata, AdminError>> + '_ {
        self.blocking(move |client| client.inner().fetch_metadata(None, patience))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&AdminClient<Client>) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, AdminError> {
        let client = Arc::clone(&self.client);
        match tokio::task::spawn_blocking(move || ask(&client)).await {
            Ok(answer) => answer.map_err(|error| self.unreachable(error.to_string())),
            Err(error) => Err(self.unreachable(error.to_string())),
        }
    }

    fn unreachable(&self, why: String) -> AdminError {
        AdminError::Unreachable { servers: Arc::clone(&self.bootstrap_servers), why }
    }
}

fn new_topic<'a>(spec: &'a TopicSpec, min_isr: &'a str) -> NewTopic<'a> {
    let mut topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(spec.replication));
    for (name, value) in &spec.config {
        topic = topic.set(name, value);
    }
    // With fewer copies a single broker's absence would stop all writing.
    if spec.replication >= REPLICAS_FOR_TWO && !spec.config.contains_key(check::MIN_ISR) {
        topic = topic.set(check::MIN_ISR, min_isr);
    }
    topic
}

fn settings_of(resource: ConfigResource) -> HashMap<String, String> {
    resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

fn missing(topic: &str) -> AdminError {
    AdminError::Describe { topic: topic.to_owned(), why: "there is no such topic".to_owned() }
}

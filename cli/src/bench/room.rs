//! Where one measurement takes place: topics under a prefix of their own, and the services that it needs. Both are gone
//! when it ends, however it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, timeout};
use toml::{Table, Value};
use wire::HumanDuration;
use wire::topics::Topics;

use super::Bench;
use super::seed::{self, Hook, Population};
use super::services::{self, Running, Start};
use super::usage::Meter;
use crate::context::Context;
use crate::local::Children;

/// The room of one measurement.
pub(super) struct Room<'a> {
    pub(super) bench: &'a Bench,
    context: Context,
    topics: Option<Topics>,
    children: Children,
    running: Vec<Running>,
}

/// How long the services may take to stop; they give themselves three seconds.
const GRACE: Duration = Duration::from_secs(10);
/// What a service ends with when POSTs were still open after that, as they are to endpoints that hang.
const CUT_SHORT: &str = "exit status: 3";
/// How long all services together may take until they are ready.
const READY: Duration = Duration::from_secs(60);
/// How long deleting the topics may take.
const SWEEP: Duration = Duration::from_secs(30);

/// The retry delays of measurements that want none of them to come back while they look.
pub(super) const FEW_TIERS: &[u64] = &[5, 30, 300];

impl<'a> Room<'a> {
    /// Empty.
    pub(super) fn new(bench: &'a Bench) -> Self {
        let (context, children) = (bench.context.clone(), Children::new());
        Self { bench, context, topics: None, children, running: Vec::new() }
    }

    /// Makes topics with these retry delays, in seconds, and the registry's content. The webhooks, in order. The
    /// receiver counts from nothing.
    pub(super) async fn open(
        &mut self,
        tiers: &[u64],
        populations: &[Population],
    ) -> anyhow::Result<Vec<Hook>> {
        let bench = self.bench;
        let settings = &mut self.context.topic_settings;
        settings.prefix = format!("bench-{:08x}.", rand::random::<u32>());
        settings.retry_tiers =
            tiers.iter().map(|seconds| HumanDuration(Duration::from_secs(*seconds))).collect();
        let topics = self.topics.insert(self.context.topics()?);
        bench.admin.create(&topics.specs()).await?;
        let (mut hooks, mut changes) = (Vec::new(), vec![seed::key(bench.operator_key.expose())]);
        for population in populations {
            let url = |word: &str, number| bench.receiver.url(word, number);
            let (more, made) = seed::population(population, &bench.seals, url);
            hooks.extend(more);
            changes.extend(made);
        }
        self.seed(changes).await?;
        bench.receiver.reset().await?;
        Ok(hooks)
    }

    /// Adds to the registry.
    pub(super) async fn seed(&self, changes: Vec<domain::Change>) -> anyhow::Result<()> {
        let prefix = &self.context.topic_settings.prefix;
        seed::write(&self.context.kafka, prefix, self.topics()?, changes).await
    }

    /// Starts services side by side and returns when all are ready.
    pub(super) async fn start(&mut self, starts: &[Start]) -> anyhow::Result<()> {
        for start in starts {
            let started = services::start(start, self.bench, &self.context, &mut self.children)?;
            self.running.push(started);
        }
        let until = Instant::now() + READY;
        let fresh = self.running.len() - starts.len();
        for running in &mut self.running[fresh..] {
            tokio::select! {
                ready = running.wait(&self.bench.place, until) => ready?,
                death = self.children.died() => return Err(death),
            }
        }
        Ok(())
    }

    /// A service that runs.
    pub(super) fn service(&self, label: &str) -> anyhow::Result<&Running> {
        let found = self.running.iter().find(|running| running.label == label);
        found.with_context(|| format!("{label} does not run"))
    }

    /// The topics' names.
    pub(super) fn topics(&self) -> anyhow::Result<&Topics> {
        self.topics.as_ref().context("the topics are not made yet")
    }

    /// Kafka and the topics.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Measures what everything here costs from now on.
    pub(super) fn meter(&self) -> Meter {
        self.meter_with(None)
    }

    /// The same, with another process beside it.
    pub(super) fn meter_with(&self, other: Option<(&str, i32)>) -> Meter {
        let services = self.running.iter().map(|running| (running.label.as_str(), running.pid));
        let kafka = self.bench.kafka_pid.map(|pid| ("kafka", pid));
        let ours = [("receiver", self.bench.receiver.pid), ("generator", self.bench.pid)];
        Meter::start(services.chain(kafka).chain(ours).chain(other))
    }

    /// What each service holds in memory, in megabytes.
    pub(super) fn memory(&self) -> BTreeMap<String, f64> {
        let megabytes = |running: &Running| Some(super::usage::memory(running.pid).ok()? as f64 / 1e6);
        let each = self.running.iter().filter_map(|it| Some((it.label.clone(), megabytes(it)?)));
        each.collect()
    }

    /// Records that were moved aside so far.
    pub(super) async fn moved_aside(&self) -> anyhow::Result<u64> {
        let mut moved = 0;
        for (_, tier) in self.topics()?.retries() {
            moved += self.written(tier).await?;
        }
        Ok(moved)
    }

    /// Records that were written to a topic so far.
    pub(super) async fn written(&self, topic: &str) -> anyhow::Result<u64> {
        let ends = self.bench.admin.end_offsets(topic).await?;
        Ok(ends.values().map(|end| u64::try_from(end.0).unwrap_or(0)).sum())
    }

    /// Resolves when a service ends by itself.
    pub(super) async fn died(&mut self) -> anyhow::Error {
        self.children.died().await
    }

    /// Stops what runs, and deletes the topics. Says what did not go well.
    pub(super) async fn close(&mut self) -> Vec<String> {
        let mut complaints = self.children.stop(GRACE).await;
        complaints.retain(|complaint| !complaint.ends_with(CUT_SHORT));
        self.children = Children::new();
        self.running.clear();
        if let Some(topics) = self.topics.take() {
            let specs = topics.specs();
            let names: Vec<_> = specs.iter().map(|spec| &*spec.name).collect();
            match timeout(SWEEP, self.bench.admin.delete(&names)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => complaints.push(format!("the topics were not deleted: {error}")),
                Err(_) => complaints.push(format!("the topics were not deleted within {SWEEP:?}")),
            }
        }
        complaints
    }
}

/// A section with one setting.
pub(super) fn setting(section: &str, name: &str, value: impl Into<Value>) -> Table {
    let inner = Table::from_iter([(name.to_owned(), value.into())]);
    Table::from_iter([(section.to_owned(), inner.into())])
}

//! What waits in the pipeline, and whether topics are as they must be: looked at in the background, so that nobody who asks has to
//! wait for Kafka.
//!
//! A service that is down cannot say that its records wait. So the console looks at the others' groups, for people and for
//! alerts.

mod telemetry;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Clock as _;
use process::{Service, SystemClock};
use stream::{Admin, Kept, LagMeter, Problem};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use wire::api::{Backlog, Waiting};
use wire::topics::{TopicSpec, Topics};

use crate::config::Settings;
use telemetry::Telemetry;

/// How often is looked. How often closely, which costs Kafka more, is a setting.
const EVERY: Duration = Duration::from_secs(5);

/// Looks, again and again.
pub(crate) struct Meter {
    groups: Vec<Group>,
    specs: Vec<TopicSpec>,
    admin: Arc<Admin>,
    closely: Duration,
    clock: SystemClock,
    told: watch::Sender<Option<Backlog>>,
    telemetry: Telemetry,
}

/// A service that reads, and what it reads: each topic, and for how long it holds a record of that.
struct Group {
    service: &'static str,
    name: String,
    reads: Vec<(Arc<str>, Duration)>,
    meter: LagMeter,
}

impl Meter {
    /// Connects in the background, and says where what was seen is told.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub(crate) fn new(
        service: &Service<Settings>,
        topics: &Topics,
        admin: &Arc<Admin>,
    ) -> anyhow::Result<(Self, watch::Receiver<Option<Backlog>>)> {
        let at_once = |topic: &Arc<str>| vec![(Arc::clone(topic), Duration::ZERO)];
        let tiers = topics.retries().map(|(tier, topic)| (Arc::clone(topic), tier.delay())).collect();
        let read = [
            ("fanout", at_once(&topics.events)),
            ("delivery", at_once(&topics.deliveries)),
            ("retry", tiers),
        ];
        let Settings { kafka, topics: names, console, .. } = &service.config;
        let group = |(service, reads): (_, Vec<_>)| {
            let (name, topics) =
                (format!("{}{service}", names.prefix), reads.iter().map(|(it, _)| Arc::clone(it)));
            let meter = LagMeter::new(kafka, &name, topics.collect())?;
            Ok::<_, anyhow::Error>(Group { service, name, reads, meter })
        };
        let groups = read.into_iter().map(group).collect::<Result<_, _>>()?;
        let (told, seen) = watch::channel(None);
        let meter = Self {
            groups,
            specs: topics.specs(),
            admin: Arc::clone(admin),
            closely: console.look_closely.0,
            clock: service.clock,
            told,
            telemetry: Telemetry::new(&service.metrics),
        };
        Ok((meter, seen))
    }

    /// Looks for ever. What was seen last stands until it is seen again, with its time.
    pub(crate) async fn run(self) {
        let mut closely_at: Option<Instant> = None;
        loop {
            match self.look().await {
                Ok(waiting) => drop(self.told.send_replace(Some(Backlog { at: self.clock.now(), waiting }))),
                Err(error) => tracing::debug!(%error, "what waits in the pipeline cannot be told"),
            }
            if closely_at.is_none_or(|at| at.elapsed() >= self.closely) {
                closely_at = Some(Instant::now());
                match self.look_closely().await {
                    Ok(()) => self.telemetry.looked(self.clock.now()),
                    Err(error) => {
                        tracing::warn!(%error, "how old what waits in the pipeline is cannot be told")
                    }
                }
            }
            sleep(EVERY.min(self.closely)).await;
        }
    }

    async fn look(&self) -> anyhow::Result<Vec<Waiting>> {
        let mut waiting = Vec::new();
        for Group { service, name, meter, .. } in &self.groups {
            for lag in meter.look().await? {
                self.telemetry.waits(name, &lag);
                waiting.push(Waiting {
                    service: (*service).to_owned(),
                    topic: lag.topic.to_string(),
                    partitions: lag.partitions as u64,
                    records: lag.records,
                });
            }
        }
        Ok(waiting)
    }

    async fn look_closely(&self) -> anyhow::Result<()> {
        let problems = self.admin.check(&self.specs).await?;
        problems.iter().filter(|problem| problem.severity.is_fatal()).for_each(warn);
        self.telemetry.topics(&problems);
        let retentions = self.admin.retentions(&self.specs).await?;
        for group in &self.groups {
            let kept = group.kept(&retentions);
            for overdue in group.meter.look_closely(self.clock.now(), kept).await? {
                let retention = retentions.get(&overdue.topic).copied();
                self.telemetry.overdue(&group.name, &overdue, retention);
            }
        }
        Ok(())
    }
}

impl Group {
    fn kept(&self, retentions: &BTreeMap<Arc<str>, Duration>) -> Vec<Kept> {
        let kept = |(topic, held): &(Arc<str>, Duration)| Kept {
            topic: Arc::clone(topic),
            held: *held,
            retention: retentions.get(topic).copied(),
        };
        self.reads.iter().map(kept).collect()
    }
}

fn warn(problem: &Problem) {
    tracing::warn!(kafka.topic = &*problem.topic, "{problem}");
}

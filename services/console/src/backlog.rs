//! What waits in the pipeline: looked at in the background, so that nobody who asks has to wait for Kafka.

use std::sync::Arc;
use std::time::Duration;

use domain::Clock as _;
use process::SystemClock;
use stream::{KafkaSettings, LagMeter};
use tokio::sync::watch;
use tokio::time::sleep;
use wire::api::{Backlog, Waiting};
use wire::topics::Topics;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(5);

/// Looks, again and again.
pub(crate) struct Meter {
    groups: Vec<(&'static str, LagMeter)>,
    clock: SystemClock,
    told: watch::Sender<Option<Backlog>>,
}

impl Meter {
    /// Connects in the background, and says where what was seen is told.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub(crate) fn new(
        settings: &KafkaSettings,
        topics: &Topics,
        prefix: &str,
        clock: SystemClock,
    ) -> anyhow::Result<(Self, watch::Receiver<Option<Backlog>>)> {
        let tiers = topics.retries().map(|(_, topic)| Arc::clone(topic)).collect();
        let read = [
            ("fanout", vec![Arc::clone(&topics.events)]),
            ("delivery", vec![Arc::clone(&topics.deliveries)]),
            ("retry", tiers),
        ];
        let meter = |(service, topics)| {
            Ok::<_, anyhow::Error>((service, LagMeter::new(settings, &format!("{prefix}{service}"), topics)?))
        };
        let groups = read.into_iter().map(meter).collect::<Result<_, _>>()?;
        let (told, seen) = watch::channel(None);
        Ok((Self { groups, clock, told }, seen))
    }

    /// Looks for ever. What was seen last stands until it is seen again, with its time.
    pub(crate) async fn run(self) {
        loop {
            match self.look().await {
                Ok(waiting) => drop(self.told.send_replace(Some(Backlog { at: self.clock.now(), waiting }))),
                Err(error) => tracing::debug!(%error, "what waits in the pipeline cannot be told"),
            }
            sleep(EVERY).await;
        }
    }

    async fn look(&self) -> anyhow::Result<Vec<Waiting>> {
        let mut waiting = Vec::new();
        for (service, meter) in &self.groups {
            waiting.extend(meter.look().await?.into_iter().map(|lag| Waiting {
                service: (*service).to_owned(),
                topic: lag.topic.to_string(),
                partitions: lag.partitions as u64,
                records: lag.records,
            }));
        }
        Ok(waiting)
    }
}

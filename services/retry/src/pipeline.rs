//! The service: tiers -> deliveries.

use std::sync::Arc;

use process::Service;
use stream::{Admin, Flow, Sink, SinkOptions, Source, SourceOptions};

use crate::config::Settings;
use crate::hold::Hold;
use crate::telemetry::Telemetry;

/// Runs until the soft stop.
///
/// # Errors
/// When the topics are missing or unsafe, or Kafka's clients fail for good.
pub async fn run(service: Service<Settings>) -> anyhow::Result<()> {
    let Service { config, lifecycle, health, metrics, clock, .. } = service;
    let topics = config.topics()?;
    let (admin, specs) = (Admin::new(&config.kafka)?, topics.specs());
    let Some(fit) = lifecycle.until_stop(admin.require(&specs)).await else { return Ok(()) };
    fit?;

    let tiers = topics.retries().map(|(_, topic)| Arc::clone(topic)).collect();
    let group = format!("{}retry", config.topics.prefix);
    let size = topics.delivery_record_bytes();
    let source = Source::start(&config.kafka, &SourceOptions::new(group, tiers, size))?;
    let sink = Sink::new(&config.kafka, SinkOptions::new(size))?;

    let (joined, alive, claims) = (source.monitor(), source.monitor(), source.monitor());
    let lost = source.monitor();
    let gone = move || i64::try_from(lost.records_gone()).unwrap_or(i64::MAX);
    let renewed = source.monitor();
    let anew = move || i64::try_from(renewed.logs_made_anew()).unwrap_or(i64::MAX);
    health.ready_when("kafka", move || joined.joined());
    health.live("kafka.poll", move || alive.alive());
    let partitions = move || i64::try_from(claims.claims().unwrap_or(0)).unwrap_or(i64::MAX);
    metrics.register_reading("partitions", "Partitions that are this process's", partitions);
    let help = "Records that were gone before they were read, since the start: retention was over, or somebody deleted them";
    metrics.register_reading("records_gone", help, gone);
    let help = "Partitions that were found made anew under the same name, since the start: they are read from their beginning";
    metrics.register_reading("logs_made_anew", help, anew);

    let hold = Hold::new(&topics, config.retry.release_per_second, Telemetry::register(&metrics));
    Flow::new(source, sink, hold, Arc::new(clock)).run(lifecycle.soft_stop(), lifecycle.hard_stop()).await?;
    Ok(())
}

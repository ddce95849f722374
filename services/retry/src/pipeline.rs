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
    let Service { config, lifecycle, health, metrics, clock, .. } = &service;
    let topics = config.topics()?;
    let (admin, specs) = (Admin::new(&config.kafka)?, topics.specs());
    vitals::access(&service);
    let fit = health.ready("topics");
    let required = admin.require(&specs, |error| fit.fail(error.to_string()));
    let Some(required) = lifecycle.until_stop(required).await else { return Ok(()) };
    required?;

    let tiers = topics.retries().map(|(_, topic)| Arc::clone(topic)).collect();
    let group = format!("{}retry", config.topics.prefix);
    let size = topics.delivery_record_bytes();
    let source = Source::start(&config.kafka, &SourceOptions::new(group, tiers, size))?;
    let sink = Sink::new(&config.kafka, SinkOptions::new(size))?;

    vitals::source(&service, &source);
    fit.pass();

    let hold = Hold::new(&topics, config.retry.release_per_second, Telemetry::register(metrics, &topics));
    let flow = Flow::new(source, sink, hold, Arc::new(*clock));
    flow.failures().expect([&topics.deliveries]);
    metrics.register_collector(flow.failures());
    metrics.register_collector(flow.read_ahead());
    flow.run(lifecycle.soft_stop(), lifecycle.hard_stop()).await?;
    Ok(())
}

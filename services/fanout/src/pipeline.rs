//! The service: events -> deliveries, dead letters.

use std::sync::Arc;
use std::time::Duration;

use process::Service;
use stream::{Admin, Flow, RegistryView, Sink, SinkOptions, Source, SourceOptions, TableOptions};

use crate::config::Settings;
use crate::route::Route;
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

    let group = format!("{}fanout", config.topics.prefix);
    let options = SourceOptions::new(&*group, vec![Arc::clone(&topics.events)], topics.event_record_bytes());
    let view = RegistryView::start(&config.kafka, Arc::clone(&topics.webhooks), TableOptions::default())?;
    let source = Source::start(&config.kafka, &options)?;
    // A busy flow writes in bursts, and an idle one has nothing to wait for.
    let patience = SinkOptions::new(topics.delivery_record_bytes());
    let sink = Sink::new(&config.kafka, SinkOptions { linger: Duration::from_millis(1), ..patience })?;
    vitals::source(&service, &source);
    vitals::registry(&service, &view);
    fit.pass();

    let written = [Arc::clone(&topics.deliveries), Arc::clone(&topics.dead_events)];
    let route = Route::new(view, sink.clone(), topics, group, Telemetry::register(metrics));
    let flow = Flow::new(source, sink, route, Arc::new(*clock));
    flow.failures().expect(&written);
    metrics.register_collector(flow.failures());
    metrics.register_collector(flow.read_ahead());
    flow.run(lifecycle.soft_stop(), lifecycle.hard_stop()).await?;
    Ok(())
}

//! The service: events -> deliveries, dead letters.

use std::sync::Arc;
use std::time::Duration;

use process::Service;
use stream::{Access, Admin, Flow, RegistryView, Sink, SinkOptions, Source, SourceOptions, TableOptions};

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
    let access = Access::watch();
    health.ready_when("kafka.access", move || access.state());
    metrics.register_collector(access);
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
    watch(&service, &source, &view);
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

/// Ready when the registry was read and the group has given us our share; alive while the client is polled. A view that
/// cannot go on is a crash.
fn watch<C>(service: &Service<C>, source: &Source, view: &RegistryView) {
    let (failed, soft_stop) = (view.failed(), service.lifecycle.soft_stop());
    service.lifecycle.spawn("registry", async move {
        tokio::select! {
            error = failed => Err(error.into()),
            () = soft_stop => Ok(()),
        }
    });
    let (joined, alive) = (source.monitor(), source.monitor());
    service.health.ready_when("kafka", move || joined.joined());
    service.health.live("kafka.poll", move || alive.alive());
    let fresh = view.clone();
    service.health.ready_when("registry", move || fresh.proof());
    service.metrics.register_collector(source.monitor());
    service.metrics.register_collector(view.clone());
}

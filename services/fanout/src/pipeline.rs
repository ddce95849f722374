//! The service: events -> deliveries, dead letters.

use std::sync::Arc;

use process::{Lifecycle, Service};
use stream::{Admin, Flow, RegistryView, Sink, SinkOptions, Source, SourceOptions, TableOptions};

use crate::config::Settings;
use crate::route::Route;
use crate::telemetry::Telemetry;

/// Runs until the soft stop.
///
/// # Errors
/// When the topics are missing or unsafe, or Kafka's clients fail for good.
pub async fn run(service: Service<Settings>) -> anyhow::Result<()> {
    let Service { config, lifecycle, health, metrics, clock, .. } = service;
    let topics = config.topics()?;
    Admin::new(&config.kafka)?.require(&topics.specs()).await?;

    let group = format!("{}fanout", config.topics.prefix);
    let options = SourceOptions::new(&*group, vec![Arc::clone(&topics.events)], topics.event_record_bytes());
    let view = RegistryView::start(&config.kafka, Arc::clone(&topics.webhooks), TableOptions::default())?;
    let source = Source::start(&config.kafka, &options)?;
    let sink = Sink::new(&config.kafka, SinkOptions::new(topics.delivery_record_bytes()))?;
    watch(&health, &lifecycle, &source, &view);

    let route = Route::new(view, topics, group, Telemetry::register(&metrics));
    Flow::new(source, sink, route, Arc::new(clock)).run(lifecycle.soft_stop(), lifecycle.hard_stop()).await?;
    Ok(())
}

/// Ready when the registry was read and the group has given us our share; alive while the client is polled. A view that cannot go
/// on is a crash.
fn watch(health: &process::Health, lifecycle: &Lifecycle, source: &Source, view: &RegistryView) {
    let (failed, soft_stop) = (view.failed(), lifecycle.soft_stop());
    lifecycle.spawn("registry", async move {
        tokio::select! {
            error = failed => Err(error.into()),
            () = soft_stop => Ok(()),
        }
    });
    let (joined, alive, view) = (source.monitor(), source.monitor(), view.clone());
    health.ready_when("kafka", move || joined.joined());
    health.live("kafka.poll", move || alive.alive());
    health.ready_when("registry", move || view.proof());
}

//! Building the service from its configuration, and running it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use process::{Check, Service, http};
use stream::{Admin, RegistryView, Sink, SinkOptions, TableOptions};
use wire::topics::Topics;

use crate::api;
use crate::body::Intake;
use crate::config::Settings;
use crate::kafka::{Door, producer_failed};
use crate::pipeline::Pipeline;
use crate::telemetry::Telemetry;

/// Runs the service until it is told to stop. It listens at once, and answers 503 until it can do its work.
///
/// # Errors
/// When topics are missing or unsafe, a client of Kafka's is beyond repair, or the address is taken.
pub async fn run(service: Service<Settings>) -> anyhow::Result<()> {
    let config = &service.config;
    let topics = Topics::new(&config.topics).context("topics.retry_tiers")?;
    let view = RegistryView::start(&config.kafka, topics.webhooks.clone(), TableOptions::default())?;
    let sink = sink(config, &topics)?;
    let admin = Admin::new(&config.kafka)?;

    let door = Door::new(view.clone());
    let opener = door.opener();
    vitals::registry_and_kafka(&service, &view);
    vitals::access(&service);
    let checked = service.health.ready("topics");
    let router = api::router(Arc::new(pipeline(&service, &topics, door, sink.clone())));
    let listener = service.door.listen(&config.api).await.context("the API")?;

    let serve = async {
        service.take_over().await;
        http::serve(listener, router, &service.lifecycle).await
    };

    tokio::select! {
        served = serve => served,
        unfit = open(&admin, &topics, &opener, &checked) => unfit,
        error = view.failed() => Err(error.into()),
        error = producer_failed(&sink) => Err(error.into()),
    }
}

fn sink(config: &Settings, topics: &Topics) -> anyhow::Result<Sink> {
    let patience = config.ingest.produce_timeout.0;
    Ok(Sink::new(&config.kafka, SinkOptions { patience, ..SinkOptions::new(topics.event_record_bytes()) })?)
}

fn pipeline(service: &Service<Settings>, topics: &Topics, keys: Door, sink: Sink) -> Pipeline<Door, Sink> {
    let settings = service.config.ingest.clone();
    let intake = Intake::new(settings.max_body_bytes, settings.max_held_bytes, settings.body_timeout.0);
    Telemetry::show_held(&service.metrics, intake.held());
    Pipeline {
        keys,
        sink,
        intake,
        settings,
        topic: topics.events.clone(),
        event_max_bytes: topics.event_max_bytes(),
        telemetry: Telemetry::new(&service.metrics),
        clock: service.clock,
    }
}

/// Opens the service once the topics that it uses are fit. Resolves only with an error.
async fn open(admin: &Admin, topics: &Topics, opener: &AtomicBool, checked: &Check) -> anyhow::Result<()> {
    let used: Vec<_> =
        [&topics.events, &topics.webhooks].into_iter().filter_map(|name| topics.spec(name)).collect();
    admin.require(&used, |error| checked.fail(error.to_string())).await?;
    opener.store(true, Ordering::Relaxed);
    checked.pass();
    std::future::pending().await
}

//! Building the service from its configuration, and running it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use history::History;
use outbound::{Outbound, SystemResolver};
use process::config::ConfigError;
use process::{Check, Service, http};
use stream::{Admin, Journal, JournalOptions, RegistryView, TableOptions};
use tokio::sync::watch;
use wire::api::Backlog;
use wire::topics::Topics;

use crate::backlog::Meter;
use crate::config::{ConsoleSettings, Settings};
use crate::guesses::Guesses;
use crate::history::{self as keeping, Keeper};
use crate::kafka::{Events, Real, install_key};
use crate::live::Streams;
use crate::rates::{Codes, Rates};
use crate::telemetry::Telemetry;
use crate::world::{BackfillRates, Console};
use crate::{api, jobs, notices};

/// Runs the service until it is told to stop. It listens at once, and answers 503 until it can do its work.
///
/// # Errors
/// When a topic is missing or unsafe, a client of Kafka's is beyond repair, or the address is taken.
pub async fn run(service: Service<Settings>) -> anyhow::Result<()> {
    let config = &service.config;
    let topics = Topics::new(&config.topics).context("topics.retry_tiers")?;
    let view = RegistryView::start(&config.kafka, topics.webhooks.clone(), TableOptions::default())?;
    let journal = journal(config, &topics)?;
    let admin = Arc::new(Admin::new(&config.kafka)?);
    let history = History::new(&config.history).context("history.url")?;
    let open = Arc::new(AtomicBool::new(false));
    let checks = watch(&service, &view);

    let keeper = keeper(&service, &history, &topics, (&admin, &view));
    let (meter, backlog) = Meter::new(&service, &topics, &admin)?;
    let lifecycle = service.lifecycle.clone();
    service.lifecycle.spawn("backlog", async move {
        lifecycle.until_stop(meter.run()).await;
        Ok(())
    });
    let world =
        Outside { view: view.clone(), journal: journal.clone(), history, open: Arc::clone(&open), backlog };
    let console = console(&service, &topics, world)?;
    let console = Arc::new(console);
    if let Some(smtp) = config.notices.smtp()? {
        notices::start(&console, smtp, config.notices.after.0, &service.lifecycle);
    }
    jobs::start(&console, config.console.jobs, &service.lifecycle);
    let listener = service.door.listen(&config.api).await.context("the API")?;

    let serve = async {
        service.take_over().await;
        http::serve(listener, api::router(Arc::clone(&console)), &service.lifecycle).await
    };

    tokio::select! {
        served = serve => served,
        unfit = prepare(&service, &admin, (&topics, keeper), &console, &checks) => unfit,
        error = view.failed() => Err(error.into()),
        () = journal.stopped() => Err(anyhow::anyhow!("the registry's writer has stopped")),
    }
}

fn journal(config: &Settings, topics: &Topics) -> anyhow::Result<Journal> {
    let options = JournalOptions::new(&config.topics.prefix, topics.webhooks.clone());
    let options = JournalOptions { patience: config.console.write_timeout.0, ..options };
    Ok(Journal::start(&config.kafka, options)?)
}

/// What a console shares with the rest of the service.
struct Outside {
    view: RegistryView,
    journal: Journal,
    history: History,
    open: Arc<AtomicBool>,
    backlog: watch::Receiver<Option<Backlog>>,
}

fn console(service: &Service<Settings>, topics: &Topics, world: Outside) -> anyhow::Result<Console<Real>> {
    let Outside { view, journal, history, open, backlog } = world;
    let config = &service.config;
    let keyring = config.seal.keyring().map_err(|error| ConfigError::invalid("seal.keys", error))?;
    let outbound = Outbound::new(&config.outbound, Arc::new(service.clock)).context("outbound")?;
    let names = SystemResolver::new().map_err(anyhow::Error::msg).context("outbound")?;
    let events = Events::new(&config.kafka, topics)?;
    let ConsoleSettings { backfill_per_second: usual, backfill_per_second_max: most, .. } = config.console;
    Ok(Console {
        policy: outbound.policy().clone(),
        keyring,
        ring: config.signing.ring()?,
        user_agent: config.console.user_agent()?,
        handshake_origin: config.console.handshake_origin.clone(),
        prefix: config.console.verification_prefix.clone(),
        topics: topics.clone(),
        backfill: BackfillRates { usual, most },
        telemetry: Telemetry::new(&service.metrics),
        public_url: config.console.public_url.clone(),
        metrics_url: config.console.metrics_url.clone(),
        session: config.console.session.0,
        guesses: Guesses::default(),
        rates: Rates::new(config.console.rate_per_second, config.console.rate_burst),
        codes: Codes::default(),
        proxies: config.console.proxies()?,
        world: Real { view, journal, outbound, names, clock: service.clock, open, history, events, backlog },
        event_max_bytes: topics.event_max_bytes(),
        streams: Streams::new(
            config.console.max_streams_per_account,
            config.console.max_streams,
            service.lifecycle.clone(),
        ),
    })
}

fn keeper(
    service: &Service<Settings>,
    history: &History,
    topics: &Topics,
    (admin, registry): (&Arc<Admin>, &RegistryView),
) -> Keeper {
    let config = &service.config;
    Keeper {
        history: history.clone(),
        keep: config.history.keep(),
        registry: registry.clone(),
        kafka: config.kafka.clone(),
        topics: topics.clone(),
        prefix: config.topics.prefix.clone(),
        admin: Arc::clone(admin),
        clock: service.clock,
        lifecycle: service.lifecycle.clone(),
        telemetry: keeping::Telemetry::new(&service.metrics),
        ready: service.health.ready("history"),
    }
}

/// What must hold before the service is ready, beside the registry itself.
struct Checks {
    topics: Check,
    operator_key: Check,
}

/// Ready when the topics are fit, the registry was read to its end and is fresh, and the operator's key stands in it.
fn watch(service: &Service<Settings>, view: &RegistryView) -> Checks {
    vitals::registry_and_kafka(service, view);
    vitals::access(service);
    Checks { topics: service.health.ready("topics"), operator_key: service.health.ready("operator-key") }
}

/// Opens the service once its topics are fit, keeps the history from then on, and installs the operator's key. Resolves only
/// with an error.
async fn prepare(
    service: &Service<Settings>,
    admin: &Admin,
    (topics, keeper): (&Topics, Keeper),
    console: &Console<Real>,
    checks: &Checks,
) -> anyhow::Result<()> {
    let read = keeping::topics(topics);
    let used = [&topics.webhooks, &topics.events].into_iter().chain(&read);
    let specs: Vec<_> = used.filter_map(|topic| topics.spec(topic)).collect();
    admin.require(&specs, |error| checks.topics.fail(error.to_string())).await?;
    service.lifecycle.spawn("history", keeper.run());
    let Real { journal, view, open, .. } = &console.world;
    open.store(true, Ordering::Relaxed);
    checks.topics.pass();
    match &service.config.console.operator_key {
        Some(key) => {
            let changes = install_key(journal, view, key, service.clock).await;
            console.audit_configuration(&changes).await;
        }
        None => tracing::info!("no console.operator_key is configured: only keys of the registry are known"),
    }
    checks.operator_key.pass();
    std::future::pending().await
}

//! The whole life of a service binary.

use std::future::Future;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::de::DeserializeOwned;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::settings::ProcessSettings;
use crate::{
    Health, Lifecycle, Metrics, SystemClock, arguments, config, http, logs, management, resources, trace,
};

/// How long tasks may take to notice the hard stop, and the collector to take the last spans.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a service gets to live with.
#[derive(Debug)]
pub struct Service<C> {
    /// The binary's name.
    pub name: &'static str,
    /// The service's own sections of the configuration.
    pub config: C,
    /// Soft stop, hard stop, tracked tasks.
    pub lifecycle: Lifecycle,
    /// Readiness and liveness checks.
    pub health: Health,
    /// The registry that `/metrics` shows.
    pub metrics: Metrics,
    /// The wall clock.
    pub clock: SystemClock,
}

impl<C> Service<C> {
    /// A service outside [`serve`]: no signals, no management endpoints, no log subscriber. For tests.
    pub fn by_hand(name: &'static str, config: C) -> Self {
        Self::new(name, config, Duration::from_secs(25))
    }

    fn new(name: &'static str, config: C, drain: Duration) -> Self {
        Self {
            name,
            config,
            lifecycle: Lifecycle::new(drain),
            health: Health::new(),
            metrics: Metrics::new(),
            clock: SystemClock,
        }
    }
}

/// How a process ended, as the code that says so to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Clean = 0,
    Failure = 1,
    Configuration = 2,
    DrainExceeded = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Arguments, configuration, telemetry, run, drain, exit code.
///
/// `run` should return after the soft stop, when what was open is finished; returning before it is a failure. Exit codes:
/// 0 clean stop, 1 failure, 2 configuration or usage error, 3 the hard stop came before the drain was done.
pub fn serve<C, F, Fut>(name: &'static str, run: F) -> ExitCode
where
    C: DeserializeOwned,
    F: FnOnce(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    serve_checked(name, |_| Ok(()), run)
}

/// [`serve`] for a configuration whose settings must go together: `--check-config` says so too if they do not.
pub fn serve_checked<C, F, Fut>(
    name: &'static str,
    check: impl FnOnce(&C) -> Result<(), config::ConfigError>,
    run: F,
) -> ExitCode
where
    C: DeserializeOwned,
    F: FnOnce(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let arguments = match arguments::parse(name, std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Where even standard output is closed there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let (filter, process, service) = match load(arguments.config.as_deref(), check) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(name, &error),
    };
    if arguments.check_config {
        println!("configuration is valid");
        return Exit::Clean.into();
    }
    let service = Service::new(name, service, process.shutdown.drain.0);
    start(&process, filter, service, run).into()
}

/// The configuration, if all of it will do, and the log's filter.
fn load<C: DeserializeOwned>(
    file: Option<&Path>,
    check: impl FnOnce(&C) -> Result<(), config::ConfigError>,
) -> Result<(EnvFilter, ProcessSettings, C), String> {
    let environment = config::process_environment();
    let (process, service) = config::load::<C>(file, &environment).map_err(|error| error.to_string())?;
    check(&service).map_err(|error| error.to_string())?;
    trace::check(&process.trace)?;
    Ok((logs::filter(&process.log)?, process, service))
}

/// Says what is wrong on standard error: there is no log yet.
fn refuse(name: &str, error: &str) -> ExitCode {
    eprintln!("{name}: configuration: {error}");
    Exit::Configuration.into()
}

fn start<C, F, Fut>(settings: &ProcessSettings, filter: EnvFilter, service: Service<C>, run: F) -> Exit
where
    F: FnOnce(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{}: {error}", service.name);
            return Exit::Failure;
        }
    };
    let name = service.name;
    let exporter = match runtime.block_on(async { telemetry(settings, filter, name) }) {
        Ok(exporter) => exporter,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            return Exit::Failure;
        }
    };
    let exit = runtime.block_on(live(settings, service, run));
    if let Some(exporter) = exporter {
        trace::flush(&exporter, LAST_WORDS);
    }
    tracing::info!(service.name = name, exit.code = exit as u8, "stopped");
    // A blocking call that never returns must not keep the process.
    runtime.shutdown_timeout(LAST_WORDS);
    exit
}

fn telemetry(
    settings: &ProcessSettings,
    filter: EnvFilter,
    name: &'static str,
) -> anyhow::Result<Option<SdkTracerProvider>> {
    let exporter = trace::exporter(name, &settings.trace).context("trace.endpoint")?;
    logs::install(&settings.log, filter, exporter.as_ref())?;
    Ok(exporter)
}

async fn live<C, F, Fut>(settings: &ProcessSettings, service: Service<C>, run: F) -> Exit
where
    F: FnOnce(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let (name, lifecycle) = (service.name, service.lifecycle.clone());
    tracing::info!(service.name = name, service.version = env!("CARGO_PKG_VERSION"), "starting");
    resources::register(&service.metrics, name);
    if let Err(error) = attend(settings, &service).await {
        tracing::error!(error = format!("{error:#}"), "the service could not start");
        return Exit::Failure;
    }
    // Not on a worker (tried): there it stands in line with the calls that it starts, and a third fewer get done.
    conclude(&lifecycle, run(service)).await
}

/// Listens for signals and for whoever asks about health and metrics, until the process ends.
async fn attend<C>(settings: &ProcessSettings, service: &Service<C>) -> anyhow::Result<()> {
    let router =
        management::router(service.health.clone(), service.metrics.clone(), service.lifecycle.clone());
    let listener = http::listen(&settings.http.clone().into()).await.context("the management endpoints")?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(obey(terminate, interrupt, service.lifecycle.clone()));
    Ok(())
}

/// The first signal is the soft stop, the second the hard one.
async fn obey(
    mut terminate: tokio::signal::unix::Signal,
    mut interrupt: tokio::signal::unix::Signal,
    lifecycle: Lifecycle,
) {
    loop {
        tokio::select! {
            Some(()) = terminate.recv() => {}
            Some(()) = interrupt.recv() => {}
            else => return,
        }
        if lifecycle.is_stopping() {
            tracing::warn!("second signal: stopping hard");
            lifecycle.stop_hard();
        } else {
            tracing::info!("signal: stopping softly");
            lifecycle.stop();
        }
    }
}

/// Runs the service and what it spawned to their end, or to the hard stop and a moment more.
async fn conclude(lifecycle: &Lifecycle, run: impl Future<Output = anyhow::Result<()>>) -> Exit {
    let ended = async {
        let result = run.await;
        let early = !lifecycle.is_stopping();
        lifecycle.stop();
        lifecycle.tasks_ended().await;
        (result, early)
    };
    let given_up = async {
        lifecycle.hard_stop().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    let outcome = tokio::select! {
        biased;
        outcome = ended => Some(outcome),
        () = given_up => None,
    };
    judge(lifecycle, outcome)
}

fn judge(lifecycle: &Lifecycle, outcome: Option<(anyhow::Result<()>, bool)>) -> Exit {
    match outcome {
        Some((Err(error), _)) => {
            tracing::error!(error = format!("{error:#}"), "the service failed");
            if error.is::<config::ConfigError>() { Exit::Configuration } else { Exit::Failure }
        }
        // The crash itself was logged where it happened.
        _ if lifecycle.crash().is_some() => Exit::Failure,
        None => {
            tracing::error!("the drain deadline passed with work still open");
            Exit::DrainExceeded
        }
        Some((Ok(()), _)) if lifecycle.is_out_of_time() => {
            tracing::error!("the drain deadline cut off open work");
            Exit::DrainExceeded
        }
        Some((Ok(()), true)) => {
            tracing::error!("the service ended although nobody asked it to");
            Exit::Failure
        }
        Some((Ok(()), false)) => Exit::Clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life() -> Lifecycle {
        Lifecycle::new(Duration::from_secs(5))
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_ends_after_the_soft_stop_is_clean() {
        let life = life();
        let stop = life.soft_stop();
        let run = async {
            stop.await;
            Ok(())
        };
        life.stop();
        assert_eq!(conclude(&life, run).await, Exit::Clean);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_fails_or_ends_by_itself_is_a_failure() {
        assert_eq!(conclude(&life(), async { Ok(()) }).await, Exit::Failure);
        assert_eq!(conclude(&life(), async { Err(anyhow::anyhow!("no")) }).await, Exit::Failure);
    }

    #[tokio::test(start_paused = true)]
    async fn settings_that_do_not_go_together_are_a_configuration_error() {
        let error = config::ConfigError::invalid("a.b", "is too small");
        assert_eq!(conclude(&life(), async { Err(error.into()) }).await, Exit::Configuration);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crashed_task_ends_the_service_with_a_failure() {
        let life = life();
        let stop = life.soft_stop();
        life.spawn("worker", async { panic!("no way") });
        let run = async {
            stop.await;
            Ok(())
        };
        assert_eq!(conclude(&life, run).await, Exit::Failure);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_drain_in_time_is_left_behind() {
        let life = life();
        life.spawn("stuck", std::future::pending());
        life.stop();
        let begin = tokio::time::Instant::now();
        assert_eq!(conclude(&life, async { Ok(()) }).await, Exit::DrainExceeded);
        assert_eq!(begin.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_cut_off_by_the_hard_stop_is_told_from_a_clean_end() {
        let life = life();
        let hard = life.hard_stop();
        let run = async {
            hard.await;
            Ok(())
        };
        life.stop();
        assert_eq!(conclude(&life, run).await, Exit::DrainExceeded);
    }
}

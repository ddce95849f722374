//! The whole life of a service binary.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use domain::Clock as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::de::DeserializeOwned;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::arguments::{self, Arguments};
use crate::door::Door;
use crate::generation::{self, Exit, LAST_WORDS, Process};
use crate::management::{self, Stage};
use crate::reload::Watch;
use crate::settings::ProcessSettings;
use crate::{Health, Lifecycle, Metrics, SystemClock, config, http, logs, trace};

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
    /// Where the API listens.
    pub door: Door,
    /// How many there were before it in the same process.
    pub generation: u64,
}

/// How long those who come between two generations wait rather than be told to come again.
const WAIT: Duration = Duration::from_secs(5);

impl<C> Service<C> {
    /// A service outside [`serve`]: no signals, no management endpoints, no log subscriber. For tests.
    pub fn by_hand(name: &'static str, config: C) -> Self {
        Self {
            name,
            config,
            lifecycle: Lifecycle::new(Duration::from_secs(25)),
            health: Health::new(),
            metrics: Metrics::new(),
            clock: SystemClock,
            door: Door::default(),
            generation: 0,
        }
    }

    /// Waits until the service is ready, where an earlier generation has answered before it; not past the soft stop, and not
    /// for long. Call it before the first request is taken.
    pub async fn take_over(&self) {
        if self.generation == 0 {
            return;
        }
        let ready = async {
            while !self.health.readiness().passes() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(WAIT, self.lifecycle.until_stop(ready)).await;
    }
}

/// Arguments, configuration, telemetry, run, drain, exit code.
///
/// `run` should return after the soft stop, when what was open is finished; returning before it is a failure. When files
/// behind the configuration have changed, it is stopped softly and called again with the new one: everything that it makes
/// has ended by then. Exit codes: 0 clean stop, 1 failure, 2 configuration or usage error, 3 the hard stop came before the
/// drain was done.
pub fn serve<C, F, Fut>(name: &'static str, run: F) -> ExitCode
where
    C: DeserializeOwned,
    F: Fn(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    serve_checked(name, |_| Ok(()), |_| Ok::<_, Infallible>(()), run)
}

/// [`serve`] for a configuration whose settings must go together: `--check-config` says so too if they do not. `try_here` tells
/// what shows only where the service runs, such as files that settings name: `--check-config` may run elsewhere.
pub fn serve_checked<C, E, F, Fut>(
    name: &'static str,
    check: impl Fn(&C) -> Result<(), config::ConfigError>,
    try_here: impl Fn(&C) -> Result<(), E>,
    run: F,
) -> ExitCode
where
    C: DeserializeOwned,
    E: Display,
    F: Fn(Service<C>) -> Fut,
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
    let mut watch = Watch::start(arguments.secrets.iter().cloned().collect());
    let read = || Read::new(&arguments, &check);
    let first = match read() {
        Ok(first) => first,
        Err(error) => return refuse(name, &error),
    };
    if arguments.check_config {
        println!("configuration is valid");
        return Exit::Clean.into();
    }
    let try_here = |read: Read<C>| match try_here(&read.service) {
        Ok(()) => Ok(read),
        Err(error) => Err(error.to_string()),
    };
    let first = match try_here(first) {
        Ok(first) => first,
        Err(error) => return refuse(name, &error),
    };
    let read = || read().and_then(try_here);
    watch.configure(&first.process.reload);
    start(name, first, watch, read, run).into()
}

/// A configuration, if all of it will do.
struct Read<C> {
    process: ProcessSettings,
    filter: EnvFilter,
    service: C,
}

impl<C: DeserializeOwned> Read<C> {
    fn new(
        arguments: &Arguments,
        check: impl FnOnce(&C) -> Result<(), config::ConfigError>,
    ) -> Result<Self, String> {
        let variables = config::process_environment();
        let (file, secrets) = (arguments.config.as_deref(), arguments.secrets.as_deref());
        let sources = config::Sources { file, secrets, variables: &variables };
        let (process, service) = config::load(sources, check).map_err(|error| error.to_string())?;
        trace::check(&process.trace)?;
        process.reload.check()?;
        Ok(Self { filter: logs::filter(&process.log)?, process, service })
    }
}

/// Says what is wrong on standard error: there is no log yet.
fn refuse(name: &str, error: &str) -> ExitCode {
    eprintln!("{name}: configuration: {error}");
    Exit::Configuration.into()
}

/// Has what outlives generations on a thread of its own, and they on theirs.
fn start<C, F, Fut>(
    name: &'static str,
    first: Read<C>,
    watch: Watch,
    read: impl Fn() -> Result<Read<C>, String>,
    run: F,
) -> Exit
where
    F: Fn(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: {error}");
            return Exit::Failure;
        }
    };
    let Read { process: settings, filter, service } = first;
    let exporter = match runtime.block_on(async { telemetry(&settings, filter, name) }) {
        Ok(exporter) => exporter,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            return Exit::Failure;
        }
    };
    tracing::info!(service.name = name, service.version = env!("CARGO_PKG_VERSION"), "starting");
    let exit = match runtime.block_on(attend(name, settings, &watch)) {
        Ok(process) => generations(&process, service, watch, read, run),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the service could not start");
            Exit::Failure
        }
    };
    if let Some(exporter) = exporter {
        trace::flush(&exporter, LAST_WORDS);
    }
    tracing::info!(service.name = name, exit.code = exit as u8, "stopped");
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

/// Listens for signals and for whoever asks about health and metrics, until the process ends.
async fn attend(name: &'static str, settings: ProcessSettings, watch: &Watch) -> anyhow::Result<Process> {
    let life = Lifecycle::new(settings.shutdown.drain.0);
    let stage = Stage::new(generation::nobody(life.clone()));
    let listener = http::listen(&settings.http.clone().into()).await.context("the management endpoints")?;
    let router = management::router(stage.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(obey(terminate, interrupt, life.clone()));
    let (door, started, reloads) = (Door::default(), SystemClock.now(), watch.told());
    Ok(Process { name, settings, life, stage, door, started, reloads })
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

/// Runs one generation after the other, each with the configuration for which the one before was stopped.
fn generations<C, F, Fut>(
    process: &Process,
    mut configuration: C,
    mut watch: Watch,
    read: impl Fn() -> Result<Read<C>, String>,
    run: F,
) -> Exit
where
    F: Fn(Service<C>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    for generation in 0.. {
        let changed = async {
            let Read { process: settings, service, .. } = watch.next(&read).await;
            for section in process.settings.changed(&settings) {
                tracing::warn!(section, "has changed, and is read once: restart the process to have it so");
            }
            service
        };
        let (exit, next) =
            generation::live(process, process.service(configuration, generation), changed, &run);
        match (exit, next) {
            // What the drain cut off is done again by the next one, as after a restart.
            (Exit::Clean | Exit::DrainExceeded, Some(next)) if !process.life.is_stopping() => {
                configuration = next;
                tracing::info!(service.name = process.name, "beginning anew with the changed configuration");
            }
            (exit, _) => return exit,
        }
    }
    Exit::Failure
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::Mutex;

    use wire::HumanDuration;

    use super::*;
    use crate::settings::{LogSettings, ReloadSettings};

    /// A secret that changes, and what was run with it.
    struct Story {
        _folder: tempfile::TempDir,
        file: PathBuf,
        process: Process,
        watch: Mutex<Option<Watch>>,
        seen: Mutex<Vec<String>>,
    }

    impl Story {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("seal.keys");
            fs::write(&file, "first").unwrap();
            let mut watch = Watch::start(vec![folder.path().to_owned()]);
            let [every, spread] = [1, 0].map(|millis| HumanDuration(Duration::from_millis(millis)));
            watch.configure(&ReloadSettings { watch: Vec::new(), every, spread });
            let process = Process { reloads: watch.told(), ..Process::by_hand() };
            let watch = Mutex::new(Some(watch));
            Self { _folder: folder, file, process, watch, seen: Mutex::default() }
        }

        /// Lives it to its end. `run` says whether a generation fails when it is told to stop.
        fn live(&self, run: impl Fn(&str) -> bool) -> (Exit, Vec<String>) {
            let watch = self.watch.lock().unwrap().take().unwrap();
            let read = || {
                let service = fs::read_to_string(&self.file).unwrap();
                let filter = logs::filter(&LogSettings::default())?;
                Ok(Read { process: ProcessSettings::default(), filter, service })
            };
            let begun = |service: Service<String>| {
                self.seen.lock().unwrap().push(service.config.clone());
                let fails = run(&service.config);
                async move {
                    service.lifecycle.soft_stop().await;
                    if fails { Err(anyhow::anyhow!("no")) } else { Ok(()) }
                }
            };
            let exit = generations(&self.process, "first".to_owned(), watch, read, begun);
            (exit, self.seen.lock().unwrap().clone())
        }

        fn change(&self) {
            fs::write(&self.file, "second").unwrap();
        }
    }

    #[test]
    fn a_changed_secret_begins_a_generation_that_lives_until_a_signal() {
        let story = Story::new();
        let (exit, seen) = story.live(|secret| {
            if secret == "first" {
                story.change()
            } else {
                story.process.life.stop()
            }
            false
        });
        assert_eq!((exit, seen), (Exit::Clean, vec!["first".to_owned(), "second".to_owned()]));
        let metrics = story.process.service((), 2).metrics.encode().unwrap();
        assert!(
            !metrics.contains("postbode_config_reloads_total 0"),
            "each generation goes on counting: {metrics}"
        );
    }

    #[test]
    fn a_generation_that_fails_to_begin_or_to_end_ends_the_process() {
        for failing in ["first", "second"] {
            let story = Story::new();
            let (exit, seen) = story.live(|secret| {
                if secret == "first" {
                    story.change()
                } else {
                    story.process.life.stop()
                }
                secret == failing
            });
            assert_eq!((exit, seen.last().map(String::as_str)), (Exit::Failure, Some(failing)));
        }
    }
}

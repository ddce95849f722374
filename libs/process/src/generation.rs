//! One generation of a service: from its start with a configuration to the end of all that it began.
//!
//! A process lives through several when its secrets change. Each has a lifecycle, checks, metrics and threads of its own, so
//! that nothing of one is left for the next, as little as if the process had ended in between.

use std::convert::Infallible;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use domain::Timestamp;

use crate::door::Door;
use crate::management::{Shown, Stage};
use crate::reload::Told;
use crate::settings::ProcessSettings;
use crate::{Health, Lifecycle, Metrics, Service, SystemClock, config, resources};

/// How long tasks may take to notice the hard stop, and the collector to take the last spans.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a generation ended; the last one's end is the process's, as the code that says so to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
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

/// What outlives generations.
pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) settings: ProcessSettings,
    /// Stopped by signals.
    pub(crate) life: Lifecycle,
    pub(crate) stage: Stage,
    pub(crate) door: Door,
    pub(crate) started: Timestamp,
    pub(crate) reloads: Told,
}

impl Process {
    /// What a generation gets to live with.
    pub(crate) fn service<C>(&self, config: C, generation: u64) -> Service<C> {
        let metrics = Metrics::new();
        resources::register(&metrics, self.name, self.started);
        self.reloads.register(&metrics);
        Service {
            name: self.name,
            config,
            lifecycle: Lifecycle::new(self.settings.shutdown.drain.0),
            health: Health::new(),
            metrics,
            clock: SystemClock,
            door: self.door.clone(),
            generation,
        }
    }

    /// Without signals and endpoints.
    #[cfg(test)]
    pub(crate) fn by_hand() -> Self {
        let settings = ProcessSettings::default();
        let life = Lifecycle::new(settings.shutdown.drain.0);
        Self {
            name: "postbode-test",
            settings,
            stage: Stage::new(nobody(life.clone())),
            life,
            door: Door::default(),
            started: Timestamp::from_millis(0),
            reloads: Told::default(),
        }
    }
}

/// What the endpoints tell before the first generation, and between two: nothing is ready.
pub(crate) fn nobody(life: Lifecycle) -> Shown {
    Shown { health: Health::new(), metrics: Metrics::new(), lifecycle: life }
}

/// Runs a generation to its end: a signal, a failure, or `changed`, which resolves with the configuration of the next one.
pub(crate) fn live<C, Fut>(
    process: &Process,
    service: Service<C>,
    changed: impl Future<Output = C>,
    run: impl Fn(Service<C>) -> Fut,
) -> (Exit, Option<C>)
where
    Fut: Future<Output = anyhow::Result<()>>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no threads to run on");
            return (Exit::Failure, None);
        }
    };
    let lifecycle = service.lifecycle.clone();
    let mut next = None;
    let exit = runtime.block_on(async {
        process.stage.show(shown(&service));
        // Not on a worker (tried): there it stands in line with the calls that it starts, and a third fewer get done.
        let exit = tokio::select! {
            exit = conclude(&lifecycle, run(service)) => exit,
            never = attend(process, &lifecycle, changed, &mut next) => match never {},
        };
        process.stage.show(nobody(lifecycle.clone()));
        exit
    });
    // A blocking call that never returns must not keep the process.
    runtime.shutdown_timeout(LAST_WORDS);
    (exit, next)
}

fn shown<C>(service: &Service<C>) -> Shown {
    Shown {
        health: service.health.clone(),
        metrics: service.metrics.clone(),
        lifecycle: service.lifecycle.clone(),
    }
}

/// Stops the generation softly when the process is told to stop or the configuration has changed. Only for a next generation
/// is the door kept.
async fn attend<C>(
    process: &Process,
    lifecycle: &Lifecycle,
    changed: impl Future<Output = C>,
    next: &mut Option<C>,
) -> Infallible {
    tokio::select! {
        biased;
        () = process.life.soft_stop() => {}
        () = lifecycle.soft_stop() => {}
        configuration = changed => *next = Some(configuration),
    }
    if next.is_some() {
        tracing::info!("stopping softly, to begin anew with the changed configuration");
        lifecycle.stop();
        process.life.soft_stop().await;
    }
    process.door.close();
    lifecycle.stop();
    process.life.hard_stop().await;
    lifecycle.stop_hard();
    std::future::pending().await
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

    use std::sync::{Arc, Mutex};

    use crate::HttpSettings;

    fn life() -> Lifecycle {
        Lifecycle::new(Duration::from_secs(5))
    }

    #[test]
    fn nothing_of_a_generation_outlives_it_but_the_door() {
        let (process, held) = (Process::by_hand(), Arc::new(()));
        let address = Mutex::new(None);
        let run = async |service: Service<u32>| {
            let settings = HttpSettings { listen: "127.0.0.1:0".parse()?, address_file: None };
            *address.lock().unwrap() = Some(service.door.listen(&settings).await?.local_addr()?);
            let (forgotten, probed) = (held.clone(), held.clone());
            tokio::spawn(async move {
                std::future::pending::<()>().await;
                drop(forgotten);
            });
            service.health.ready_when("probe", move || {
                if Arc::strong_count(&probed) > 0 { Ok(()) } else { Err(String::new()) }
            });
            service.lifecycle.soft_stop().await;
            Ok(())
        };
        let ended = live(&process, process.service(1, 0), async { 2 }, run);
        assert_eq!(ended, (Exit::Clean, Some(2)));
        assert_eq!(Arc::strong_count(&held), 1);
        let address = address.lock().unwrap().unwrap();
        assert!(std::net::TcpStream::connect(address).is_ok(), "there is a next one to answer");

        let stop = process.life.clone();
        let run = async |service: Service<u32>| {
            service.lifecycle.soft_stop().await;
            stop.stop();
            Ok(())
        };
        let ended = live(&process, process.service(2, 1), async { 3 }, run);
        assert_eq!((ended.0, process.life.is_stopping()), (Exit::Clean, true));
    }

    #[test]
    fn the_door_is_closed_as_soon_as_there_is_no_next_generation() {
        let process = Process::by_hand();
        let stop = process.life.clone();
        let run = async |service: Service<u32>| {
            let settings = HttpSettings { listen: "127.0.0.1:0".parse()?, address_file: None };
            let address = service.door.listen(&settings).await?.local_addr()?;
            stop.stop();
            while tokio::net::TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        let ended = live(&process, process.service(1, 0), std::future::pending(), run);
        assert_eq!(ended, (Exit::Clean, None));
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

//! Soft stop, hard stop, tracked tasks.
//!
//! The *soft stop* (SIGTERM, SIGINT, [`Lifecycle::stop`], or a crash) asks everything to finish what it has begun and
//! take nothing new. The *hard stop* comes one drain period later, or at a second signal: what is still open is dropped.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of a process, or of one generation of its service. Clones share it.
#[derive(Clone, Debug)]
pub struct Lifecycle(Arc<State>);

#[derive(Debug)]
struct State {
    soft: CancellationToken,
    hard: CancellationToken,
    stopped_at: OnceLock<Instant>,
    drain: Duration,
    tasks: TaskTracker,
    crash: Mutex<Option<String>>,
}

impl Lifecycle {
    /// A life whose drain may take this long.
    pub fn new(drain: Duration) -> Self {
        Self(Arc::new(State {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            stopped_at: OnceLock::new(),
            drain,
            tasks: TaskTracker::new(),
            crash: Mutex::new(None),
        }))
    }

    /// Resolves at the soft stop, at once if that has been.
    pub fn soft_stop(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.soft.clone().cancelled_owned()
    }

    /// Whether the soft stop has been.
    pub fn is_stopping(&self) -> bool {
        self.0.soft.is_cancelled()
    }

    /// Resolves at the hard stop: the drain period after the soft stop, or earlier at a second signal.
    pub fn hard_stop(&self) -> impl Future<Output = ()> + Send + 'static {
        let state = self.0.clone();
        async move {
            state.soft.cancelled().await;
            let stopped_at = *state.stopped_at.get_or_init(Instant::now);
            tokio::select! {
                () = tokio::time::sleep_until(stopped_at + state.drain) => {}
                () = state.hard.cancelled() => {}
            }
        }
    }

    /// Whether the hard stop has been.
    pub fn is_out_of_time(&self) -> bool {
        let passed = |stopped_at: &Instant| stopped_at.elapsed() >= self.0.drain;
        self.0.hard.is_cancelled() || self.0.stopped_at.get().is_some_and(passed)
    }

    /// Stops softly. Later calls change nothing.
    pub fn stop(&self) {
        self.0.stopped_at.get_or_init(Instant::now);
        self.0.soft.cancel();
    }

    /// Stops hard, now.
    pub fn stop_hard(&self) {
        self.stop();
        self.0.hard.cancel();
    }

    /// Waits for something, but not past the soft stop: None if that came first.
    pub async fn until_stop<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            value = wait => Some(value),
            () = self.soft_stop() => None,
        }
    }

    /// Runs a task that lives as long as the process. One that ends by itself before the soft stop, or fails or panics at
    /// any time, is a crash: the service stops and its exit code is 1.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let lifecycle = self.clone();
        let running = self.0.tasks.spawn(task);
        self.0.tasks.spawn(async move {
            if let Err(error) = lifecycle.verdict(running.await) {
                lifecycle.crashed(name, &error);
            }
        });
    }

    /// Waits until every tracked task has ended.
    pub async fn tasks_ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// What went wrong first, if anything did: `<task>: <why>`.
    pub fn crash(&self) -> Option<String> {
        self.0.crash.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn verdict(&self, ended: Result<anyhow::Result<()>, tokio::task::JoinError>) -> anyhow::Result<()> {
        match ended {
            Ok(Ok(())) if self.is_stopping() => Ok(()),
            Ok(Ok(())) => Err(anyhow::anyhow!("ended although nobody asked it to")),
            Ok(Err(error)) => Err(error),
            Err(join) => Err(anyhow::anyhow!(panic_text(join))),
        }
    }

    fn crashed(&self, name: &'static str, error: &anyhow::Error) {
        tracing::error!(task.name = name, error = format!("{error:#}"), "a task crashed: the service stops");
        self.0
            .crash
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| format!("{name}: {error:#}"));
        self.stop();
    }
}

/// A panic's own words, which is all that its payload can tell.
pub(crate) fn panic_text(join: tokio::task::JoinError) -> String {
    let Ok(payload) = join.try_into_panic() else {
        return "was cancelled".to_owned();
    };
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.as_deref().unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life() -> Lifecycle {
        Lifecycle::new(Duration::from_secs(25))
    }

    #[tokio::test(start_paused = true)]
    async fn the_hard_stop_comes_one_drain_after_the_soft_stop_whoever_asks_when() {
        let life = life();
        let early = life.hard_stop();
        life.stop();
        let begin = Instant::now();
        life.soft_stop().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(5)).await;
        life.stop();
        life.hard_stop().await;
        assert_eq!(begin.elapsed(), Duration::from_secs(25));
        early.await;
        assert_eq!(begin.elapsed(), Duration::from_secs(25));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hard_stop_does_not_wait_for_the_drain() {
        let life = life();
        life.stop_hard();
        assert!(life.is_stopping());
        life.hard_stop().await;
        assert!(life.is_out_of_time());
        assert_eq!(life.crash(), None);
    }

    #[tokio::test]
    async fn a_task_that_ends_after_the_soft_stop_is_no_crash() {
        let life = life();
        let stop = life.soft_stop();
        life.spawn("worker", async move {
            stop.await;
            Ok(())
        });
        life.stop();
        life.tasks_ended().await;
        assert_eq!(life.crash(), None);
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_stops_the_service_and_is_named() {
        let life = life();
        life.spawn("worker", async { Ok(()) });
        life.tasks_ended().await;
        assert!(life.is_stopping());
        assert_eq!(life.crash().as_deref(), Some("worker: ended although nobody asked it to"));
    }

    #[tokio::test]
    async fn a_failure_and_a_panic_are_crashes_and_the_first_is_kept() {
        let life = life();
        life.spawn("reader", async { Err(anyhow::anyhow!("broken pipe").context("reading")) });
        life.soft_stop().await;
        life.spawn("writer", async { panic!("no {}", "way") });
        life.tasks_ended().await;
        assert_eq!(life.crash().as_deref(), Some("reader: reading: broken pipe"));
        let other = self::life();
        other.spawn("writer", async { panic!("no {}", "way") });
        other.tasks_ended().await;
        assert_eq!(other.crash().as_deref(), Some("writer: panicked: no way"));
    }
}

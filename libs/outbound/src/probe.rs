//! Follows one request through resolver, connector and TLS, which share no argument: a task-local.
//!
//! reqwest opens a connection inside the task of the request that asked for it, and the connector's layer hands
//! the probe on. If the request gets a pooled connection meanwhile, the opening goes on in a task of its own,
//! outside the task-local's scope: the layer notices and marks the probe as detached.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use domain::Phase;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::{ConnectionStats, Phases};

tokio::task_local! {
    static CURRENT: Arc<Probe>;
}

/// The probe of the request that runs in this task, if any.
pub(crate) fn current() -> Option<Arc<Probe>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Steps of a request, in their order.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    /// A connection of its own is being opened.
    Dialling,
    /// The resolver was asked.
    Resolving,
    /// The resolver answered.
    Resolved,
    /// TCP is open, TLS begins.
    Handshaking,
    /// The connection is open.
    Connected,
    /// The request took a pooled connection instead.
    Detached,
}

/// When each step took place.
pub(crate) struct Probe {
    /// The port that the request is for: reqwest's resolver is told only the name.
    pub(crate) port: u16,
    begun: Instant,
    /// Nanoseconds from the beginning, plus one; zero is "not yet".
    marks: [AtomicU64; 6],
}

impl Probe {
    pub(crate) fn new(port: u16, begun: Instant) -> Arc<Self> {
        Arc::new(Self { port, begun, marks: Default::default() })
    }

    /// Runs the request so that [`current`] finds this probe.
    pub(crate) async fn follow<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), request).await
    }

    pub(crate) fn mark(&self, mark: Mark) {
        let nanos = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
        self.marks[mark as usize].store(nanos + 1, Ordering::Relaxed);
    }

    /// A second opening of one request (the pooled connection was stale) starts its own account.
    fn restart(&self) {
        for mark in &self.marks {
            mark.store(0, Ordering::Relaxed);
        }
        self.mark(Mark::Dialling);
    }

    /// The step that is going on, as long as no response has come.
    pub(crate) fn phase(&self) -> Phase {
        if self.awaits_response() {
            Phase::FirstByte
        } else if self.at(Mark::Handshaking).is_some() {
            Phase::Tls
        } else if self.at(Mark::Resolving).is_some() && self.at(Mark::Resolved).is_none() {
            Phase::Dns
        } else {
            Phase::Connect
        }
    }

    /// Whether the request travels, or travelled, on a pooled connection; `None` while there is none.
    pub(crate) fn reused(&self) -> Option<bool> {
        match (self.pooled(), self.at(Mark::Connected)) {
            (true, _) => Some(true),
            (false, Some(_)) => Some(false),
            (false, None) => None,
        }
    }

    /// The durations known so far; `total` is now.
    pub(crate) fn phases(&self, head: Option<Instant>) -> Phases {
        let mut phases = Phases { total: self.begun.elapsed(), ..Phases::default() };
        let head = head.map(|head| head.duration_since(self.begun));
        if self.pooled() {
            phases.first_byte = head;
            return phases;
        }
        let between = |from: Option<Duration>, to: Option<Duration>| Some(to?.saturating_sub(from?));
        let connected = self.at(Mark::Connected);
        let tcp_began = self.at(Mark::Resolved).or(self.at(Mark::Dialling));
        phases.dns = between(self.at(Mark::Resolving), self.at(Mark::Resolved));
        phases.connect = between(tcp_began, self.at(Mark::Handshaking).or(connected));
        phases.tls = between(self.at(Mark::Handshaking), connected);
        phases.first_byte = between(connected, head);
        phases
    }

    fn pooled(&self) -> bool {
        self.at(Mark::Dialling).is_none() || self.at(Mark::Detached).is_some()
    }

    fn awaits_response(&self) -> bool {
        self.pooled() || self.at(Mark::Connected).is_some()
    }

    fn at(&self, mark: Mark) -> Option<Duration> {
        self.marks[mark as usize].load(Ordering::Relaxed).checked_sub(1).map(Duration::from_nanos)
    }
}

/// Counters over all requests.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    opened: AtomicU64,
    failed: AtomicU64,
    reused: AtomicU64,
}

impl Counters {
    pub(crate) fn count_reuse(&self) {
        self.reused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> ConnectionStats {
        ConnectionStats {
            opened: self.opened.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            reused: self.reused.load(Ordering::Relaxed),
        }
    }
}

/// The layer around reqwest's connector.
#[derive(Clone)]
pub(crate) struct ProbeLayer(pub(crate) Arc<Counters>);

impl<S> tower::Layer<S> for ProbeLayer {
    type Service = ProbedConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        ProbedConnector { connector: Arc::new(connector), counters: Arc::clone(&self.0) }
    }
}

/// reqwest clones its connector for every request, and few requests open a connection: the clone is put off until then.
pub(crate) struct ProbedConnector<S> {
    connector: Arc<S>,
    counters: Arc<Counters>,
}

impl<S> Clone for ProbedConnector<S> {
    fn clone(&self) -> Self {
        Self { connector: Arc::clone(&self.connector), counters: Arc::clone(&self.counters) }
    }
}

impl<S, R> tower::Service<R> for ProbedConnector<S>
where
    S: tower::Service<R> + Clone + Send + 'static,
    R: Send + 'static,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let counters = Counting { counters: Arc::clone(&self.counters), opened: false };
        let opening = S::clone(&self.connector).oneshot(target);
        match current() {
            Some(probe) => Box::pin(dial(probe, counters, opening)),
            None => Box::pin(counters.count(opening)),
        }
    }
}

async fn dial<C, E>(
    probe: Arc<Probe>,
    counters: Counting,
    opening: impl Future<Output = Result<C, E>>,
) -> Result<C, E> {
    probe.restart();
    let mut opening = pin!(CURRENT.scope(Arc::clone(&probe), counters.count(opening)));
    let connection = poll_fn(|cx| {
        if current().is_none() {
            probe.mark(Mark::Detached);
        }
        opening.as_mut().poll(cx)
    })
    .await?;
    probe.mark(Mark::Connected);
    Ok(connection)
}

/// Counts the opening as failed unless it succeeds: one that is dropped ran out of time.
struct Counting {
    counters: Arc<Counters>,
    opened: bool,
}

impl Counting {
    async fn count<C, E>(mut self, opening: impl Future<Output = Result<C, E>>) -> Result<C, E> {
        let connection = opening.await?;
        self.opened = true;
        Ok(connection)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let counter = if self.opened { &self.counters.opened } else { &self.counters.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

//! Kafka behind the pipeline's doors.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Registry;
use stream::{RegistryView, SendError, Sink, TableState};
use tokio::sync::watch;
use wire::OutRecord;

use crate::pipeline::{Keys, Produce};

/// How long to wait before Kafka is asked again.
const PAUSE: Duration = Duration::from_secs(1);

impl Produce for Sink {
    fn send(&self, record: &OutRecord) -> impl Future<Output = Result<(), SendError>> + Send + use<> {
        let told = self.send(record);
        async { told.await.map(drop) }
    }
}

/// The registry, closed until the topics were found fit.
pub(crate) struct Door {
    view: RegistryView,
    state: watch::Receiver<TableState>,
    open: Arc<AtomicBool>,
}

impl Door {
    /// Closed.
    pub(crate) fn new(view: RegistryView) -> Self {
        let state = view.changed();
        Self { view, state, open: Arc::default() }
    }

    /// What opens it.
    pub(crate) fn opener(&self) -> Arc<AtomicBool> {
        self.open.clone()
    }
}

impl Keys for Door {
    fn look<T>(&self, read: impl FnOnce(&Registry) -> T) -> Option<T> {
        let open = self.open.load(Ordering::Relaxed) && self.state.borrow().ready;
        open.then(|| self.view.read(read))
    }
}

/// Resolves only when the producer is beyond repair: a reason for the process to end.
pub(crate) async fn producer_failed(sink: &Sink) -> SendError {
    loop {
        if let Some(why) = sink.fatal() {
            return SendError::Fatal(why);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

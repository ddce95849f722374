//! The history's database, as soon as it is there: the console begins without it.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use history::{History, HistorySettings};

/// The database, or the place where it will be. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database(Arc<OnceLock<History>>);

/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);

impl Database {
    /// The database; none until it was opened.
    pub(crate) fn get(&self) -> Option<History> {
        self.0.get().cloned()
    }

    /// Opens it, however long that takes, and ends with the service.
    pub(crate) async fn open(self, settings: HistorySettings, stop: impl Future<Output = ()>) {
        let opened = async {
            let mut said = false;
            loop {
                match History::open(&settings).await {
                    Ok(history) => return history,
                    Err(error) if said => tracing::debug!(%error, "the history is still not open"),
                    Err(error) => {
                        said = true;
                        tracing::warn!(%error, "the history cannot be opened: jobs wait, everything else goes on");
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let mut stop = std::pin::pin!(stop);
        tokio::select! {
            history = opened => {
                tracing::info!(shared = history.is_shared(), "the history is open");
                let _ = self.0.set(history);
                stop.await;
            }
            () = &mut stop => {}
        }
    }
}

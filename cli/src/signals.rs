//! The wishes of whoever started the command.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves when the command is asked to end: Ctrl-C, or a polite kill.
pub(crate) async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without handlers the default action ends the process, which is what is wanted.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

//! Listening and serving, for the management endpoints and the services' own APIs.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::serve::ListenerExt as _;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::Lifecycle;
pub use crate::problem::Problem;

/// Where a service's own API listens: its section `api`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Address and port, by default 8080 on all IPv4 addresses; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// A file that gets the real address once listening, for those who let the system choose.
    pub address_file: Option<PathBuf>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: anywhere(8080),
            address_file: None,
        }
    }
}

/// Where the management endpoints listen: the section `http`. The same, but for its default port.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ManagementSettings {
    listen: SocketAddr,
    address_file: Option<PathBuf>,
}

impl Default for ManagementSettings {
    fn default() -> Self {
        Self {
            listen: anywhere(9090),
            address_file: None,
        }
    }
}

impl From<ManagementSettings> for HttpSettings {
    fn from(ManagementSettings { listen, address_file }: ManagementSettings) -> Self {
        Self { listen, address_file }
    }
}

const fn anywhere(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

/// Listens, says where, and writes `address_file`.
///
/// # Errors
/// When the address is taken or not ours, or the file can't be written; the text names which.
pub async fn listen(settings: &HttpSettings) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|e| named(&e, settings.listen))?;
    let address = listener.local_addr()?;
    if let Some(file) = &settings.address_file {
        publish(file, address).map_err(|e| named(&e, file.display()))?;
    }
    tracing::info!(http.address = %address, "listening");
    Ok(listener)
}

/// Serves until the soft stop, then finishes the open requests, at most until the hard stop.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, router: Router, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Answers are small and whole: waiting to fill a segment only delays them. Failing to say so is harmless.
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(lifecycle.soft_stop());
    tokio::select! {
        ended = served.into_future() => Ok(ended?),
        () = lifecycle.hard_stop() => Ok(()),
    }
}

/// Readers see no file or a whole one.
fn publish(file: &Path, address: SocketAddr) -> io::Result<()> {
    let draft = file.with_extension("tmp");
    fs::write(&draft, format!("{address}\n"))?;
    fs::rename(&draft, file)
}

fn named(error: &io::Error, what: impl std::fmt::Display) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

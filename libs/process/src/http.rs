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
        Self { listen: anywhere(8080), address_file: None }
    }
}

/// Where the management endpoints listen: the section `http`. The same, but for its default port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ManagementSettings {
    listen: SocketAddr,
    address_file: Option<PathBuf>,
}

impl Default for ManagementSettings {
    fn default() -> Self {
        Self { listen: anywhere(9090), address_file: None }
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
pub(crate) async fn listen(settings: &HttpSettings) -> io::Result<TcpListener> {
    let listener = bind(settings.listen).await?;
    announce(settings, listener.local_addr()?)?;
    Ok(listener)
}

/// Listens.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|e| named(&e, address))
}

/// Says where it listens, and writes `address_file`.
pub(crate) fn announce(settings: &HttpSettings, address: SocketAddr) -> io::Result<()> {
    if let Some(file) = &settings.address_file {
        publish(file, address).map_err(|e| named(&e, file.display()))?;
    }
    tracing::info!(http.address = %address, "listening");
    Ok(())
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
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_real_address_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("address");
        let settings =
            HttpSettings { listen: "127.0.0.1:0".parse().unwrap(), address_file: Some(file.clone()) };
        let listener = listen(&settings).await.unwrap();
        let published = fs::read_to_string(file).unwrap();
        assert_eq!(published.trim(), listener.local_addr().unwrap().to_string());
        let taken = HttpSettings { listen: listener.local_addr().unwrap(), address_file: None };
        let error = listen(&taken).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: ", taken.listen)), "{error}");
    }

    #[tokio::test]
    async fn an_open_request_is_finished_after_the_soft_stop() {
        let lifecycle = Lifecycle::new(Duration::from_secs(60));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopper = lifecycle.clone();
        let slow = async move || {
            stopper.stop();
            tokio::time::sleep(Duration::from_millis(50)).await;
            "done"
        };
        let router = Router::new().route("/", get(slow));
        let (served, answer) = tokio::join!(serve(listener, router, &lifecycle), ask(address));
        served.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_request_that_never_ends_is_dropped_at_the_hard_stop() {
        let lifecycle = Lifecycle::new(Duration::from_millis(50));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopper = lifecycle.clone();
        let stuck = async move || {
            stopper.stop();
            std::future::pending::<&str>().await
        };
        let asked = tokio::spawn(ask(address));
        serve(listener, Router::new().route("/", get(stuck)), &lifecycle).await.unwrap();
        assert!(lifecycle.is_out_of_time());
        asked.abort();
    }
}

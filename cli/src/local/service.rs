//! What every start of a service needs: its addresses, its configuration file, and its word that it is ready.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use toml::{Table, Value};

/// Waits until a service says where it listens: `http://host:port`.
pub(crate) async fn address(file: &Path, name: &str, until: Instant) -> anyhow::Result<String> {
    loop {
        if let Ok(address) = fs::read_to_string(file) {
            return Ok(format!("http://{}", address.trim()));
        }
        if Instant::now() >= until {
            bail!("{name} did not say in time where it listens");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a service says that it is ready, at its management address.
pub(crate) async fn ready(name: &str, management: &str, log: &Path, until: Instant) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let mut last = String::new();
    while Instant::now() < until {
        match http.get(format!("{management}/health/ready")).send().await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => last = response.text().await.unwrap_or_default(),
            Err(error) => last = error.to_string(),
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("{name} is not ready in time: {last}; its log is {}", log.display())
}

/// A free port on loopback, and the file that will say which.
pub(crate) fn listener(address_file: &Path) -> Value {
    let entries = [
        ("listen".to_owned(), Value::from("127.0.0.1:0")),
        ("address_file".to_owned(), address_file.display().to_string().into()),
    ];
    Table::from_iter(entries).into()
}

/// Writes a file for this user's eyes only: it holds keys.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

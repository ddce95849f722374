//! The receiver of the benchmark's POSTs, and the benchmark's handle on it.

mod book;
mod server;

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

pub(super) use book::{Counts, Latency};
pub(super) use server::run;

/// The running receiver. It ends with this.
pub(super) struct Receiver {
    /// Its process.
    pub(super) pid: i32,
    /// Where it listens.
    pub(super) addresses: Vec<SocketAddr>,
    http: reqwest::Client,
    _child: Child,
}

#[derive(Deserialize)]
struct Greeting {
    addresses: Vec<SocketAddr>,
}

/// How often the counts are asked for while something is waited for.
const LOOK: Duration = Duration::from_millis(50);

impl Receiver {
    /// Starts it: this binary, with the hidden command.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bench-receiver")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the receiver")?;
        let out = child.stdout.take().context("the receiver has no output")?;
        let mut said = String::new();
        BufReader::new(out).read_line(&mut said).await?;
        let Greeting { addresses } = serde_json::from_str(&said).context("the receiver did not start")?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).context("the receiver ended at once")?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { pid, addresses, http, _child: child })
    }

    /// The nth URL whose path begins with a word: they take the ports in turn.
    pub(super) fn url(&self, word: &str, number: usize) -> String {
        format!("http://{}/{word}/{number}", self.addresses[number % self.addresses.len()])
    }

    /// What it has counted.
    pub(super) async fn counts(&self) -> anyhow::Result<Counts> {
        let answer = self.http.get(self.control()).send().await?.bytes().await?;
        serde_json::from_slice(&answer).context("the receiver's counts are not understood")
    }

    /// Makes it count from nothing.
    pub(super) async fn reset(&self) -> anyhow::Result<()> {
        self.http.delete(self.control()).send().await?.error_for_status()?;
        Ok(())
    }

    /// Puts a verification file into its root, the same at all ports.
    pub(super) async fn place_file(&self, name: &str, content: Vec<u8>) -> anyhow::Result<()> {
        let url = format!("http://{}/{name}", self.addresses[0]);
        self.http.put(url).body(content).send().await?.error_for_status()?;
        Ok(())
    }

    /// Waits until the counts will do, or nothing has been counted for `patience`. The last counts either way.
    pub(super) async fn wait(
        &self,
        patience: Duration,
        will_do: impl Fn(&Counts) -> bool,
    ) -> anyhow::Result<Counts> {
        let mut last = self.counts().await?;
        let mut moved = Instant::now();
        while !will_do(&last) && moved.elapsed() < patience {
            sleep(LOOK).await;
            let counts = self.counts().await?;
            if counts != last {
                (last, moved) = (counts, Instant::now());
            }
        }
        Ok(last)
    }

    fn control(&self) -> String {
        format!("http://{}/counts", self.addresses[0])
    }
}

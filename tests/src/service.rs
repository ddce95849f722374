//! One service as a process: the built binary, configured by its environment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::eventually;

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Takes events.
    Ingest,
    /// Routes them.
    Fanout,
    /// Delivers them.
    Delivery,
    /// Holds retries.
    Retry,
    /// Manages webhooks.
    Console,
}

impl Kind {
    /// All of them, the registry's writer first.
    pub const ALL: [Self; 5] = [Self::Console, Self::Ingest, Self::Fanout, Self::Delivery, Self::Retry];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Fanout => "fanout",
            Self::Delivery => "delivery",
            Self::Retry => "retry",
            Self::Console => "console",
        }
    }

    pub(crate) fn has_api(self) -> bool {
        matches!(self, Self::Ingest | Self::Console)
    }

    pub(crate) fn has_secrets(self) -> bool {
        matches!(self, Self::Delivery | Self::Console)
    }
}

/// The path of a built binary.
pub fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let found = here.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: run cargo build --workspace --bins"))
}

/// Where the services of another build are, by `POSTBODE_PREVIOUS_BINARIES`: `make upgrade-check` says so.
#[expect(clippy::disallowed_methods, reason = "tests are told of the build before by the environment alone")]
pub fn previous_binaries() -> Option<PathBuf> {
    std::env::var("POSTBODE_PREVIOUS_BINARIES").ok().filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// A running service. Killed when dropped.
pub struct ServiceProcess {
    /// Which one.
    pub kind: Kind,
    child: Child,
    log: PathBuf,
    management: PathBuf,
    api: PathBuf,
}

impl ServiceProcess {
    /// Starts it; see [`ServiceProcess::ready`].
    pub(crate) fn start(
        kind: Kind,
        program: &Path,
        instance: usize,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        let file = |suffix: &str| folder.join(format!("{}-{instance}.{suffix}", kind.name()));
        let (log, management, api) = (file("log"), file("management"), file("api"));
        let output = File::create(&log).unwrap();
        let mut command = Command::new(program);
        command.env_clear().envs(environment).env("POSTBODE__HTTP__ADDRESS_FILE", &management);
        command.env("POSTBODE__HTTP__LISTEN", "127.0.0.1:0");
        if kind.has_api() {
            command.env("POSTBODE__API__LISTEN", "127.0.0.1:0").env("POSTBODE__API__ADDRESS_FILE", &api);
        }
        let error = output.try_clone().unwrap();
        let child = command.stdin(Stdio::null()).stdout(output).stderr(error).spawn().unwrap();
        Self { kind, child, log, management, api }
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&self) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let what = format!("{} is ready", self.kind.name());
        let seen = eventually(Duration::from_secs(40), &what, || async {
            let address = self.address(&self.management)?;
            let answer =
                http.get(format!("{address}/health/ready")).send().await.map_err(|e| e.to_string())?;
            let good = answer.status().is_success();
            let text = answer.text().await.unwrap_or_default();
            if good { Ok(()) } else { Err(format!("{text}\n{}", self.tail())) }
        });
        seen.await;
    }

    /// What it says of its readiness: the HTTP status and all checks; none if it does not listen yet.
    pub async fn readiness(&self) -> Option<(u16, String)> {
        let address = self.address(&self.management).ok()?;
        let http = reqwest::Client::builder().no_proxy().build().ok()?;
        let answer = http.get(format!("{address}/health/ready")).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Waits until it says in its readiness what it lacks, or that it lacks nothing.
    pub async fn until_it_says(&self, status: u16, words: &str) {
        let what = format!("{} says '{words}' with {status}", self.kind.name());
        eventually(Duration::from_secs(60), &what, || async {
            match self.readiness().await {
                Some((seen, text)) if seen == status && text.contains(words) => Ok(()),
                seen => Err(format!("{seen:?}")),
            }
        })
        .await;
    }

    /// Waits until it has begun anew so many times, and is ready again.
    pub async fn until_begun_anew(&self, times: usize) {
        let what = format!("{} has begun anew", self.kind.name());
        eventually(Duration::from_secs(60), &what, || async {
            let begun = self.log().matches("beginning anew").count();
            if begun == times { Ok(()) } else { Err(format!("{begun} times of {times}\n{}", self.log())) }
        })
        .await;
        self.ready().await;
    }

    /// Where it tells of its health and metrics.
    pub fn management(&self) -> String {
        self.address(&self.management).unwrap()
    }

    /// Its API's address.
    pub fn api(&self) -> String {
        self.address(&self.api).unwrap()
    }

    /// Its API's address, if it listens yet.
    pub fn api_if_bound(&self) -> Option<String> {
        self.address(&self.api).ok()
    }

    /// One of its metrics, summed over its labels; zero if it is not there.
    pub async fn metric(&self, name: &str) -> f64 {
        self.metric_if_up(name).await.unwrap()
    }

    /// One of its metrics; none of a process that does not answer.
    pub async fn metric_if_up(&self, name: &str) -> Option<f64> {
        let text = self.metrics().await?;
        let lines = text
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        Some(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// All that it tells at `/metrics`; none of a process that does not answer.
    pub async fn metrics(&self) -> Option<String> {
        let address = self.address(&self.management).ok()?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().ok()?;
        http.get(format!("{address}/metrics")).send().await.ok()?.text().await.ok()
    }

    /// Whether it has ended, and with which code: none for a signal.
    pub fn has_ended(&mut self) -> Option<Option<i32>> {
        self.child.try_wait().unwrap().map(|status| status.code())
    }

    /// Its process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name: TERM, KILL, STOP, CONT.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success(), "kill -{name}");
    }

    /// Waits until it has ended, and says with which code.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut child_ended = || self.child.try_wait().unwrap();
        let end = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = child_ended() {
                return status.code();
            }
            assert!(tokio::time::Instant::now() < end, "{} does not end", self.kind.name());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops it in good order.
    pub async fn stop(mut self) {
        self.signal("TERM");
        let code = self.ended().await;
        assert_eq!(code, Some(0), "{} stops cleanly\n{}", self.kind.name(), self.tail());
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().rev().take(15).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn address(&self, file: &Path) -> Result<String, String> {
        let text =
            fs::read_to_string(file).map_err(|_| format!("{} does not listen yet", self.kind.name()))?;
        Ok(format!("http://{}", text.trim()))
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- the end of the log of {}:\n{}", self.kind.name(), self.tail());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

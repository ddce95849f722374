//! `chromedriver`: one for all stories that are told at the same time.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// Where in its profile a browser saves files.
pub(super) const DOWNLOADS: &str = "downloads";

/// Where the stories' readers live: in another zone than UTC, whatever the machine's is.
const ZONE: &str = "Europe/Amsterdam";

const MISSING: &str = "the pages are tested in Chromium: run 'scripts/setup --test', or install it and its chromedriver \
    (Debian: chromium, chromium-driver)";

/// Nothing of it asks anybody but us.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--hide-scrollbars",
    "--lang=en",
];

/// A running driver. Killed when the last story that uses it is over.
pub(super) struct Driver {
    url: String,
    process: Child,
    /// Held open: a driver that nobody listens to any more would end.
    _says: BufReader<ChildStdout>,
}

impl Driver {
    /// The one that runs, or a new one.
    pub(super) fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *running = Arc::downgrade(&started);
            started
        })
    }

    fn start() -> Self {
        let mut command = Command::new("chromedriver");
        command
            .arg("--port=0")
            .env("TZ", ZONE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("chromedriver: {error}; {MISSING}"));
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let port = says.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let port = line.split_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver does not say where it listens; {MISSING}"));
        Self { url: format!("http://127.0.0.1:{port}"), process, _says: says }
    }

    /// A browser with this profile.
    pub(super) async fn session(&self, profile: &Path, scripts: bool) -> Client {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(profile, scripts));
        let session = builder.connect(&self.url).await;
        session.unwrap_or_else(|error| panic!("Chromium does not start: {error}; {MISSING}"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn capabilities(profile: &Path, scripts: bool) -> serde_json::Map<String, Value> {
    let profile_argument = format!("--user-data-dir={}", profile.display());
    let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([&*profile_argument]).collect();
    let options = json!({
        "args": arguments,
        "prefs": {
            "download.default_directory": profile.join(DOWNLOADS),
            "download.prompt_for_download": false,
            "profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 },
        },
    });
    let log = json!({"browser": "ALL"});
    [("goog:chromeOptions".to_owned(), options), ("goog:loggingPrefs".to_owned(), log)].into_iter().collect()
}

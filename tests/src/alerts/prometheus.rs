//! A real Prometheus on loopback, with a folder of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::eventually;
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running Prometheus. Ended when dropped, and its folder with it.
pub(crate) struct Prometheus {
    asked: Asked,
    child: Child,
    folder: tempfile::TempDir,
}

/// How it is asked. Clones ask the same one.
#[derive(Clone)]
pub(crate) struct Asked {
    address: String,
    http: reqwest::Client,
}

impl Prometheus {
    /// Starts it with these rules, and with nothing to scrape yet.
    pub(crate) async fn start(rules: &str) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/helm/bin/prometheus");
        assert!(program.is_file(), "Prometheus is missing: run scripts/helm prometheus");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
        let configuration = configure(folder.path(), &[]);
        // Nobody else is likely to take it in the meantime.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", configuration.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        command.arg(format!("--web.listen-address={free}"));
        command.args(["--web.enable-lifecycle", "--log.level=warn"]);
        command.current_dir(folder.path()).env_clear().stdin(Stdio::null());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let asked = Asked { address: format!("http://{free}"), http };
        let it = Self { asked, child, folder };
        eventually(Duration::from_secs(30), "Prometheus is ready", || async {
            let answer = it.asked.http.get(format!("{}/-/ready", it.asked.address)).send().await;
            match answer {
                Ok(answer) if answer.status().is_success() => Ok(()),
                seen => Err(format!("{seen:?}\n{}", it.log())),
            }
        })
        .await;
        it
    }

    /// Whoever asks.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.clone()
    }

    /// Scrapes these addresses from now on, and no others.
    pub(crate) async fn scrape(&self, addresses: &[String]) {
        configure(self.folder.path(), addresses);
        let answer = self.asked.http.post(format!("{}/-/reload", self.asked.address)).send().await.unwrap();
        let good = answer.status().is_success();
        assert!(good, "Prometheus takes its configuration: {}", answer.text().await.unwrap_or_default());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(folder: &Path, addresses: &[String]) -> PathBuf {
    let path = folder.join("prometheus.yaml");
    let targets = addresses.iter().map(|address| format!("'{address}'")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}}\n\
         rule_files: [rules.yaml]\n\
         scrape_configs:\n\
         - job_name: postbode\n  \
           static_configs: [{{targets: [{targets}]}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

impl Asked {
    /// The names of the alerts that fire now.
    pub(crate) async fn firing(&self) -> Result<Vec<String>, String> {
        let answer = self.ask("/api/v1/alerts", &[]).await?;
        let alerts = answer["alerts"].as_array().cloned().unwrap_or_default();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        Ok(firing.filter_map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned)).collect())
    }

    /// How many numbers a query gives now.
    pub(crate) async fn numbers(&self, query: &str) -> Result<usize, String> {
        let answer = self.ask("/api/v1/query", &[("query", query)]).await?;
        let samples = answer["result"].as_array().cloned().unwrap_or_default();
        let number = |sample: &Value| sample["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
        Ok(samples.iter().filter_map(number).filter(|number| !number.is_nan()).count())
    }

    /// The values that a label of a metric has.
    pub(crate) async fn values(&self, metric: &str, label: &str) -> Result<usize, String> {
        let answer = self.ask(&format!("/api/v1/label/{label}/values"), &[("match[]", metric)]).await?;
        Ok(answer.as_array().map_or(0, Vec::len))
    }

    async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, String> {
        let url = format!("{}{path}", self.address);
        let url = reqwest::Url::parse_with_params(&url, form).map_err(|error| error.to_string())?;
        let answer = self.http.get(url).send().await.map_err(|error| error.to_string())?;
        let answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].clone()),
            _ => Err(answer["error"].as_str().unwrap_or("no answer of Prometheus's").to_owned()),
        }
    }
}

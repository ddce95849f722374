//! The command line, run against an installation.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;
use stream::KafkaSettings;
use tokio::process::{Child, Command};

use crate::{OPERATOR_KEY, World, binary};

/// What a command said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its exit code; none if it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// What the doctor found, said as JSON: by check, verdict, what was seen, and what to do.
    pub fn findings(&self) -> BTreeMap<String, [String; 3]> {
        let lines = self.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let found = lines.filter(|line| line["check"].is_string());
        found
            .map(|line| (text(&line, "check"), ["verdict", "seen", "todo"].map(|name| text(&line, name))))
            .collect()
    }

    /// The last line of its standard output, as JSON.
    pub fn last(&self) -> serde_json::Value {
        let line = self.out.lines().last().unwrap_or_else(|| panic!("nothing was said: {self:?}"));
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl World {
    /// The command line as a process that can be signalled. Killed when dropped.
    pub fn cli(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(binary("postbode"));
        command.args(arguments).env_clear().env("KAFKA_BOOTSTRAP_SERVERS", &self.kafka.bootstrap_servers);
        command.env("POSTBODE__TOPICS__PREFIX", self.prefix()).env("POSTBODE_KEY", OPERATOR_KEY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().unwrap()
    }

    /// Runs the command line to its end, however that may be.
    pub async fn says(&self, arguments: &[&str]) -> Said {
        said(self.cli(arguments)).await
    }

    /// What the doctor finds as a service that reaches Kafka so: by check, verdict, what was seen, and what to do.
    pub async fn doctor(&self, service: &str, kafka: &KafkaSettings) -> BTreeMap<String, [String; 3]> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postbode.toml");
        std::fs::write(&file, self.configuration(kafka)).unwrap();
        let file = file.to_str().unwrap();
        let asked = ["doctor", "--json", "--config", file, "--service", service, "--timeout", "30"];
        self.says(&asked).await.findings()
    }

    /// A configuration file of this installation, for who reaches Kafka so.
    pub fn configuration(&self, kafka: &KafkaSettings) -> String {
        let topics = "[topics]\nretry_tiers = ['300ms', '1s']\npartitions = 3\n[kafka.properties]\n";
        let properties = kafka.properties.iter().map(|(name, value)| format!("'{name}' = '{value}'\n"));
        properties.fold(topics.to_owned(), |text, property| text + &property)
    }
}

/// Waits for a command's end.
pub async fn said(child: Child) -> Said {
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Sends a signal by name to a command.
pub fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").arg(format!("-{name}")).arg(pid).status();
    assert!(sent.unwrap().success(), "kill -{name}");
}

//! Kafka: one that all stories share, or one of a story's own that it may break.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use stream::KafkaSettings;

/// A running Kafka.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Where it answers.
    pub bootstrap_servers: String,
    directory: Option<PathBuf>,
}

impl Broker {
    /// The shared one: that of `KAFKA_BOOTSTRAP_SERVERS`, else the development instance.
    pub fn shared() -> Self {
        static SERVERS: OnceLock<String> = OnceLock::new();
        let servers = SERVERS.get_or_init(|| given().unwrap_or_else(|| up(None, &[])));
        Self { bootstrap_servers: servers.clone(), directory: None }
    }

    /// One for this story alone. Call [`Broker::end`] when it is over.
    pub fn own(story: &str) -> Self {
        let directory = root().join(format!("target/tests/kafka-{story}"));
        let _ = script(&directory, &["down", "--wipe"]);
        Self { bootstrap_servers: up(Some(&directory), &[]), directory: Some(directory) }
    }

    /// Three nodes for this story alone.
    pub fn cluster(story: &str) -> Self {
        let directory = root().join(format!("target/tests/kafka-{story}"));
        let _ = script(&directory, &["down", "--wipe"]);
        Self { bootstrap_servers: up(Some(&directory), &["--nodes", "3"]), directory: Some(directory) }
    }

    /// How clients reach it.
    pub fn settings(&self) -> KafkaSettings {
        KafkaSettings { bootstrap_servers: self.bootstrap_servers.clone(), ..KafkaSettings::default() }
    }

    /// Kills the broker as a power cut would.
    pub fn kill(&self) {
        self.kill_node(1);
    }

    /// Stops the broker in good order.
    pub fn stop(&self) {
        script(self.own_directory(), &["stop-node", "1"]).unwrap();
    }

    /// Starts it again, with its data and under its old address.
    pub fn start(&self) {
        self.start_node(1);
    }

    /// Stops the broker's clock: it keeps its connections and answers nobody.
    pub fn freeze(&self) {
        self.signal_node(1, "STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal_node(1, "CONT");
    }

    /// For a story that failed while the broker was frozen: a frozen one cannot be stopped.
    pub fn thaw_if_running(&self) {
        for node in 1..=3 {
            if let Ok(pid) = std::fs::read_to_string(self.pid_file(node)) {
                let _ = Command::new("kill")
                    .args(["-CONT", pid.trim()])
                    .stderr(std::process::Stdio::null())
                    .status();
            }
        }
    }

    /// Kills one of its nodes.
    pub fn kill_node(&self, node: i32) {
        script(self.own_directory(), &["kill-node", &node.to_string()]).unwrap();
    }

    /// Starts one of its nodes again.
    pub fn start_node(&self, node: i32) {
        script(self.own_directory(), &["start-node", &node.to_string()]).unwrap();
    }

    /// Starts whichever of its nodes do not run.
    pub fn start_all(&self) {
        up(Some(self.own_directory()), &[]);
    }

    /// Sends one of its nodes a signal by name.
    pub fn signal_node(&self, node: i32, name: &str) {
        let pid = std::fs::read_to_string(self.pid_file(node)).unwrap();
        let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.trim()).status();
        assert!(sent.unwrap().success(), "kill -{name}");
    }

    fn pid_file(&self, node: i32) -> PathBuf {
        self.own_directory().join(format!("node-{node}/pid"))
    }

    /// Stops a broker of the story's own and deletes its data.
    pub fn end(&self) {
        if let Some(directory) = &self.directory {
            let _ = script(directory, &["down", "--wipe"]);
        }
    }

    fn own_directory(&self) -> &Path {
        self.directory.as_deref().expect("only a story's own broker is broken")
    }
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests are told where Kafka is by the environment alone")]
fn given() -> Option<String> {
    std::env::var("KAFKA_BOOTSTRAP_SERVERS").ok().filter(|servers| !servers.is_empty())
}

fn up(directory: Option<&Path>, arguments: &[&str]) -> String {
    let mut command = Command::new(root().join("scripts/kafka"));
    command.arg("up").args(arguments);
    if let Some(directory) = directory {
        command.env("POSTBODE_KAFKA_DIR", directory).env_remove("KAFKA_BOOTSTRAP_SERVERS");
    }
    let output = command.output().expect("scripts/kafka can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    let servers = text.lines().find_map(|line| line.strip_prefix("KAFKA_BOOTSTRAP_SERVERS="));
    match servers {
        Some(servers) if output.status.success() => servers.to_owned(),
        _ => panic!("no Kafka: run 'make setup'.\n{}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn script(directory: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(root().join("scripts/kafka"));
    command.args(arguments).env("POSTBODE_KAFKA_DIR", directory).env_remove("KAFKA_BOOTSTRAP_SERVERS");
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

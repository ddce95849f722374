//! Kafka: one that all stories share, or one of a story's own that it may break.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use stream::KafkaSettings;

use crate::{IdentityProvider, chart, topics};

/// A running Kafka.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Where it answers.
    pub bootstrap_servers: String,
    directory: Option<PathBuf>,
    /// Whether it wants TLS, passwords and rights.
    is_secured: bool,
    /// Where its users get tokens, if they show those instead of passwords.
    tokens: Option<Tokens>,
}

#[derive(Clone, Debug)]
struct Tokens {
    endpoint: String,
    authority: String,
}

impl Broker {
    /// The shared one: that of `KAFKA_BOOTSTRAP_SERVERS`, else the development instance.
    pub fn shared() -> Self {
        static SERVERS: OnceLock<String> = OnceLock::new();
        let servers = SERVERS.get_or_init(|| given().unwrap_or_else(|| up(None, &[], None)));
        Self { bootstrap_servers: servers.clone(), directory: None, is_secured: false, tokens: None }
    }

    /// One for this story alone. Call [`Broker::end`] when it is over.
    pub fn own(story: &str) -> Self {
        Self::started(story, &[], None)
    }

    /// Three nodes for this story alone.
    pub fn cluster(story: &str) -> Self {
        Self::started(story, &["--nodes", "3"], None)
    }

    /// One for this story alone that wants TLS, passwords and rights. Nobody but `admin` has a right.
    pub fn secured(story: &str) -> Self {
        Self { is_secured: true, ..Self::started(story, &["--secured"], None) }
    }

    /// A secured one whose users sign in with that provider's tokens, but for `admin`, who has a password.
    pub fn with_tokens(story: &str, provider: &IdentityProvider) -> Self {
        let tokens = Tokens {
            endpoint: provider.token_endpoint(),
            authority: provider.authority().display().to_string(),
        };
        let started = Self::started(story, &["--secured"], Some(&provider.keys()));
        Self { is_secured: true, tokens: Some(tokens), ..started }
    }

    fn started(story: &str, arguments: &[&str], token_keys: Option<&Path>) -> Self {
        let directory = root().join(format!("target/tests/kafka-{story}"));
        let _ = script(&directory, &["down", "--wipe"], "");
        let bootstrap_servers = up(Some(&directory), arguments, token_keys);
        Self { bootstrap_servers, directory: Some(directory), is_secured: false, tokens: None }
    }

    /// How clients reach it that may do everything.
    pub fn settings(&self) -> KafkaSettings {
        self.settings_of("admin")
    }

    /// How one of its users reaches it. Where nobody has to say who he is, all do it the same way.
    pub fn settings_of(&self, user: &str) -> KafkaSettings {
        let properties = match (&self.directory, &self.tokens) {
            (Some(directory), Some(tokens)) if user != "admin" => {
                tokens.of(user, &directory.join("tls/ca.crt").display().to_string())
            }
            (Some(directory), _) if self.is_secured => [
                ("security.protocol", "SASL_SSL".to_owned()),
                ("ssl.ca.location", directory.join("tls/ca.crt").display().to_string()),
                ("sasl.mechanism", "SCRAM-SHA-512".to_owned()),
                ("sasl.username", user.to_owned()),
                ("sasl.password", format!("{user}-password")),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            (Some(_), Some(_) | None) | (None, _) => BTreeMap::new(),
        };
        let bootstrap_servers = self.bootstrap_servers.clone();
        KafkaSettings { bootstrap_servers, properties, ..KafkaSettings::default() }
    }

    /// How many records a topic has now: 0 where there is no such topic.
    pub async fn count(&self, topic: &Arc<str>) -> usize {
        topics::read_if_there(&self.settings(), topic).await.map_or(0, |records| records.len())
    }

    /// Puts a certificate of one of its users into a file, with its key, another one each time. Says where those go who show one
    /// instead of a password.
    pub fn identify(&self, user: &str, file: &Path) -> String {
        let directory = self.own_directory();
        script(directory, &["identify", user], "").unwrap();
        // Readers see the old one or the new one.
        let draft = file.with_file_name(".draft");
        std::fs::copy(directory.join(format!("tls/{user}.pem")), &draft).unwrap();
        std::fs::rename(draft, file).unwrap();
        std::fs::read_to_string(directory.join("certified")).unwrap().trim().to_owned()
    }

    /// Whether it wants TLS, passwords and rights.
    pub fn is_secured(&self) -> bool {
        self.is_secured
    }

    /// Gives rights, each a line: user, `topic`, `group` or `transactional-id`, names, `literal` or `prefixed`, operations.
    pub fn grant(&self, rights: &str) {
        script(self.own_directory(), &["grant"], rights).unwrap();
    }

    /// Takes rights.
    pub fn revoke(&self, rights: &str) {
        script(self.own_directory(), &["revoke"], rights).unwrap();
    }

    /// Gives one of its users another password. Connections that are open stay so.
    pub fn set_password(&self, user: &str, password: &str) {
        script(self.own_directory(), &["password"], &format!("{user} {password}\n")).unwrap();
    }

    /// Gives it another certificate, which it reads at its next start: for so many days, or one that has expired for so many.
    pub fn certify(&self, days: i32) {
        script(self.own_directory(), &["certify", &days.to_string()], "").unwrap();
    }

    /// Kills the broker as a power cut would.
    pub fn kill(&self) {
        self.kill_node(1);
    }

    /// Stops the broker in good order.
    pub fn stop(&self) {
        script(self.own_directory(), &["stop-node", "1"], "").unwrap();
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
                let _ = Command::new("kill").args(["-CONT", pid.trim()]).stderr(Stdio::null()).status();
            }
        }
    }

    /// Kills one of its nodes.
    pub fn kill_node(&self, node: i32) {
        script(self.own_directory(), &["kill-node", &node.to_string()], "").unwrap();
    }

    /// Starts one of its nodes again.
    pub fn start_node(&self, node: i32) {
        script(self.own_directory(), &["start-node", &node.to_string()], "").unwrap();
    }

    /// Starts whichever of its nodes do not run.
    pub fn start_all(&self) {
        up(Some(self.own_directory()), &[], None);
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
            let _ = script(directory, &["down", "--wipe"], "");
        }
    }

    fn own_directory(&self) -> &Path {
        self.directory.as_deref().expect("only a story's own broker is broken")
    }
}

impl Tokens {
    /// What the chart sets for a service, with what is elsewhere here and with the secrets.
    fn of(&self, user: &str, authority: &str) -> BTreeMap<String, String> {
        let chart::Rendered { mut properties, secrets } = chart::with_tokens(user);
        for (name, value) in [
            ("ssl.ca.location", authority),
            ("https.ca.location", self.authority.as_str()),
            ("sasl.oauthbearer.token.endpoint.url", self.endpoint.as_str()),
        ] {
            let place = properties.get_mut(name);
            value.clone_into(place.unwrap_or_else(|| panic!("the chart does not set {name}")));
        }
        for name in secrets {
            let secret = match name.as_str() {
                "sasl.oauthbearer.client.id" => format!("{user}-client"),
                "sasl.oauthbearer.client.secret" => format!("{user}-secret"),
                other => panic!("the chart mounts {other}, and no client needs it to sign in with a token"),
            };
            properties.insert(name, secret);
        }
        properties
    }
}

/// Ends a story's own broker whatever becomes of the story: dropped, it lets the broker go on if it was frozen, and stops it.
#[derive(Debug)]
pub struct Ending(pub Broker);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.thaw_if_running();
        self.0.end();
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

fn up(directory: Option<&Path>, arguments: &[&str], token_keys: Option<&Path>) -> String {
    let mut command = Command::new(root().join("scripts/kafka"));
    command.arg("up").args(arguments);
    if let Some(keys) = token_keys {
        command.env("KAFKA_TOKEN_KEYS", keys);
    }
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

fn script(directory: &Path, arguments: &[&str], input: &str) -> Result<(), String> {
    let mut command = Command::new(root().join("scripts/kafka"));
    command.args(arguments).env("POSTBODE_KAFKA_DIR", directory).env_remove("KAFKA_BOOTSTRAP_SERVERS");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

//! A Kafka for a command: the one that is given, or one of its own through `scripts/kafka`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use stream::Admin;
use tokio::process::Command;

use super::place::Place;
use crate::context::Context;

/// A running Kafka.
pub(crate) struct Kafka {
    /// Its brokers.
    pub(crate) bootstrap_servers: String,
    /// Whose it is.
    pub(crate) owner: Owner,
}

/// Who started a Kafka, and so may stop it.
pub(crate) enum Owner {
    /// Somebody else.
    Other,
    /// This command.
    Ours(Script),
}

/// `scripts/kafka` for the command's own instance.
pub(crate) struct Script {
    path: PathBuf,
    directory: PathBuf,
    compiler: &'static str,
}

impl Kafka {
    /// Takes the given one, or starts the command's own. One that an earlier run left running is used, and left again.
    pub(crate) async fn start(given: Option<&str>, place: &Place) -> anyhow::Result<Self> {
        Self::start_with("quick", given, place).await
    }

    async fn start_with(compiler: &'static str, given: Option<&str>, place: &Place) -> anyhow::Result<Self> {
        if let Some(given) = given {
            return Ok(Self { bootstrap_servers: given.to_owned(), owner: Owner::Other });
        }
        let Some(root) = &place.root else {
            bail!("scripts/kafka is not here: go to the workspace, or set KAFKA_BOOTSTRAP_SERVERS");
        };
        let script = Script::of(root, place, compiler);
        let runs =
            script.command(&["status"]).stdout(Stdio::null()).status().await.is_ok_and(|s| s.success());
        if !runs {
            script.run(&["down", "--wipe"]).await?;
        }
        let said = script.run(&["up"]).await?;
        let bootstrap_servers =
            bootstrap_servers(&said).context("scripts/kafka did not say where Kafka is")?;
        let owner = if runs { Owner::Other } else { Owner::Ours(script) };
        Ok(Self { bootstrap_servers, owner })
    }

    /// Stops it if it is ours, else takes our topics away; says what is left and how to look at it.
    pub(crate) async fn leave(&self, keep: bool, context: &Context) -> anyhow::Result<String> {
        match &self.owner {
            Owner::Other if keep => Ok("the demo's topics stay".to_owned()),
            Owner::Other => {
                let specs = context.topics()?.specs();
                let names: Vec<_> = specs.iter().map(|spec| &*spec.name).collect();
                Admin::new(&context.kafka)?.delete(&names).await?;
                Ok("the demo's topics are deleted; --keep leaves them there".to_owned())
            }
            Owner::Ours(script) if keep => Ok(format!("Kafka goes on; stop it:\n  {}", script.line("down"))),
            Owner::Ours(script) => {
                script.run(&["down"]).await?;
                Ok(format!("Kafka is stopped and its data kept; start it again:\n  {}", script.line("up")))
            }
        }
    }
}

impl Kafka {
    /// Takes the given one, or starts the command's own with no data, whatever an earlier run left, and with the compiler
    /// of production: what it costs is measured.
    pub(crate) async fn fresh(given: Option<&str>, place: &Place) -> anyhow::Result<Self> {
        if let (None, Some(root)) = (given, &place.root) {
            Script::of(root, place, "full").run(&["down", "--wipe"]).await?;
        }
        Self::start_with("full", given, place).await
    }

    /// Stops it and deletes its data if it is ours; somebody else's is left alone.
    pub(crate) async fn discard(&self) -> anyhow::Result<()> {
        match &self.owner {
            Owner::Other => Ok(()),
            Owner::Ours(script) => script.run(&["down", "--wipe"]).await.map(drop),
        }
    }

    /// Where the only node keeps its logs and its process id; nothing if it is somebody else's.
    pub(crate) fn node(&self) -> Option<PathBuf> {
        match &self.owner {
            Owner::Other => None,
            Owner::Ours(script) => Some(script.directory.join("node-1")),
        }
    }
}

impl Script {
    fn of(root: &Path, place: &Place, compiler: &'static str) -> Self {
        Self { path: root.join("scripts/kafka"), directory: place.work.join("kafka"), compiler }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .env("POSTBODE_KAFKA_DIR", &self.directory)
            .env("KAFKA_COMPILER", self.compiler)
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .stdin(Stdio::null());
        command
    }

    /// A verb as a person would write it.
    fn line(&self, verb: &str) -> String {
        format!("POSTBODE_KAFKA_DIR={} {} {verb}", self.directory.display(), self.path.display())
    }

    /// Runs a verb; its words for people go where ours go.
    async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let path = self.path.display();
        let output = self.command(arguments).stderr(Stdio::inherit()).output().await;
        let output = output.with_context(|| format!("cannot run {path}"))?;
        if !output.status.success() {
            bail!("{path} {} failed ({})", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn bootstrap_servers(said: &str) -> Option<String> {
    said.lines()
        .find_map(|line| line.strip_prefix("KAFKA_BOOTSTRAP_SERVERS="))
        .map(|servers| servers.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_says_where_kafka_is() {
        let said = "fetching…\nKAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1,127.0.0.1:2\n";
        assert_eq!(bootstrap_servers(said).as_deref(), Some("127.0.0.1:1,127.0.0.1:2"));
        assert_eq!(bootstrap_servers(""), None);
    }
}

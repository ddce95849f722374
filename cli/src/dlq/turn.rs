//! Two operators at once: the second waits until the first is done, and then finds only what is left.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::timeout;
use wire::topics::Topics;

use crate::context::Context;
use crate::output::safe;

/// Our place in the line; none if it was said not to wait.
pub(crate) struct Turn {
    inner: Option<stream::Turn>,
    group: String,
}

/// How long to wait before saying so, …
const QUIET: Duration = Duration::from_secs(5);
/// … and how often to say it again.
const REPEAT: Duration = Duration::from_secs(30);

impl Turn {
    /// Lines up under a name, by which the others in the line see us; without one it does not, and it is our turn at once.
    pub(crate) fn line_up(name: Option<&str>, context: &Context, topics: &Topics) -> anyhow::Result<Self> {
        let group = format!("{}dlq", context.topic_settings.prefix);
        let in_line = |name| stream::Turn::line_up(&context.kafka, &topics.dispositions, &group, name);
        let inner = name.map(in_line).transpose().context("section kafka")?;
        Ok(Self { inner, group })
    }

    /// Waits until it is our turn: not at all while it is. A broker that restarts may take it away for a while. Safe to
    /// drop while waiting.
    ///
    /// # Errors
    /// When it never will be.
    pub(crate) async fn wait(&self) -> anyhow::Result<()> {
        let Some(turn) = &self.inner else { return Ok(()) };
        let mut patience = QUIET;
        loop {
            match timeout(patience, turn.held()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(why)) => anyhow::bail!(
                    "no turn in group {}: {why}. --concurrent goes on without, if nobody else is at work",
                    self.group
                ),
                Err(_) => eprintln!("{}", waiting(&turn.line().await, &self.group)),
            }
            patience = REPEAT;
        }
    }

    /// Lets the next one have it.
    pub(crate) async fn end(self) {
        if let Some(turn) = self.inner {
            turn.end().await;
        }
    }
}

/// Who is in the line: we are too, unless Kafka does not know us yet.
fn waiting(line: &[String], group: &str) -> String {
    match line {
        [] | [_] => format!("waiting for Kafka to give us the turn, in group {group}"),
        all => format!(
            "waiting for our turn (a killed run keeps it for six seconds); in the line are: {}",
            safe(&all.join(", "))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_else_is_in_the_line_is_named() {
        let [one, two] =
            ["replay by ops at 10.0.0.1", "replay by eve\u{1b}[2J at 10.0.0.2"].map(str::to_owned);
        assert!(waiting(std::slice::from_ref(&one), "postbode.dlq").ends_with("in group postbode.dlq"));
        let text = waiting(&[one, two], "postbode.dlq");
        assert!(text.contains("ops at 10.0.0.1, replay by eve\\u{1b}[2J at"), "{text}");
    }
}

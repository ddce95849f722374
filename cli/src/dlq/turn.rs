//! Two operators at once: the second waits until the first is done, and then finds only what is left.

use std::time::Duration;

use anyhow::Context as _;
use stream::Turn;
use tokio::time::timeout;
use wire::topics::Topics;

use super::work::Job;
use crate::context::Context;
use crate::output::safe;

/// How long to wait before saying so, …
const QUIET: Duration = Duration::from_secs(5);
/// … and how often to say it again.
const REPEAT: Duration = Duration::from_secs(30);

/// Waits until it is our turn; none if it was said not to.
pub(crate) async fn ours(job: &Job, context: &Context, topics: &Topics) -> anyhow::Result<Option<Turn>> {
    if job.args.concurrent {
        return Ok(None);
    }
    let group = format!("{}dlq", context.topic_settings.prefix);
    let name = format!("postbode dlq {} by {}", job.rules.act.name(), job.args.by);
    let turn = Turn::line_up(&context.kafka, &topics.dispositions, &group, &name).context("section kafka")?;
    let mut patience = QUIET;
    loop {
        match timeout(patience, turn.held()).await {
            Ok(Ok(())) => return Ok(Some(turn)),
            Ok(Err(why)) => {
                anyhow::bail!(
                    "no turn in group {group}: {why}. --concurrent goes on without, if nobody else is at work"
                )
            }
            Err(_) => eprintln!("{}", waiting(&turn.line().await, &group)),
        }
        patience = REPEAT;
    }
}

/// Who is in the line: we are too, unless Kafka does not know us yet.
fn waiting(line: &[String], group: &str) -> String {
    match line {
        [] | [_] => format!("waiting for Kafka to give us the turn, in group {group}"),
        all => format!("waiting for another run to end; in the line are: {}", safe(&all.join(", "))),
    }
}

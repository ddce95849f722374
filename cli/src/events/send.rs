//! `postbode events send`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::batch::Batcher;
use super::{Batch, Sender, input};
use crate::context::Context;
use crate::output::{Progress, line};
use crate::rest::Rest;

/// The arguments of `events send`.
#[derive(Args, Debug)]
pub(crate) struct SendArgs {
    /// The events; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// For which account: needed with an operator's key
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Events in one request, at most
    #[arg(long, value_name = "EVENTS", default_value = "500", value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// What events' ids are derived from. Sending the same input under the same key again makes no new events
    #[arg(long, value_name = "KEY", default_value_t = uuid::Uuid::now_v7().to_string(), hide_default_value = true)]
    idempotency_key: String,
    /// Give up when a request is not taken for so long
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = domain::duration::parse)]
    patience: Duration,
}

/// A request of this size is as good as a larger one; a single event may be larger.
const BATCH_BYTES: usize = 1024 * 1024;

/// Sends the events.
pub(crate) async fn run(args: SendArgs, context: &Context) -> anyhow::Result<()> {
    let rest = Rest::new(&context.client.ingest_url, context.key()?)?;
    let mut run = Run {
        sender: Sender::new(rest, args.account.as_deref(), args.patience),
        progress: Progress::new(None, "events accepted"),
        json: context.json,
        accepted: 0,
        batches: 0,
        retries: 0,
    };
    let mut batcher = Batcher::new(args.idempotency_key.clone(), usize::from(args.batch), BATCH_BYTES);
    let result = run.all(input::events(open(&args.file)?)?, &mut batcher).await;
    run.progress.finish();
    run.report(&args.idempotency_key);
    result
}

struct Run {
    sender: Sender,
    progress: Progress,
    json: bool,
    accepted: usize,
    batches: u64,
    retries: u32,
}

impl Run {
    async fn all(
        &mut self,
        events: impl Iterator<Item = anyhow::Result<input::Numbered>>,
        batcher: &mut Batcher,
    ) -> anyhow::Result<()> {
        for event in events {
            let event = event?;
            if let Some(batch) = batcher.add(event.number, event.event.get()) {
                self.one(&batch).await?;
            }
        }
        if let Some(batch) = batcher.take() {
            self.one(&batch).await?;
        }
        Ok(())
    }

    async fn one(&mut self, batch: &Batch) -> anyhow::Result<()> {
        let taken = self.sender.send(batch).await?;
        self.accepted += batch.numbers.len();
        self.batches += 1;
        self.retries += taken.retries;
        if self.json {
            line(json!({"idempotency_key": batch.key, "accepted": batch.numbers.len(), "ids": taken.ids}));
        }
        self.progress.advance(batch.numbers.len() as u64);
        Ok(())
    }

    fn report(&self, key: &str) {
        if self.json {
            line(
                json!({"total": {"accepted": self.accepted, "requests": self.batches, "retries": self.retries}}),
            );
        } else {
            let again =
                if self.retries > 0 { format!(", {} sent again", self.retries) } else { String::new() };
            let requests = if self.batches == 1 { "request" } else { "requests" };
            line(format!(
                "{} accepted in {} {requests}{again}; idempotency key {key}",
                self.accepted, self.batches
            ));
        }
    }
}

fn open(file: &PathBuf) -> anyhow::Result<Box<dyn BufRead>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

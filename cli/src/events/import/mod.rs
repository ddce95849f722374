//! `postbode events import`: SMTPeter's log files, and what its REST API answers, become events.
//!
//! The same record always gets the same event id, so that a file which is imported twice, or grows and is imported again,
//! makes no event twice for a receiver that drops doubles. What was taken is remembered beside the file.

mod journal;
mod kinds;
mod rows;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use self::journal::Journal;
use self::kinds::{Identities, Kind};
use self::rows::Row;
use super::batch::Batcher;
use super::{Batch, Sender};
use crate::context::Context;
use crate::error::usage;
use crate::output::{Progress, line, safe, table};
use crate::rest::Rest;

/// The arguments of `events import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// Log files (`clicks.2026-11-24.log` and the like, as CSV, JSON or XML), or what `GET /v1/events/…` answered
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the files hold, where their names do not begin with it: deliveries, failures, bounces, responses, clicks,
    /// opens, abuses or attempts
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// For which account: needed with an operator's key
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The events' CloudEvents source. Another source makes other events
    #[arg(long, value_name = "SOURCE", default_value = "/smtpeter/log")]
    source: String,
    /// Read everything, say what would be sent and what cannot be read, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Begin at the first record, whatever was imported before
    #[arg(long)]
    again: bool,
    /// Where to remember what was imported [default: beside each file, FILE.imported]
    #[arg(long, value_name = "DIRECTORY")]
    state: Option<PathBuf>,
    /// Events in one request, at most
    #[arg(long, value_name = "EVENTS", default_value = "500", value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Give up when a request is not taken for so long
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = domain::duration::parse)]
    patience: Duration,
}

/// A request of this size is as good as a larger one; a single event may be larger.
const BATCH_BYTES: usize = 1024 * 1024;
/// Unreadable records shown one by one.
const SHOWN: usize = 20;

/// What became of one file.
#[derive(Debug, Default)]
struct Tally {
    /// Records in it.
    records: u64,
    /// Of those, taken by an earlier run.
    before: u64,
    /// Taken by ingest now, or in a dry run what would be sent.
    sent: u64,
    /// Not readable: the line, and why.
    unreadable: Vec<(u64, String)>,
}

/// Imports the files, one after the other. What cannot be read is told at the end, and does not keep the rest.
pub(crate) async fn run(args: ImportArgs, context: &Context) -> anyhow::Result<()> {
    let kind = args.kind.as_deref().map(|name| {
        Kind::named(name).ok_or_else(|| usage(format!("--kind {name}: there are {}", Kind::names())))
    });
    let kind = kind.transpose()?;
    let sender = match args.dry_run {
        true => None,
        false => {
            let rest = Rest::new(&context.client.ingest_url, context.key()?)?;
            Some(Sender::new(rest, None, args.patience).of_cloud_events())
        }
    };
    let mut unreadable = 0;
    let mut rows = Vec::new();
    for file in &args.files {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let kind = kind.or_else(|| Kind::of_file(file));
        let tally = one(&args, file, &bytes, kind, sender.as_ref()).await?;
        tell(file, &tally, context.json);
        unreadable += tally.unreadable.len();
        rows.push([
            safe(&file.display().to_string()),
            tally.records.to_string(),
            tally.before.to_string(),
            tally.sent.to_string(),
            tally.unreadable.len().to_string(),
        ]);
    }
    if !context.json {
        let sent = if args.dry_run { "TO SEND" } else { "ACCEPTED" };
        line(table(["FILE", "RECORDS", "BEFORE", sent, "UNREADABLE"], &rows));
    }
    match unreadable {
        0 => Ok(()),
        count => bail!("{count} records could not be read; all others were"),
    }
}

async fn one(
    args: &ImportArgs,
    file: &Path,
    bytes: &[u8],
    kind: Option<Kind>,
    sender: Option<&Sender>,
) -> anyhow::Result<Tally> {
    let mut journal = Journal::open(file, args.state.as_deref(), bytes, args.account.as_deref());
    let done = if args.again || args.dry_run { 0 } else { journal.records() };
    let mut tally = Tally::default();
    let mut identities = Identities::new(&args.source);
    // Ids stand in the events themselves: the requests' own names mean nothing.
    let mut batcher = Batcher::new("import".to_owned(), usize::from(args.batch), BATCH_BYTES);
    let mut progress = Progress::new(None, "events imported");
    for row in rows::read(bytes, kind) {
        tally.records += 1;
        let read = row.and_then(|Row { line, kind, fields }| {
            kinds::event(kind, fields).map_err(|why| rows::Unreadable { line, why })
        });
        let event = match read {
            Ok(event) => identities.name(event, args.account.as_deref()),
            Err(rows::Unreadable { line, why }) => {
                tally.unreadable.push((line, why));
                continue;
            }
        };
        if tally.records <= done {
            tally.before += 1;
            continue;
        }
        if let Some(batch) = batcher.add(tally.records, &event.to_string()) {
            send(sender, &batch, &mut tally, &mut journal, &mut progress).await?;
        }
    }
    if let Some(batch) = batcher.take() {
        send(sender, &batch, &mut tally, &mut journal, &mut progress).await?;
    }
    progress.finish();
    Ok(tally)
}

async fn send(
    sender: Option<&Sender>,
    batch: &Batch,
    tally: &mut Tally,
    journal: &mut Journal,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    if let Some(sender) = sender {
        sender.send(batch).await.context("run the same command again: it goes on where it was")?;
        journal.took(batch.numbers.last().copied().unwrap_or_default())?;
    }
    tally.sent += batch.numbers.len() as u64;
    progress.advance(batch.numbers.len() as u64);
    Ok(())
}

fn tell(file: &Path, tally: &Tally, as_json: bool) {
    let name = file.display().to_string();
    if as_json {
        let unreadable: Vec<Value> =
            tally.unreadable.iter().map(|(line, why)| json!({"line": line, "why": why})).collect();
        return line(
            json!({"file": name, "records": tally.records, "before": tally.before, "sent": tally.sent,
            "unreadable": unreadable}),
        );
    }
    for (number, why) in tally.unreadable.iter().take(SHOWN) {
        line(format!("{}:{number}: {}", safe(&name), safe(why)));
    }
    if tally.unreadable.len() > SHOWN {
        line(format!("{}: and {} more; --json tells all", safe(&name), tally.unreadable.len() - SHOWN));
    }
}

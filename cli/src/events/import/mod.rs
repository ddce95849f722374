//! `postbode events import`: SMTPeter's log files, and what its REST API answers, become events.
//!
//! The same record always gets the same event id, so that a file which is imported twice, or grows and is imported again,
//! makes no event twice for a receiver that drops doubles. What was taken is remembered beside the file.

mod identities;
mod journal;
mod kinds;
mod reader;
mod rows;
mod text;

use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use self::journal::Journal;
use self::kinds::Kind;
use self::reader::{Found, Reader};
use self::rows::Unreadable;
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
    #[arg(long, value_name = "EVENTS", default_value = "2000", value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Give up when a request is not taken for so long
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = domain::duration::parse)]
    patience: Duration,
}

/// Requests that were read and wait to be sent.
const AHEAD: usize = 4;
/// Unreadable records shown one by one, without --json.
const SHOWN: u64 = 20;

/// Imports the files, one after the other. What cannot be read is told, and does not keep the rest.
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
        let import = Import::new(file, sender.as_ref(), context.json);
        let tally = import.run(&args, kind.or_else(|| Kind::of_file(file))).await?;
        unreadable += tally.unreadable;
        let numbers =
            [tally.records, tally.before, tally.sent, tally.unreadable].map(|number| number.to_string());
        let [records, before, sent, not_read] = numbers;
        rows.push([safe(&file.display().to_string()), records, before, sent, not_read]);
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

/// What became of one file.
#[derive(Debug, Default)]
struct Tally {
    /// Records in it.
    records: u64,
    /// Of those, taken by an earlier run.
    before: u64,
    /// Taken by ingest now, or in a dry run what would be sent.
    sent: u64,
    /// Not readable.
    unreadable: u64,
}

/// The import of one file.
struct Import<'a> {
    file: &'a Path,
    sender: Option<&'a Sender>,
    json: bool,
    tally: Tally,
    progress: Progress,
    /// The first ones that are not readable: a line of their own each beside the progress.
    shown: Vec<Unreadable>,
}

impl<'a> Import<'a> {
    fn new(file: &'a Path, sender: Option<&'a Sender>, json: bool) -> Self {
        let progress = Progress::new(None, "events imported");
        Self { file, sender, json, tally: Tally::default(), progress, shown: Vec::new() }
    }

    async fn run(mut self, args: &ImportArgs, kind: Option<Kind>) -> anyhow::Result<Tally> {
        let cannot = || format!("cannot read {}", self.file.display());
        let mut opened = File::open(self.file).with_context(cannot)?;
        let mut begins = Vec::new();
        opened.by_ref().take(journal::BEGIN as u64).read_to_end(&mut begins).with_context(cannot)?;
        let mut journal = Journal::open(self.file, args.state.as_deref(), &begins, args.account.as_deref());
        let reader = Reader {
            kind,
            account: args.account.clone(),
            source: args.source.clone(),
            done: if args.again || args.dry_run { 0 } else { journal.records() },
            batch: usize::from(args.batch),
        };
        let (to, mut found) = mpsc::channel(AHEAD);
        let reading =
            tokio::task::spawn_blocking(move || reader.read(Cursor::new(begins).chain(opened), &to));
        while let Some(found) = found.recv().await {
            match found {
                Found::Batch(batch) => self.send(&batch, &mut journal).await?,
                Found::Unreadable(unreadable) => self.not_read(unreadable),
            }
        }
        let count = reading.await?.context("the reader was left alone")?;
        (self.tally.records, self.tally.before) = (count.records, count.before);
        self.tell();
        Ok(self.tally)
    }

    /// One request after the other: what is about one message comes in the log's order.
    async fn send(&mut self, batch: &Batch, journal: &mut Journal) -> anyhow::Result<()> {
        if let Some(sender) = self.sender {
            sender.send(batch).await.context("run the same command again: it goes on where it was")?;
            journal.took(batch.numbers.last().copied().unwrap_or_default())?;
        }
        self.tally.sent += batch.numbers.len() as u64;
        self.progress.advance(batch.numbers.len() as u64);
        Ok(())
    }

    fn not_read(&mut self, record: Unreadable) {
        self.tally.unreadable += 1;
        if self.json {
            line(json!({"file": self.file.display().to_string(), "line": record.line, "why": record.why}));
        } else if self.tally.unreadable <= SHOWN {
            self.shown.push(record);
        }
    }

    fn tell(&mut self) {
        self.progress.finish();
        let (name, Tally { records, before, sent, unreadable }) =
            (self.file.display().to_string(), &self.tally);
        if self.json {
            return line(json!({"file": name, "records": records, "before": before, "sent": sent,
                "unreadable": unreadable}));
        }
        for Unreadable { line: number, why } in &self.shown {
            line(format!("{}:{number}: {}", safe(&name), safe(why)));
        }
        if *unreadable > SHOWN {
            line(format!("{}: and {} more; --json tells all", safe(&name), unreadable - SHOWN));
        }
    }
}

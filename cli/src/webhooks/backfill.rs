//! `postbode webhooks backfill`: counts, asks, and has the console send.

use anyhow::{Context as _, bail};
use clap::Args;
use domain::{Clock as _, Timestamp};
use http::Method;
use wire::api::{Backfill, BackfillProgress, Job, NewBackfill};
use wire::text::rfc3339;

use super::path;
use crate::confirm;
use crate::error::stopped_early;
use crate::jobs;
use crate::output::{Progress, line};
use crate::rest::Rest;
use crate::signals::Interrupts;
use crate::when::When;

pub(super) const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped early: no was said, nobody \
                                     wanted to wait, or it was cancelled.";

/// The arguments of `webhooks backfill`.
#[derive(Args, Debug)]
pub(super) struct BackfillArgs {
    /// Which webhook
    id: String,
    /// Events from this time on: an RFC 3339 time, or a duration such as 2h for so long ago
    #[arg(long, value_name = "WHEN")]
    since: When,
    /// Events before this time [default: now]
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// Only count: nothing is sent
    #[arg(long, conflicts_with_all = ["yes", "detach"])]
    dry_run: bool,
    /// At most so many events a second [default: the console's, 200 unless configured]
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Do not wait for the end: say which job it is
    #[arg(long)]
    detach: bool,
}

/// Counts, and sends what was counted.
pub(super) async fn run(args: BackfillArgs, rest: &Rest, json: bool) -> anyhow::Result<()> {
    if !args.dry_run {
        confirm::possible(args.yes, "backfill")?;
    }
    let mut interrupts = Interrupts::listen()?;
    let wanted = wanted(&args, process::SystemClock.now());
    let counted = count(&args.id, &wanted, rest, &mut interrupts).await?;
    let counts = progress(&counted);
    if json {
        jobs::one(&counted, true);
    } else {
        summary(&counts).iter().for_each(line);
    }
    if args.dry_run || counts.matched == 0 {
        return Ok(());
    }
    let question = format!("send {} again?", events(counts.matched));
    if !args.yes && !confirm::agreed(&question, &mut interrupts).await? {
        return Err(stopped_early("stopped early: nothing was sent"));
    }
    // The same time as was counted, which the console may have chosen.
    let asked: Backfill =
        serde_json::from_value(counted.request).context("the job's request is not understood")?;
    let real = NewBackfill { until: Some(asked.until), dry_run: false, ..wanted };
    let job: Job = rest.ask(Method::POST, &path(&args.id, "/backfill"), Some(&real)).await?;
    if args.detach {
        jobs::one(&job, json);
        return Ok(());
    }
    send(job, counts.matched, rest, &mut interrupts, json).await
}

fn wanted(args: &BackfillArgs, now: Timestamp) -> NewBackfill {
    NewBackfill {
        since: args.since.at(now),
        until: args.until.map(|until| until.at(now)),
        dry_run: true,
        rate: args.rate,
    }
}

/// A count that nobody waits for any more is cancelled: it does no good, and others would wait for it.
async fn count(
    id: &str,
    wanted: &NewBackfill,
    rest: &Rest,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Job> {
    let job: Job = rest.ask(Method::POST, &path(id, "/backfill"), Some(wanted)).await?;
    let mut bar = Bar::new("read");
    let followed = jobs::follow(rest, &job.id, interrupts, |job| {
        let counts = progress(job);
        bar.show(counts.read, counts.total);
    });
    let followed = followed.await;
    bar.finish();
    match followed? {
        Some(job) => ended(job),
        None => {
            jobs::cancel(rest, &job.id).await?;
            Err(stopped_early("stopped early: nothing was sent"))
        }
    }
}

async fn send(
    job: Job,
    matched: u64,
    rest: &Rest,
    interrupts: &mut Interrupts,
    json: bool,
) -> anyhow::Result<()> {
    let mut bar = Bar::new("sent");
    let followed = jobs::follow(rest, &job.id, interrupts, |job| bar.show(progress(job).sent, matched)).await;
    bar.finish();
    match followed? {
        Some(job) if json => {
            jobs::one(&job, true);
            ended(job).map(drop)
        }
        Some(job) => {
            let counts = progress(&job);
            line(format!("{} sent, by job {}", events(counts.sent), job.id));
            if counts.too_large > 0 {
                line(format!("{} do not fit into a delivery and were left out", events(counts.too_large)));
            }
            ended(job).map(drop)
        }
        None => Err(stopped_early(format!(
            "the backfill goes on without us: postbode jobs show {0} says how far it is, and postbode jobs cancel {0} \
             ends it",
            job.id
        ))),
    }
}

fn ended(job: Job) -> anyhow::Result<Job> {
    match job.state.as_str() {
        "done" => Ok(job),
        "cancelled" => Err(stopped_early(format!("job {} was cancelled", job.id))),
        _ => bail!("job {} failed: {}", job.id, job.error.as_deref().unwrap_or("no reason given")),
    }
}

fn progress(job: &Job) -> BackfillProgress {
    serde_json::from_value(job.progress.clone()).unwrap_or_default()
}

fn summary(counts: &BackfillProgress) -> Vec<String> {
    let mut lines = vec![format!("{} of {} match", counts.matched, events(counts.of_account))];
    lines.extend(counts.by_type.iter().map(|(kind, count)| format!("  {kind:20} {count}")));
    if let (Some(first), Some(last)) = (counts.first, counts.last) {
        lines.push(format!("  from {} to {}", rfc3339(first), rfc3339(last)));
    }
    if counts.filter_failures > 0 {
        lines.push(format!(
            "  the filter failed for {}, which counts as no match",
            events(counts.filter_failures)
        ));
    }
    lines
}

fn events(count: u64) -> String {
    if count == 1 { "1 event".to_owned() } else { format!("{count} events") }
}

/// A bar whose end is not known at first.
struct Bar {
    unit: &'static str,
    bar: Option<Progress>,
    shown: u64,
}

impl Bar {
    fn new(unit: &'static str) -> Self {
        Self { unit, bar: None, shown: 0 }
    }

    fn show(&mut self, done: u64, total: u64) {
        if total > 0 {
            let bar = self.bar.get_or_insert_with(|| Progress::new(Some(total), self.unit));
            bar.advance(done.saturating_sub(self.shown));
            self.shown = self.shown.max(done);
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: BackfillArgs,
    }

    fn parsed(line: &[&str]) -> Result<BackfillArgs, clap::Error> {
        Line::try_parse_from([&["postbode", "wh_1"], line].concat()).map(|line| line.args)
    }

    #[test]
    fn times_are_given_or_so_long_ago_and_the_end_is_left_to_the_console() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let asked = wanted(&parsed(&["--since", "2h"]).unwrap(), now);
        assert_eq!((asked.since, asked.until, asked.dry_run), (now - Duration::from_secs(7200), None, true));
        let args = ["--since", "2025-12-31T00:00:00Z", "--until", "1h", "--rate", "7"];
        let asked = wanted(&parsed(&args).unwrap(), now);
        assert_eq!((asked.since, asked.rate), (now - Duration::from_secs(24 * 3600), Some(7)));
        assert_eq!(asked.until, Some(now - Duration::from_secs(3600)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [&["--since", "soon"][..], &[], &["--since", "2h", "--rate", "0"]] {
            assert!(parsed(line).is_err(), "{line:?}");
        }
        assert!(parsed(&["--since", "2h", "--dry-run", "--yes"]).is_err());
    }

    #[test]
    fn a_count_is_told_by_type_and_time() {
        let counts = BackfillProgress {
            of_account: 9,
            matched: 3,
            by_type: [("click".to_owned(), 2), ("open".to_owned(), 1)].into(),
            first: Some(Timestamp::from_millis(0)),
            last: Some(Timestamp::from_millis(1)),
            filter_failures: 1,
            ..BackfillProgress::default()
        };
        assert_eq!(
            summary(&counts),
            [
                "3 of 9 events match",
                "  click                2",
                "  open                 1",
                "  from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.001Z",
                "  the filter failed for 1 event, which counts as no match",
            ]
        );
    }
}

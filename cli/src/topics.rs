//! `postbode topics`: makes the topics, and says whether they are safe.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use stream::{Admin, Problem, Severity};

use crate::context::Context;
use crate::output::{line, safe, style, table};

/// The arguments of `topics`.
#[derive(Args, Debug)]
pub(crate) struct TopicsArgs {
    #[command(subcommand)]
    command: TopicsCommand,
}

#[derive(Subcommand, Debug)]
enum TopicsCommand {
    /// Make the topics that are missing, then check all of them. Those that are there stay as they are
    Create {
        /// Partitions of the topics that have many; also POSTBODE__TOPICS__PARTITIONS
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// Copies of each partition, -1 for the cluster's default; also POSTBODE__TOPICS__REPLICATION
        #[arg(long, value_name = "COPIES", allow_negative_numbers = true)]
        replication: Option<i32>,
    },
    /// Say which topics are missing or unsafe, and what to run; exit code 1 when services would refuse to start
    Check,
}

/// How long Kafka may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs one of them.
pub(crate) async fn run(args: TopicsArgs, mut context: Context) -> anyhow::Result<()> {
    if let TopicsCommand::Create { partitions, replication } = args.command {
        let settings = &mut context.topic_settings;
        settings.partitions = partitions.unwrap_or(settings.partitions);
        settings.replication = replication.unwrap_or(settings.replication);
    }
    let specs = context.topics()?.specs();
    let admin = Admin::new(&context.kafka)?;
    admin.wait_ready(PATIENCE).await?;
    if let TopicsCommand::Create { .. } = args.command {
        let reports = admin.create(&specs).await?;
        if context.json {
            reports
                .iter()
                .for_each(|report| line(json!({"topic": &*report.topic, "created": report.created})));
        } else {
            let rows: Vec<_> = reports
                .iter()
                .map(|report| [report.topic.to_string(), created(report.created).to_owned()])
                .collect();
            line(table(["TOPIC", "BECAME"], &rows));
        }
    }
    let problems = admin.check(&specs).await?;
    show(&problems, specs.len(), context.json);
    let fatal = problems.iter().filter(|problem| problem.severity.is_fatal()).count();
    anyhow::ensure!(fatal == 0, "{fatal} problems that services refuse to start with");
    Ok(())
}

const fn created(created: bool) -> &'static str {
    if created { "created" } else { "was there" }
}

fn show(problems: &[Problem], topics: usize, as_json: bool) {
    if as_json {
        problems.iter().for_each(|problem| line(as_object(problem)));
        return line(json!({"topics": topics, "problems": problems.len()}));
    }
    let (notes, graver): (Vec<_>, Vec<_>) =
        problems.iter().partition(|problem| problem.severity == Severity::Note);
    for problem in graver.iter().chain(notes.first()) {
        line(format!("{}: {}\n  {}", label(problem.severity), safe(&problem.sentence), problem.command));
    }
    if notes.len() > 1 {
        line(format!("  and {} notes more like this; --json shows all", notes.len() - 1));
    }
    if graver.is_empty() {
        line(format!("{topics} topics are as they must be"));
    }
}

fn as_object(problem: &Problem) -> Value {
    json!({
        "topic": &*problem.topic,
        "severity": problem.severity.name(),
        "problem": problem.sentence,
        "command": problem.command,
    })
}

fn label(severity: Severity) -> String {
    if severity.is_fatal() { style::bad(severity.name()) } else { style::dim(severity.name()) }
}

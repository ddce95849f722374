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
    let say = |problem: &Problem| {
        line(format!("{}: {}\n  {}", label(problem.severity), safe(&problem.sentence), problem.command));
    };
    graver.iter().for_each(|problem| say(problem));
    for (problem, others) in kinds(&notes) {
        say(problem);
        if others > 0 {
            line(format!("  and {others} notes more like this; --json shows all"));
        }
    }
    if graver.is_empty() {
        line(format!("{topics} topics are as they must be"));
    }
}

/// The first note of each kind, and how many more there are of it: all topics mostly share what is odd about one.
fn kinds<'a>(notes: &[&'a Problem]) -> Vec<(&'a Problem, usize)> {
    let said = |note: &Problem| note.sentence.replacen(&*note.topic, "", 1);
    let mut kinds: Vec<(&Problem, usize)> = Vec::new();
    for &note in notes {
        match kinds.iter_mut().find(|(first, _)| said(first) == said(note)) {
            Some((_, others)) => *others += 1,
            None => kinds.push((note, 0)),
        }
    }
    kinds
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

#[cfg(test)]
mod tests {
    use super::*;

    fn note(topic: &str, what: &str) -> Problem {
        let sentence = format!("Topic {topic}: {what}");
        Problem { topic: topic.into(), severity: Severity::Note, sentence, command: "run this".to_owned() }
    }

    #[test]
    fn notes_of_one_kind_are_said_once_and_none_hides_behind_another() {
        let notes = [note("a", "copies is 1"), note("a", "partitions is 3"), note("b", "copies is 1")];
        let kinds = kinds(&notes.iter().collect::<Vec<_>>());
        let said: Vec<_> = kinds.iter().map(|(note, others)| (&*note.sentence, *others)).collect();
        assert_eq!(said, [("Topic a: copies is 1", 1), ("Topic a: partitions is 3", 0)]);
    }
}

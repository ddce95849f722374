//! Whether the topics are there and lose nothing: as `postbode topics check` looks at them. With the eyes of a service only those
//! that it looks at.

use stream::{Admin, Problem, Severity};
use tokio::time::timeout;

use super::Round;
use super::finding::Finding;
use super::rights::rights_of;

const NAME: &str = "topics";

/// One finding if all is well, else one for each problem.
pub(super) async fn look(round: &Round<'_>) -> Vec<Finding> {
    let looked = async {
        let prefix = &round.context.topic_settings.prefix;
        let needed = round.service.map(rights_of);
        let mut specs = round.context.topics()?.specs();
        specs.retain(|spec| {
            let name = spec.name.strip_prefix(prefix.as_str()).unwrap_or(&spec.name);
            needed.as_ref().is_none_or(|needed| needed.looks_at(name))
        });
        let problems = Admin::new(&round.context.kafka)?.check(&specs).await?;
        anyhow::Ok((specs.len(), problems))
    };
    match timeout(round.patience, looked).await {
        Ok(Ok((count, problems))) => judge(count, &problems),
        Ok(Err(error)) => vec![Finding::failed(NAME, format!("{error:#}"), "postbode topics check")],
        Err(_) => vec![Finding::failed(NAME, "Kafka did not answer in time", "postbode topics check")],
    }
}

fn judge(count: usize, problems: &[Problem]) -> Vec<Finding> {
    let graver = problems.iter().filter(|problem| problem.severity > Severity::Note).map(finding);
    let mut findings: Vec<_> = graver.collect();
    if findings.is_empty() {
        let notes = match problems.len() {
            0 => String::new(),
            notes => format!(" ({notes} notes: postbode topics check)"),
        };
        findings.push(Finding::ok(NAME, format!("{count} topics are as they must be{notes}")));
    }
    findings
}

fn finding(problem: &Problem) -> Finding {
    let name = format!("topic {}", problem.topic);
    if problem.severity.is_fatal() {
        Finding::failed(name, &problem.sentence, &problem.command)
    } else {
        Finding::warning(name, &problem.sentence, &problem.command)
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn problem(severity: Severity) -> Problem {
        let (sentence, command) = (format!("It is {}.", severity.name()), "mend it".to_owned());
        Problem { topic: "a.events".into(), severity, sentence, command }
    }

    #[test]
    fn notes_are_counted_and_all_else_is_a_finding_each() {
        let notes = judge(16, &[problem(Severity::Note), problem(Severity::Note)]);
        assert_eq!(
            notes,
            [Finding::ok("topics", "16 topics are as they must be (2 notes: postbode topics check)")]
        );
        let found = judge(16, &[Severity::Missing, Severity::Warning, Severity::Note].map(problem));
        let verdicts: Vec<_> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Failed, Verdict::Warning]);
        assert_eq!((found[0].name.as_str(), found[0].todo.as_deref()), ("topic a.events", Some("mend it")));
    }
}

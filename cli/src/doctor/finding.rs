//! What a check found, and how it is shown: a table and a list of what to do for people, a line each for machines.

use std::time::Duration;

use serde_json::{Value, json};

use crate::output::{line, safe, style, table};

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) name: String,
    pub(super) verdict: Verdict,
    /// What was seen there.
    pub(super) seen: String,
    /// The command to run or the setting to look at; none where all is well.
    pub(super) todo: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Ok,
    /// It could not be looked at, or nobody said where.
    Unchecked,
    /// It works, and will not for ever.
    Warning,
    /// It does not work.
    Failed,
}

impl Verdict {
    const ALL: [Self; 4] = [Self::Failed, Self::Warning, Self::Unchecked, Self::Ok];

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unchecked => "not checked",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Finding {
    pub(super) fn ok(name: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, seen: seen.into(), todo: None }
    }

    pub(super) fn unchecked(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unchecked, ..Self::ok(name, why) }
    }

    pub(super) fn warning(name: impl Into<String>, seen: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, todo: Some(todo.into()), ..Self::ok(name, seen) }
    }

    pub(super) fn failed(name: impl Into<String>, seen: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, ..Self::warning(name, seen, todo) }
    }

    /// The same, with what to do to have it checked.
    pub(super) fn or_else(self, todo: impl Into<String>) -> Self {
        Self { todo: Some(todo.into()), ..self }
    }

    fn json(&self) -> Value {
        json!({"check": self.name, "verdict": self.verdict.name(), "seen": self.seen, "todo": self.todo})
    }
}

/// Shows all of them, and says how many failed.
pub(super) fn show(findings: &[Finding], as_json: bool) -> usize {
    if as_json {
        findings.iter().for_each(|finding| line(finding.json()));
        let counts = Verdict::ALL.map(|verdict| (verdict.name().to_owned(), count(findings, verdict).into()));
        line(json!({"summary": Value::Object(counts.into_iter().collect())}));
    } else {
        line(shown(findings));
    }
    count(findings, Verdict::Failed)
}

/// How long something took, for people.
pub(super) fn took(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

fn shown(findings: &[Finding]) -> String {
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| [safe(&finding.name), finding.verdict.name().to_owned(), safe(&finding.seen)])
        .collect();
    let mut text = vec![table(["CHECK", "VERDICT", "SEEN"], &rows)];
    for verdict in Verdict::ALL {
        for (todo, names) in todos(findings, verdict) {
            let names = format!("{}: {}", verdict.name(), safe(&names.join(", ")));
            let names = if verdict == Verdict::Failed { style::bad(&names) } else { style::strong(&names) };
            text.push(format!("\n{names}\n  {}", safe(todo)));
        }
    }
    let counts: Vec<_> = Verdict::ALL
        .iter()
        .map(|verdict| (count(findings, *verdict), verdict.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    text.push(format!("\n{}", counts.join(", ")));
    text.join("\n")
}

/// What to do, and about what: what mends several things is said once.
fn todos(findings: &[Finding], verdict: Verdict) -> Vec<(&str, Vec<&str>)> {
    let mut todos: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.verdict == verdict) {
        let Some(todo) = finding.todo.as_deref() else { continue };
        match todos.iter_mut().find(|(said, _)| *said == todo) {
            Some((_, names)) => names.push(&finding.name),
            None => todos.push((todo, vec![&finding.name])),
        }
    }
    todos
}

fn count(findings: &[Finding], verdict: Verdict) -> usize {
    findings.iter().filter(|finding| finding.verdict == verdict).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_all_and_the_list_says_what_to_do_the_worst_first() {
        let findings = [
            Finding::ok("broker a:9092", "answers"),
            Finding::warning("clock", "4 s ahead", "chronyc tracking"),
            Finding::unchecked("outbound", "nobody said where").or_else("--url https://…"),
            Finding::failed("topic x", "does not exist\u{1b}[2J", "postbode topics create"),
            Finding::unchecked("dns", "no name"),
            Finding::failed("topic y", "is missing", "postbode topics create"),
        ];
        assert_eq!(
            shown(&findings),
            "CHECK          VERDICT      SEEN\n\
             broker a:9092  ok           answers\n\
             clock          warning      4 s ahead\n\
             outbound       not checked  nobody said where\n\
             topic x        failed       does not exist\\u{1b}[2J\n\
             dns            not checked  no name\n\
             topic y        failed       is missing\n\
             \nfailed: topic x, topic y\n  postbode topics create\n\
             \nwarning: clock\n  chronyc tracking\n\
             \nnot checked: outbound\n  --url https://…\n\
             \n2 failed, 1 warning, 2 not checked, 1 ok"
        );
    }

    #[test]
    fn a_line_for_machines_has_the_same() {
        let finding = Finding::failed("topic x", "is missing", "make it");
        let expected =
            json!({"check": "topic x", "verdict": "failed", "seen": "is missing", "todo": "make it"});
        assert_eq!(finding.json(), expected);
        assert_eq!(Finding::ok("a", "b").json()["todo"], Value::Null);
    }
}

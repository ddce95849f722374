//! The chart's alerts, with time made shorter: a day of theirs is minutes here.
//!
//! Nothing else of a rule is changed, but for the numbers of [`SMALLER`].

use std::path::Path;
use std::time::Duration;

/// No range is shorter: some scrapes have to be in it.
const LEAST_RANGE: Duration = Duration::from_secs(5);
/// Nothing has to last less before it is told of.
const LEAST_FOR: Duration = Duration::from_secs(2);

/// Numbers that would take too long to reach, or too much: of which alert, what it says, and what it says here.
const SMALLER: [(&str, &str, &str); 8] = [
    ("PostbodeBacklogUnseen", "> 300", "> 8"),
    ("PostbodeRebalances", "> 15", "> 4"),
    ("PostbodeCommitsRefused", "> 5", "> 2"),
    ("PostbodeFrontierAge", "> 300", "> 5"),
    ("PostbodeBacklogDue", "> 10000", "> 1000"),
    ("PostbodeRetriesLate", "> 60", "> 1.5"),
    ("PostbodeFirstAttemptSlow", "> 30", "> 3"),
    ("PostbodeHistoryBehind", "failures_total[10m])) > 10", "failures_total[10m])) > 0.5"),
];

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) is_critical: bool,
}

/// All of them.
pub(crate) struct Rules {
    /// What Prometheus reads.
    pub(crate) text: String,
    pub(crate) all: Vec<Rule>,
}

impl Rules {
    /// Those of the chart, with times divided by a factor.
    pub(crate) fn read(factor: u64) -> Result<Self, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/postbode/files/rules.yaml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::shortened(&text, factor, &SMALLER)
    }

    fn shortened(text: &str, factor: u64, smaller: &[(&str, &str, &str)]) -> Result<Self, String> {
        let mut all: Vec<Rule> = Vec::new();
        let mut used = vec![false; smaller.len()];
        let (mut made, mut in_expression) = (String::new(), false);
        for line in text.lines() {
            let words = line.trim_start();
            if let Some(name) = words.strip_prefix("- alert: ") {
                all.push(Rule { name: name.to_owned(), is_critical: false });
            }
            let key = words.split_once(':').map_or("", |(key, _)| key);
            in_expression =
                key == "expr" || in_expression && !["for", "labels", "annotations"].contains(&key);
            let mut line = line.to_owned();
            if let Some(rule) = all.last_mut() {
                rule.is_critical |= key == "labels" && words.contains("severity: critical");
                let about = |(alert, ..): &(&str, &str, &str)| in_expression && *alert == rule.name;
                for (n, (_, is, here)) in smaller.iter().enumerate().filter(|(_, it)| about(it)) {
                    used[n] |= line.contains(is);
                    line = line.replace(is, here);
                }
            }
            if in_expression {
                line = each_time(&line, "[", factor, LEAST_RANGE);
                line = each_time(&line, "offset ", factor, LEAST_FOR);
            } else if key == "for" {
                line = each_time(&line, "for: ", factor, LEAST_FOR);
            }
            made.push_str(&line);
            made.push('\n');
        }
        match smaller.iter().zip(used).find(|(_, used)| !used) {
            Some(((alert, is, _), _)) => {
                Err(format!("{alert} does not say '{is}' any more: look at SMALLER"))
            }
            None => Ok(Self { text: made, all }),
        }
    }

    /// Whether an alert wakes somebody.
    pub(crate) fn is_critical(&self, alert: &str) -> bool {
        self.all.iter().any(|rule| rule.name == alert && rule.is_critical)
    }
}

/// Shortens each time that stands behind a word. What is no time there stays.
fn each_time(line: &str, behind: &str, factor: u64, least: Duration) -> String {
    let mut pieces = line.split(behind);
    let mut made = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        made.push_str(behind);
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        match (number.parse::<u64>(), rest.chars().next().and_then(seconds)) {
            (Ok(number), Some(unit)) => {
                let short = Duration::from_secs(number * unit) / u32::try_from(factor).unwrap_or(u32::MAX);
                made.push_str(&format!("{}ms{}", short.max(least).as_millis(), &rest[1..]));
            }
            _ => made.push_str(piece),
        }
    }
    made
}

fn seconds(unit: char) -> Option<u64> {
    match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "groups:
  - name: g
    rules:
      - alert: A
        expr: |
          sum(rate(x{topic=~\"a[.].*\"}[1h])) > 300
          unless x offset 15m
        for: 30s
        labels: {severity: critical}
        annotations:
          summary: more than > 300 in [1h]
      - alert: B
        expr: y > 300
        labels: {severity: warning}
";

    #[test]
    fn times_are_shorter_and_named_numbers_smaller_and_words_stay() {
        let rules = Rules::shortened(TEXT, 60, &[("A", "> 300", "> 3")]).unwrap();
        for line in [
            "sum(rate(x{topic=~\"a[.].*\"}[60000ms])) > 3\n",
            "unless x offset 15000ms\n",
            "for: 2000ms\n",
            "summary: more than > 300 in [1h]\n",
            "expr: y > 300\n",
        ] {
            assert!(rules.text.contains(line), "{line}{}", rules.text);
        }
        let known: Vec<_> = rules.all.iter().map(|rule| (&*rule.name, rule.is_critical)).collect();
        assert_eq!(known, [("A", true), ("B", false)]);
    }

    #[test]
    fn a_number_that_no_alert_has_any_more_is_an_error() {
        let error = Rules::shortened(TEXT, 60, &[("B", "> 301", "> 3")]).err().unwrap();
        assert!(error.contains("B does not say '> 301'"), "{error}");
    }

    #[test]
    fn the_charts_alerts_are_all_read() {
        let rules = Rules::read(60).unwrap();
        assert_eq!(rules.all.len(), rules.text.matches("runbook_url:").count());
    }
}

//! How many dead letters there are of what. Pure.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde_json::{Value, json};

use super::letter::Letter;
use crate::output::safe;

/// Counts by reason, type, account, webhook, and by when they died.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    total: u64,
    reasons: Counts,
    kinds: Counts,
    accounts: Counts,
    webhooks: Counts,
    /// By the beginning of the hour, in UTC.
    hours: Counts,
}

type Counts = BTreeMap<String, u64>;

/// How many of one kind are named.
const NAMED: usize = 10;
/// More hours than these are shown as days.
const MOST_HOURS: usize = 24;
/// How long a bar is at most, in characters.
const BAR: u64 = 24;

impl Histogram {
    /// Counts one.
    pub(crate) fn count(&mut self, letter: &Letter) {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let one = |counts: &mut Counts, name: String| *counts.entry(name).or_default() += 1;
        one(&mut self.reasons, letter.reason_name().to_owned());
        one(&mut self.kinds, text(&letter.kind));
        one(&mut self.accounts, text(&letter.account));
        one(&mut self.webhooks, text(&letter.webhook));
        one(&mut self.hours, hour(letter.at));
        self.total += 1;
    }

    /// How many there are.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// One JSON object; all of everything.
    pub(crate) fn json(&self) -> Value {
        json!({
            "total": self.total,
            "reasons": self.reasons,
            "types": self.kinds,
            "accounts": self.accounts,
            "webhooks": self.webhooks,
            "hours": self.hours,
        })
    }

    /// One line for people, the most frequent first.
    pub(crate) fn line(&self) -> String {
        let kinds = [("", &self.reasons), ("types: ", &self.kinds), ("webhooks: ", &self.webhooks)];
        let parts = kinds.map(|(label, counts)| {
            let counts = most_frequent(counts, 5);
            let named: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            format!("{label}{}", named.join(", "))
        });
        let head = letters(self.total);
        if self.total == 0 { head } else { format!("{head}: {}", parts.join("; ")) }
    }

    /// Many lines for people, with bars: the most frequent of each kind, and the hours or days in their order.
    pub(crate) fn block(&self) -> String {
        let times = self.times();
        let sections = [
            ("reason", most_frequent(&self.reasons, NAMED)),
            ("type", most_frequent(&self.kinds, NAMED)),
            ("account", most_frequent(&self.accounts, NAMED)),
            ("webhook", most_frequent(&self.webhooks, NAMED)),
            ("died", times),
        ];
        let rows = sections.iter().flat_map(|(_, counts)| counts);
        let width = rows.map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut lines = Vec::new();
        for (label, counts) in &sections {
            for (n, (name, count)) in counts.iter().enumerate() {
                let label = if n == 0 { label } else { "" };
                let gap = " ".repeat(width - name.chars().count());
                lines.push(format!("  {label:8} {name}{gap}  {count:>9}  {}", self.bar(*count)));
            }
        }
        lines.join("\n")
    }

    fn times(&self) -> Vec<(String, u64)> {
        if self.hours.len() <= MOST_HOURS {
            return self.hours.clone().into_iter().collect();
        }
        let mut days = Counts::new();
        for (hour, count) in &self.hours {
            *days.entry(hour.chars().take(10).collect()).or_default() += count;
        }
        days.into_iter().collect()
    }

    /// At least a sliver for what is there at all.
    fn bar(&self, count: u64) -> String {
        let length = (count * BAR).div_ceil(self.total.max(1));
        "█".repeat(usize::try_from(length).unwrap_or(0))
    }
}

/// So many dead letters, in words.
pub(crate) fn letters(count: u64) -> String {
    match count {
        0 => "no dead letters".to_owned(),
        1 => "1 dead letter".to_owned(),
        _ => format!("{count} dead letters"),
    }
}

/// `2026-01-31T12:00Z`: sorts as text.
fn hour(at: Timestamp) -> String {
    let text = wire::text::rfc3339(at);
    format!("{}:00Z", text.get(..13).unwrap_or(&text))
}

/// At most so many by name, the rest in one.
fn most_frequent(counts: &Counts, named: usize) -> Vec<(String, u64)> {
    let mut sorted: Vec<_> = counts.iter().map(|(name, count)| (safe(name), *count)).collect();
    sorted.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    let rest: u64 = sorted.iter().skip(named).map(|(_, count)| count).sum();
    sorted.truncate(named);
    if rest > 0 {
        sorted.push(("others".to_owned(), rest));
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::super::letter::tests::letter;
    use super::*;

    fn of_kinds(kinds: &[&str]) -> Histogram {
        let mut histogram = Histogram::default();
        for (n, kind) in kinds.iter().enumerate() {
            let mut letter = letter(&format!("0-{n}"));
            letter.kind = Some((*kind).to_owned());
            letter.at = Timestamp::from_millis(1_769_860_800_000 + n as i64 * 3_600_000);
            histogram.count(&letter);
        }
        histogram
    }

    #[test]
    fn a_line_names_the_most_frequent_first() {
        assert_eq!(Histogram::default().line(), "no dead letters");
        let histogram = of_kinds(&["a", "b", "b", "c", "d", "e", "f", "g"]);
        assert_eq!(
            histogram.line(),
            "8 dead letters: exhausted 8; types: b 2, a 1, c 1, d 1, e 1, others 2; webhooks: wh_1 8"
        );
        assert_eq!(histogram.json()["types"]["b"], 2);
        assert_eq!(histogram.json()["hours"]["2026-01-31T13:00Z"], 1);
    }

    #[test]
    fn a_block_shows_each_kind_with_bars_and_the_hours_in_their_order() {
        let block = of_kinds(&["a", "b", "b"]).block();
        let lines: Vec<_> = block.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], "  reason   exhausted                  3  ████████████████████████");
        assert_eq!(lines[1], "  type     b                          2  ████████████████");
        assert!(lines[5].starts_with("  died     2026-01-31T12:00Z          1"), "{block}");
        assert!(lines[6].starts_with("           2026-01-31T13:00Z"), "{block}");
    }

    #[test]
    fn many_hours_are_shown_as_days() {
        let block = of_kinds(&["a"; 40]).block();
        assert!(block.contains("died     2026-01-31 ") && block.contains("2026-02-01 "), "{block}");
        assert!(!block.contains("T12:00Z"), "{block}");
    }

    #[test]
    fn names_of_strangers_cannot_steer_the_terminal() {
        assert!(of_kinds(&["\u{1b}[2J"]).block().contains("\\u{1b}[2J"));
    }
}

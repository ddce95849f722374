//! A day as bars: what was taken, and what failed. Markup of ours, made of numbers only.

use std::fmt::Write as _;

use wire::api::{Hour, Tally};

use crate::words::Language;

const BAR: u64 = 5;
const GAP: u64 = 1;
const HEIGHT: u64 = 32;

/// An SVG of hours, the oldest first, with this text for those who do not see it.
pub(super) fn bars(hours: &[Hour], label: &str) -> String {
    let most = hours.iter().map(|hour| hour.tally.attempts).max().unwrap_or(0).max(1);
    let width = (BAR + GAP) * hours.len() as u64;
    let mut svg = format!(
        "<svg class=\"chart\" width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    let base = HEIGHT - 1;
    let _ = write!(svg, "<line x1=\"0\" y1=\"{base}\" x2=\"{width}\" y2=\"{base}\"/>");
    for (n, hour) in hours.iter().enumerate() {
        let x = (BAR + GAP) * n as u64;
        let failed = height(hour.tally.failures, most);
        let taken = height(hour.tally.successes, most).min(base - failed);
        bar(&mut svg, "", x, base - failed - taken, taken);
        bar(&mut svg, " class=\"failed\"", x, base - failed, failed);
    }
    svg.push_str("</svg>");
    svg
}

/// What the picture shows, in words.
pub(super) fn label(language: Language, day: &Tally) -> String {
    language.say_of(
        "chart-label",
        ("attempts", day.attempts.to_string()),
        ("failures", day.failures.to_string()),
    )
}

fn bar(svg: &mut String, class: &str, x: u64, y: u64, height: u64) {
    if height > 0 {
        let _ = write!(svg, "<rect{class} x=\"{x}\" y=\"{y}\" width=\"{BAR}\" height=\"{height}\"/>");
    }
}

/// Whatever there is can be seen.
fn height(count: u64, most: u64) -> u64 {
    if count == 0 { 0 } else { (count * (HEIGHT - 2)).div_ceil(most) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn hour(successes: u64, failures: u64) -> Hour {
        let attempts = successes + failures;
        let tally = Tally { attempts, successes, failures, ..Tally::default() };
        Hour { begins_at: Timestamp::from_millis(0), tally }
    }

    #[test]
    fn one_failure_among_many_can_be_seen_and_no_bar_leaves_the_picture() {
        let svg = bars(&[hour(0, 0), hour(1_000_000, 1), hour(5, 0)], "a \"day\"");
        assert_eq!(svg.matches("<rect").count(), 3, "{svg}");
        assert!(svg.contains("class=\"failed\" x=\"6\" y=\"30\" width=\"5\" height=\"1\""), "{svg}");
        assert!(svg.contains("aria-label=\"a &quot;day&quot;\""));
        assert!(svg.contains("x=\"6\" y=\"1\"") || svg.contains("x=\"6\" y=\"0\""), "{svg}");
    }
}

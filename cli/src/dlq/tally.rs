//! What was done and what was not, in words and for programs. Pure but for the printing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::histogram::{Histogram, letters};
use super::rules::{Act, Why};

/// The counts of one run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// What is, or would be, dealt with.
    pub(crate) chosen: Histogram,
    /// What stays as it is.
    pub(crate) left: BTreeMap<Why, u64>,
    /// Copies of others: written down, and not sent.
    pub(crate) copies: u64,
    /// Dealt with, and written down.
    pub(crate) done: u64,
    /// Replayed, but not written down: another run would replay it again, under the same name.
    pub(crate) unrecorded: u64,
    /// Neither.
    pub(crate) failed: u64,
    pub(crate) first_error: Option<String>,
    /// On their way when the run was cut short: done or not, nobody waited.
    pub(crate) in_doubt: u64,
    pub(crate) stopped: Option<Stop>,
}

/// Why a run ended before all was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// By its user.
    Interrupted,
    /// `--max` was reached, and there are more.
    Max,
    /// Kafka took no more.
    Failed,
}

impl Stop {
    const fn code(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Max => "max",
            Self::Failed => "failed",
        }
    }
}

/// What became of one letter.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Done,
    Copy,
    Failed(String),
    Unrecorded(String),
}

impl Tally {
    /// It stays as it is.
    pub(crate) fn leave(&mut self, why: Why) {
        *self.left.entry(why).or_default() += 1;
    }

    /// It was dealt with, or not.
    pub(crate) fn note(&mut self, outcome: Outcome) {
        let (count, error) = match outcome {
            Outcome::Done => (&mut self.done, None),
            Outcome::Copy => (&mut self.copies, None),
            Outcome::Failed(error) => (&mut self.failed, Some(error)),
            Outcome::Unrecorded(error) => (&mut self.unrecorded, Some(error)),
        };
        *count += 1;
        if let Some(error) = error {
            self.first_error.get_or_insert(error);
        }
    }

    /// The letters could not be read any further.
    pub(crate) fn break_off(&mut self, error: String) {
        self.first_error.get_or_insert(error);
        self.stopped = Some(Stop::Failed);
    }

    /// The last line for programs.
    pub(crate) fn json(&self, act: Act, dry_run: bool) -> Value {
        let left: BTreeMap<_, _> = self.left.iter().map(|(why, count)| (why.code(), count)).collect();
        json!({"summary": {
            "act": act.name(),
            "dry_run": dry_run,
            act.done(): self.done,
            "copies": self.copies,
            "failed": self.failed,
            "unrecorded": self.unrecorded,
            "in_doubt": self.in_doubt,
            "left": left,
            "stopped": self.stopped.map(Stop::code),
            "histogram": self.chosen.json(),
        }})
    }

    /// The last lines for people.
    pub(crate) fn text(&self, act: Act, dry_run: bool) -> String {
        let mut lines = Vec::new();
        if dry_run {
            lines.push(format!("would {} {}", act.name(), letters(self.chosen.total())));
            if self.chosen.total() > 0 {
                lines.push(self.chosen.block());
            }
        } else {
            lines.push(format!("{} {}", letters(self.done), act.done()));
        }
        if self.copies > 0 {
            lines.push(format!(
                "not sent: {} copies of others (--include-copies sends them too)",
                self.copies
            ));
        }
        lines.extend(self.left.iter().map(|(why, count)| format!("left alone: {count} {}", why.words())));
        if self.stopped == Some(Stop::Max) {
            lines.push("there are more: --max was reached".to_owned());
        }
        lines.join("\n")
    }

    /// How the run failed, if it did.
    pub(crate) fn failure(&self, act: Act) -> Option<String> {
        let error = self.first_error.as_ref()?;
        let mut parts = Vec::new();
        if self.stopped == Some(Stop::Failed) {
            parts.push("broken off".to_owned());
        }
        if self.failed > 0 {
            parts.push(format!("{} not {}", self.failed, act.done()));
        }
        if self.unrecorded > 0 {
            let what = "replayed, though that could not be written down: said again, these are sent twice";
            parts.push(format!("{} {what}", self.unrecorded));
        }
        Some(format!("{}. Say the same command again to go on. The first error: {error}", parts.join("; ")))
    }

    /// How the run was cut short, if it was.
    pub(crate) fn cut_short(&self, act: Act) -> Option<String> {
        if self.stopped != Some(Stop::Interrupted) {
            return None;
        }
        let doubt = match (act, self.in_doubt) {
            (Act::Replay, doubt @ 1..) => format!(" {doubt} more were on their way and may be sent twice."),
            (Act::Replay | Act::Discard | Act::Restore, _) => String::new(),
        };
        Some(format!("stopped early.{doubt} Say the same command again to go on"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::letter::tests::letter;
    use super::*;

    #[test]
    fn a_dry_run_says_what_would_be_done_and_to_what() {
        let mut tally = Tally::default();
        assert_eq!(tally.text(Act::Discard, true), "would discard no dead letters");
        tally.chosen.count(&letter("0-0"));
        tally.leave(Why::Replayed);
        let text = tally.text(Act::Replay, true);
        assert!(text.starts_with("would replay 1 dead letter\n  reason   exhausted"), "{text}");
        assert!(text.ends_with("left alone: 1 replayed before"), "{text}");
    }

    #[test]
    fn what_is_counted_once_is_told_once() {
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.note(Outcome::Done));
        tally.note(Outcome::Unrecorded("not acknowledged".into()));
        tally.note(Outcome::Failed("too large".into()));
        assert_eq!(tally.text(Act::Replay, false), "3 dead letters replayed");
        let summary = tally.json(Act::Replay, false);
        let summary = &summary["summary"];
        assert_eq!(
            (&summary["replayed"], &summary["unrecorded"], &summary["failed"]),
            (&3.into(), &1.into(), &1.into())
        );
        let failure = tally.failure(Act::Replay).unwrap();
        assert!(
            failure.starts_with("1 not replayed; 1 replayed, though") && failure.contains("not acknowledged"),
            "{failure}"
        );
        assert_eq!(tally.cut_short(Act::Replay), None);
    }

    #[test]
    fn a_run_that_broke_off_says_why() {
        let mut tally = Tally::default();
        tally.break_off("there is no topic".into());
        let failure = tally.failure(Act::Discard).unwrap();
        assert!(
            failure.starts_with("broken off. Say") && failure.ends_with("there is no topic"),
            "{failure}"
        );
    }

    #[test]
    fn a_run_that_was_cut_short_says_how_to_go_on() {
        let mut tally = Tally { stopped: Some(Stop::Interrupted), ..Tally::default() };
        assert_eq!(
            tally.cut_short(Act::Replay).unwrap(),
            "stopped early. Say the same command again to go on"
        );
        tally.in_doubt = 2;
        assert!(tally.cut_short(Act::Replay).unwrap().contains("2 more were on their way"));
        tally.stopped = Some(Stop::Max);
        assert_eq!(tally.cut_short(Act::Replay), None, "that was asked for");
        assert!(tally.text(Act::Replay, false).ends_with("there are more: --max was reached"));
    }
}

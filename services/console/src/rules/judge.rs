//! Whether a webhook gets an event: what fan-out would say. Pure.

use domain::{Trigger, Types};
use trigger::{Matcher, Occurrence, Verdict};
use wire::event::Decoded;
use wire::{names, text};

/// Judges events by what a webhook wants.
#[derive(Debug)]
pub struct Judge {
    types: Types,
    trigger: Trigger,
    matcher: Matcher,
}

impl Judge {
    /// By these types and conditions.
    pub fn new((types, trigger): (Types, Trigger)) -> Self {
        Self { types, trigger, matcher: Matcher::default() }
    }

    /// What fan-out would say; none if the type is not wanted.
    pub fn judge(&mut self, decoded: &Decoded) -> Option<Verdict> {
        if !self.types.contains(&decoded.event.kind) {
            return None;
        }
        let time = decoded.headers.text(names::CE_TIME).and_then(text::parse_rfc3339);
        let occurrence = Occurrence { event: &decoded.event, time, data: &decoded.data };
        Some(self.matcher.on(occurrence).judge(&self.trigger))
    }
}

/// A verdict's name on the API: `matched`, or why not.
pub fn reason(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        None => "type",
        Some(Verdict::Match) => "matched",
        Some(Verdict::Mismatch(mismatch)) => mismatch.name(),
        Some(Verdict::Failure(_)) => "failed",
    }
}

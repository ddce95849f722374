//! Which events a backfill is about: by the rules of fan-out, and by time. Pure.

use domain::{AccountId, Timestamp, Trigger, Types};
use trigger::{Matcher, Occurrence, Verdict};
use wire::api::Backfill;
use wire::event::{self, Decoded};
use wire::{Record, names, text};

use crate::rules::backfill::wanted;

/// What the webhook wanted when the backfill was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    account: AccountId,
    since: Timestamp,
    until: Timestamp,
    types: Types,
    trigger: Trigger,
    matcher: Matcher,
    max_bytes: usize,
}

/// What a record is to a backfill.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// Another account's event, one of another time, or no event at all.
    Other,
    /// One of the account's that the webhook does not want.
    Unwanted,
    /// One of which the filter cannot say whether it is wanted: it counts as unwanted.
    Failure,
    /// One that it wants.
    Match(Decoded),
}

impl Wanted {
    /// Events are at most so large, as everywhere.
    pub(super) fn new(account: AccountId, backfill: &Backfill, max_bytes: usize) -> Self {
        let (types, trigger) = wanted(backfill);
        let Backfill { since, until, .. } = *backfill;
        Self { account, since, until, types, trigger, matcher: Matcher::default(), max_bytes }
    }

    /// Judges a record. Its own timestamp counts: offsets only say roughly what is of the time.
    pub(super) fn judge(&mut self, record: &Record) -> Found {
        if record.timestamp < self.since || record.timestamp >= self.until {
            return Found::Other;
        }
        // What is no event became a dead letter of fan-out's.
        let Ok(decoded) = event::decode(record, self.max_bytes) else { return Found::Other };
        if decoded.event.account != self.account {
            return Found::Other;
        }
        if !self.types.contains(&decoded.event.kind) {
            return Found::Unwanted;
        }
        let time = decoded.headers.text(names::CE_TIME).and_then(text::parse_rfc3339);
        let occurrence = Occurrence { event: &decoded.event, time, data: &decoded.data };
        let verdict = self.matcher.on(occurrence).judge(&self.trigger);
        match verdict {
            Verdict::Match => Found::Match(decoded),
            Verdict::Mismatch(_) => Found::Unwanted,
            Verdict::Failure(_) => Found::Failure,
        }
    }
}

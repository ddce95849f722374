//! Which events a backfill is about: by the rules of fan-out, and by time. Pure.

use domain::{AccountId, Timestamp};
use trigger::Verdict;
use wire::Record;
use wire::api::Backfill;
use wire::event::{self, Decoded};

use crate::rules::backfill::wanted;
use crate::rules::judge::Judge;

/// What the webhook wanted when the backfill was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    account: AccountId,
    since: Timestamp,
    until: Timestamp,
    judge: Judge,
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
        let Backfill { since, until, .. } = *backfill;
        Self { account, since, until, judge: Judge::new(wanted(backfill)), max_bytes }
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
        match self.judge.judge(&decoded) {
            Some(Verdict::Match) => Found::Match(decoded),
            Some(Verdict::Mismatch(_)) | None => Found::Unwanted,
            Some(Verdict::Failure(_)) => Found::Failure,
        }
    }
}

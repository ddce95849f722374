//! Decisions about many dead letters: what may be asked for.

use domain::{DeathReason, Timestamp};
use wire::api::{LetterAct, LetterJob, NewLetterJob};
use wire::text::rfc3339;

use super::fields::Errors;
use crate::problem::Refusal;
use crate::words::sentence;
use crate::world::BackfillRates;

const MAX_NOTE: usize = 200;

/// Checks what is asked for.
///
/// # Errors
/// Names each field that will not do.
pub fn draft(
    act: LetterAct,
    asked: &NewLetterJob,
    rates: BackfillRates,
    now: Timestamp,
) -> Result<LetterJob, Refusal> {
    let mut errors = Errors::default();
    let until = asked.until.unwrap_or(now);
    if until > now {
        errors.add("until", sentence!("time-ahead", now = rfc3339(now)));
    }
    if asked.since.is_some_and(|since| since >= until) {
        errors.add("since", sentence!("since-late", until = rfc3339(until)));
    }
    if asked.reason.as_deref().is_some_and(|reason| DeathReason::named(reason).is_none()) {
        let names = DeathReason::ALL.map(DeathReason::name).join(", ");
        errors.add("reason", sentence!("not-among-these", names = names));
    }
    if asked.note.as_ref().is_some_and(|note| note.chars().count() > MAX_NOTE) {
        errors.add("note", sentence!("too-many-characters", most = MAX_NOTE));
    }
    let rate = asked.rate.unwrap_or(rates.usual);
    if !(1..=rates.most).contains(&rate) {
        errors.add("rate", sentence!("rate-letters", most = rates.most));
    }
    errors.finish()?;
    Ok(LetterJob {
        act,
        kind: asked.kind.clone(),
        reason: asked.reason.clone(),
        since: asked.since,
        until,
        rate,
        note: asked.note.clone(),
    })
}

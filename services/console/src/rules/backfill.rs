//! Backfills: what may be asked for, and what the webhook wants.

use domain::{State, Timestamp, Trigger, Types};
use wire::api::{Backfill, Identifier, NewBackfill, TriggerPatch};
use wire::text::rfc3339;

use super::fields::{self, Errors};
use super::trigger;
use crate::problem::Refusal;
use crate::world::BackfillRates;

/// Why nothing can be sent to a webhook, and what to do first; none if it may be called.
pub fn obstacle(state: &State) -> Option<String> {
    let first = match state {
        State::Active => return None,
        State::Unverified => "verify its URL",
        State::Paused => "resume it",
        State::Disabled(_) => "enable it",
    };
    Some(format!("the webhook is {}: {first} first", state.name()))
}

/// Checks what is asked for, and puts down what the webhook wants now: a backfill judges by that from its beginning to its
/// end, and so does whoever counted before.
///
/// # Errors
/// When the webhook may not be called; names each field that will not do.
pub fn draft(
    asked: &NewBackfill,
    state: &State,
    webhook: wire::api::Webhook,
    rates: BackfillRates,
    now: Timestamp,
) -> Result<Backfill, Refusal> {
    if let Some(detail) = obstacle(state) {
        return Err(Refusal::Conflict { code: "not-active", detail });
    }
    let mut errors = Errors::default();
    let until = asked.until.unwrap_or(now);
    if until > now {
        errors.add("until", format!("lies ahead: leave it out, or give a time before {}", rfc3339(now)));
    }
    if asked.since >= until {
        errors.add("since", format!("must be before {}, where the backfill ends", rfc3339(until)));
    }
    let rate = asked.rate.unwrap_or(rates.usual);
    if !(1..=rates.most).contains(&rate) {
        errors.add("rate", format!("must be 1 to {} events a second", rates.most));
    }
    errors.finish()?;
    Ok(Backfill {
        since: asked.since,
        until,
        dry_run: asked.dry_run,
        rate,
        revision: webhook.revision,
        types: webhook.types,
        filter: webhook.filter,
        database: webhook.database,
        collection: webhook.collection,
        callers: webhook.callers,
        fields: webhook.fields,
    })
}

/// Whether all of the time is held.
///
/// # Errors
/// When it is not: says since when it is.
pub fn held(since: Timestamp, held_since: Option<Timestamp>) -> Result<(), Refusal> {
    match held_since {
        Some(held) if since < held => {
            let held = rfc3339(held);
            Err(Refusal::field("since", format!("older events are deleted: all are held since {held}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The conditions by which a backfill judges.
pub fn wanted(backfill: &Backfill) -> (Types, Trigger) {
    let conditions = TriggerPatch {
        filter: Some(backfill.filter.clone()),
        database: Some(backfill.database.clone().map(Identifier::Text)),
        collection: Some(backfill.collection.clone().map(Identifier::Text)),
        callers: Some(backfill.callers.clone()),
        fields: Some(Some(backfill.fields.clone())),
    };
    // They were the webhook's, so there is nothing wrong with them.
    let types = fields::types(&backfill.types, &mut Errors::default());
    (types, trigger::over(&Trigger::default(), &conditions))
}

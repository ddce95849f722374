//! Backfills: what may be asked for, and what the webhook wants.

use domain::{State, Timestamp, Trigger, Types};
use wire::api::{Backfill, Identifier, NewBackfill, TriggerPatch};
use wire::text::rfc3339;

use super::fields::{self, Errors};
use super::trigger;
use crate::problem::Refusal;
use crate::words::{Sentence, sentence};
use crate::world::BackfillRates;

/// Why nothing can be sent to a webhook, and what to do first; none if it may be called.
pub fn obstacle(state: &State) -> Option<Sentence> {
    (*state != State::Active).then(|| sentence!("not-active", state = state))
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
        errors.add("until", sentence!("time-ahead", now = rfc3339(now)));
    }
    if asked.since >= until {
        errors.add("since", sentence!("since-behind-end", until = rfc3339(until)));
    }
    let rate = asked.rate.unwrap_or(rates.usual);
    if !(1..=rates.most).contains(&rate) {
        errors.add("rate", sentence!("rate-events", most = rates.most));
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
            Err(Refusal::field("since", sentence!("since-not-held", held = rfc3339(held))))
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

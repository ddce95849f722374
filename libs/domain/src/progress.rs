//! How far a delivery has come: what travels with the record from tier to tier.

use crate::{BatchPart, Timestamp};

/// The history of one delivery, as its record's headers tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Attempts spent.
    pub attempts: u32,
    /// Times it was moved aside without an attempt.
    pub deferrals: u32,
    /// Since when it has been moved aside without an attempt in between.
    pub waiting_since: Option<Timestamp>,
    /// When the first attempt began.
    pub first_attempt_at: Option<Timestamp>,
    /// Times an operator took it out of the dead letters.
    pub replays: u32,
    /// Which part of a batch it was when that failed last.
    pub batch: Option<BatchPart>,
}

impl Progress {
    /// After one more attempt that began then.
    #[must_use]
    pub fn attempted(&self, began: Timestamp) -> Self {
        Self {
            attempts: self.attempts.saturating_add(1),
            waiting_since: None,
            first_attempt_at: self.first_attempt_at.or(Some(began)),
            ..self.clone()
        }
    }

    /// After being moved aside.
    #[must_use]
    pub fn deferred(&self, now: Timestamp) -> Self {
        Self {
            deferrals: self.deferrals.saturating_add(1),
            waiting_since: self.waiting_since.or(Some(now)),
            ..self.clone()
        }
    }
}

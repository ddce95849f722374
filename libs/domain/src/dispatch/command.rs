//! What goes into the dispatcher and what comes out.

use crate::{
    DeathReason, Deferral, DeliveryId, Epoch, Frontier, Health, Offset, Outcome, Progress, Registry,
    Standing, Tier, WebhookId,
};

/// Where a record stands: a claim and an offset. A re-read under a later claim is another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The claim under which it was read.
    pub epoch: Epoch,
    /// Its offset.
    pub offset: Offset,
}

/// A record to be delivered.
#[derive(Clone, Debug)]
pub struct Job<P> {
    /// The webhook it goes to.
    pub webhook: WebhookId,
    /// Its name for the receiver.
    pub delivery: DeliveryId,
    /// The registry record that fan-out matched: a view that has not read so far knows nothing about the webhook.
    pub registry: Offset,
    /// How far it came.
    pub progress: Progress,
    /// What it weighs in memory.
    pub bytes: usize,
    /// What the shell keeps of it.
    pub payload: P,
}

/// The registry, and whether it is provably fresh.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What is configured.
    pub registry: &'a Registry,
    /// Whether the end of its log was reached within the last two seconds.
    pub fresh: bool,
}

/// What the shell is to do.
#[derive(Clone, Debug)]
pub enum Command<P> {
    /// POST these, one or a batch, then call [`super::Dispatcher::handle_outcome`] with the first one's place.
    Send {
        /// The records, in order, with what the shell keeps of them.
        members: Vec<(Place, P)>,
        /// The batch's name, if it is one.
        batch: Option<DeliveryId>,
        /// The webhook as it is now.
        standing: Standing,
        /// Which attempt this is, from 1; in a batch that of the member with the most.
        number: u32,
    },
    /// Write it to a tier, until that is acknowledged; then call [`super::Dispatcher::handle_written`].
    Retry {
        /// The record.
        place: Place,
        /// Which tier.
        tier: Tier,
        /// How far it came.
        progress: Progress,
        /// Why it is moved aside without an attempt; none after an attempt that failed.
        deferred: Option<Deferral>,
        /// What the shell keeps of the record.
        payload: P,
    },
    /// Write it to the dead letters, until that is acknowledged; then call [`super::Dispatcher::handle_written`].
    DeadLetter {
        /// The record.
        place: Place,
        /// Why.
        reason: DeathReason,
        /// How far it came.
        progress: Progress,
        /// The last attempt, if one was made just now.
        last: Option<Outcome>,
        /// What the shell keeps of the record.
        payload: P,
    },
    /// Write down what was found out about an endpoint; if that disables its webhook, tell its account.
    Health {
        /// What was found out.
        health: Health,
        /// The webhook as it was when that was found out.
        standing: Standing,
    },
    /// Commit, then call [`super::Dispatcher::handle_committed`].
    Commit(Vec<Frontier>),
    /// Let go of these.
    Release(Vec<Epoch>),
    /// Read no further from these.
    Pause(Vec<Epoch>),
    /// Read on.
    Resume(Vec<Epoch>),
}

impl<P> Command<P> {
    /// The record whose writing a command is.
    pub(super) fn place(&self) -> Option<Place> {
        match self {
            Self::Retry { place, .. } | Self::DeadLetter { place, .. } => Some(*place),
            Self::Send { .. }
            | Self::Health { .. }
            | Self::Commit(_)
            | Self::Release(_)
            | Self::Pause(_)
            | Self::Resume(_) => None,
        }
    }
}

/// What becomes of a record after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Delivered,
    /// It goes to a tier.
    Retried(Tier),
    /// It goes to the dead letters.
    Died(DeathReason),
    /// It is another process's by now.
    Stale,
}

//! Decisions of Postbode: pure functions of state, input and time. No I/O, no clock, no randomness.

mod account;
mod batch;
mod breaker;
mod claims;
mod death;
mod deferral;
mod dispatch;
pub mod duration;
mod event;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
mod ids;
mod outcome;
mod pace;
mod progress;
mod registry;
mod retry;
mod seal;
mod signature;
mod time;
mod tracker;
mod trigger;
mod webhook;

pub use account::{Account, ApiKey, Contact, Keep, KeepDetails, KeyHash, Scope};
pub use batch::{BatchPart, Batching, batch_id};
pub use breaker::{Breaker, BreakerSettings, Ending, Gate, Tripped};
pub use claims::{Claims, Frontier, Window};
pub use death::DeathReason;
pub use deferral::Deferral;
pub use dispatch::{Command, DispatchSettings, Dispatcher, Fate, Job, Place as RecordPlace, View};
pub use event::{Event, is_account_id, is_event_type};
pub use ids::{
    AccountId, DeliveryId, Epoch, EventId, EventSource, EventType, KeyId, Offset, Partition, Revision,
    WebhookId,
};
pub use outcome::{Outcome, Phase, Verdict};
pub use pace::Pace;
pub use progress::Progress;
pub use registry::{Change, FilterFailure, Health, Registry, Standing};
pub use retry::{InvalidTiers, Schedule, Tier, Tiers};
pub use seal::{Keyring, Place, SealError, Sealed};
pub use signature::{InvalidSecret, SigningSecret};
pub use time::{Clock, Timestamp};
pub use tracker::{Completed, Home, Sighting, Tracker};
pub use trigger::{Callers, Trigger};
pub use webhook::{
    CustomHeader, DisabledReason, Format, IllegalStep, Limits, PendingUrl, Secrets, State, Step, Types,
    Verification, Webhook,
};

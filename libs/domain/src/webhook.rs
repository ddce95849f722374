//! A webhook: who wants which events, where, and whether it may have them now.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::{AccountId, Batching, EventType, Revision, Sealed, Timestamp, Trigger, WebhookId};

/// A customer's standing wish to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name among all webhooks.
    pub id: WebhookId,
    /// Whose it is.
    pub account: AccountId,
    /// What people call it.
    pub name: String,
    /// Where to POST.
    pub url: Arc<str>,
    /// A new URL that is not verified yet; the old one stays live until it is.
    pub pending: Option<PendingUrl>,
    /// Which events it wants.
    pub types: Types,
    /// Which events of these types.
    pub trigger: Trigger,
    /// How a body is written.
    pub format: Format,
    /// What signs the calls.
    pub secrets: Secrets,
    /// Whether the platform signs the calls too, with the key that it publishes.
    pub platform_signature: bool,
    /// Headers that the customer wants on each call; their values are secrets.
    pub headers: Vec<CustomHeader>,
    /// How hard the endpoint may be hit.
    pub limits: Limits,
    /// How deliveries are put together; each goes alone unless given.
    pub batch: Option<Batching>,
    /// Where in its life it is, as people left it: see [`crate::Registry`] for what counts.
    pub state: State,
    /// How its owner proves that the URL is theirs.
    pub verification: Verification,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// How many changes made it what it is.
    pub revision: Revision,
}

/// A URL that waits for its verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingUrl {
    /// The URL.
    pub url: Arc<str>,
    /// What its verification file is named by.
    pub token: Arc<str>,
}

/// The proof of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Part of the file's name, and its content: unique per webhook and URL.
    pub token: Arc<str>,
    /// When the proof was seen.
    pub verified_at: Option<Timestamp>,
}

/// The types of events that a webhook wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Types {
    /// Each one, those of the future too.
    All,
    /// These.
    Only(BTreeSet<EventType>),
}

impl Types {
    /// Whether an event of this type is wanted.
    pub fn contains(&self, kind: &EventType) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.contains(kind),
        }
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// SMTPeter's flat fields as one JSON object, `type` first.
    #[default]
    Json,
    /// The same fields as `application/x-www-form-urlencoded`.
    Form,
    /// Standard Webhooks: `{type, timestamp, data}`.
    Standard,
    /// A CloudEvent in structured mode.
    CloudEvents,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Json, Self::Form, Self::Standard, Self::CloudEvents];

    /// Its name in records and on the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Form => "form",
            Self::Standard => "standard",
            Self::CloudEvents => "cloudevents",
        }
    }

    /// Whether several events can stand in one body.
    pub const fn has_batches(self) -> bool {
        match self {
            Self::Json | Self::Standard | Self::CloudEvents => true,
            Self::Form => false,
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What signs the calls: the current secret, and for a while after a rotation the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// The secret that new receivers get.
    pub current: Sealed,
    /// The one before, and until when it signs too.
    pub previous: Option<(Sealed, Timestamp)>,
}

/// A header of the customer's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomHeader {
    /// Its name.
    pub name: String,
    /// Its value, sealed: such headers carry passwords.
    pub value: Sealed,
}

/// How hard an endpoint may be hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls open at once, at most.
    pub concurrency: u32,
    /// Calls begun per second, at most.
    pub per_second: Option<NonZeroU32>,
    /// How long one attempt may take as a whole.
    pub timeout: Duration,
}

impl Limits {
    /// The longest time-out that a webhook may ask for.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(30);
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 128, per_second: None, timeout: Duration::from_secs(15) }
    }
}

/// Where in its life a webhook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The URL is not proven to be the customer's.
    Unverified,
    /// Calls are made.
    Active,
    /// A person stopped it for a while.
    Paused,
    /// It was stopped for a reason; only a person starts it again.
    Disabled(DisabledReason),
}

/// Why a webhook was disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisabledReason {
    /// Its endpoint answered 410 Gone.
    Gone,
    /// Nothing but failures for five days.
    Failing,
}

impl DisabledReason {
    /// Its name in records and on the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    /// The reason of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Gone, Self::Failing].into_iter().find(|reason| reason.name() == name)
    }
}

/// What can happen to a webhook's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The URL was proven.
    Verify,
    /// A person stops the calls.
    Pause,
    /// A person lets them go on.
    Resume,
    /// Postbode stops them.
    Disable(DisabledReason),
    /// A person starts a disabled webhook again.
    Enable,
}

/// A step that the state does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook that is {from} cannot be {step}")]
pub struct IllegalStep {
    /// The state's name.
    pub from: &'static str,
    /// What was to be done: `paused`, `resumed`, …
    pub step: &'static str,
}

impl State {
    /// Its name in records and on the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled(_) => "disabled",
        }
    }

    /// The state after a step: the only list of what is legal. Repeating a step changes nothing.
    ///
    /// # Errors
    /// When the step makes no sense from here.
    pub fn after(&self, step: Step) -> Result<Self, IllegalStep> {
        match (self, step) {
            (Self::Unverified | Self::Active, Step::Verify)
            | (Self::Active | Self::Paused, Step::Resume)
            | (Self::Active | Self::Disabled(_), Step::Enable) => Ok(Self::Active),
            (Self::Paused, Step::Verify) | (Self::Active | Self::Paused, Step::Pause) => Ok(Self::Paused),
            (Self::Disabled(reason), Step::Verify) => Ok(Self::Disabled(*reason)),
            (Self::Active | Self::Paused | Self::Disabled(_), Step::Disable(reason)) => {
                Ok(Self::Disabled(reason))
            }
            (Self::Unverified, Step::Pause | Step::Resume | Step::Enable | Step::Disable(_))
            | (Self::Paused, Step::Enable)
            | (Self::Disabled(_), Step::Pause | Step::Resume) => {
                Err(IllegalStep { from: self.name(), step: step.done() })
            }
        }
    }
}

impl Step {
    const fn done(self) -> &'static str {
        match self {
            Self::Verify => "verified",
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Disable(_) => "disabled",
            Self::Enable => "enabled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unverified_webhook_can_only_be_verified() {
        assert_eq!(State::Unverified.after(Step::Verify), Ok(State::Active));
        for step in [Step::Pause, Step::Resume, Step::Enable, Step::Disable(DisabledReason::Gone)] {
            assert!(State::Unverified.after(step).is_err(), "{step:?}");
        }
    }

    #[test]
    fn a_disabled_webhook_waits_for_a_person() {
        let disabled = State::Disabled(DisabledReason::Gone);
        assert_eq!(disabled.after(Step::Enable), Ok(State::Active));
        assert_eq!(
            disabled.after(Step::Resume).unwrap_err().to_string(),
            "a webhook that is disabled cannot be resumed"
        );
    }

    #[test]
    fn pausing_twice_is_no_error() {
        let paused = State::Active.after(Step::Pause).unwrap();
        assert_eq!(paused.after(Step::Pause), Ok(State::Paused));
        assert_eq!(paused.after(Step::Resume), Ok(State::Active));
    }
}

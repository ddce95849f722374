//! A webhook in version 1.

mod trigger;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    AccountId, Batching, CustomHeader, DisabledReason, EventType, Format, Limits, PendingUrl, Revision,
    Sealed, Secrets, State, Timestamp, Types, Verification, Webhook, WebhookId,
};
use serde::{Deserialize, Serialize};

use self::trigger::TriggerV1;
use super::{reason, unknown};

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct WebhookV1 {
    account: Arc<str>,
    name: String,
    url: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<PendingV1>,
    types: TypesV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<TriggerV1>,
    format: String,
    secret: SealedV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_secret: Option<PreviousV1>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    platform_signature: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<HeaderV1>,
    limits: LimitsV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch: Option<BatchV1>,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    verification: VerificationV1,
    #[serde(with = "crate::text::Rfc3339")]
    created_at: Timestamp,
    #[serde(with = "crate::text::Rfc3339")]
    updated_at: Timestamp,
    revision: u64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PendingV1 {
    url: Arc<str>,
    token: Arc<str>,
}

/// `"*"` or a list.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum TypesV1 {
    Only(BTreeSet<Arc<str>>),
    All(Star),
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum Star {
    #[serde(rename = "*")]
    Star,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SealedV1 {
    key: Arc<str>,
    text: Arc<str>,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PreviousV1 {
    #[serde(flatten)]
    sealed: SealedV1,
    #[serde(with = "crate::text::Rfc3339")]
    until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct HeaderV1 {
    name: String,
    value: SealedV1,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct LimitsV1 {
    concurrency: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_second: Option<NonZeroU32>,
    timeout_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct BatchV1 {
    max_events: u32,
    max_bytes: u32,
    max_wait_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct VerificationV1 {
    token: Arc<str>,
    #[serde(with = "crate::text::OptionalRfc3339", default, skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
}

impl WebhookV1 {
    pub(super) fn of(webhook: &Webhook) -> Self {
        Self {
            account: webhook.account.as_str().into(),
            name: webhook.name.clone(),
            url: Arc::clone(&webhook.url),
            pending: webhook
                .pending
                .as_ref()
                .map(|it| PendingV1 { url: Arc::clone(&it.url), token: Arc::clone(&it.token) }),
            types: TypesV1::of(&webhook.types),
            trigger: TriggerV1::of(&webhook.trigger),
            format: webhook.format.name().to_owned(),
            secret: SealedV1::of(&webhook.secrets.current),
            previous_secret: webhook
                .secrets
                .previous
                .as_ref()
                .map(|(sealed, until)| PreviousV1 { sealed: SealedV1::of(sealed), until: *until }),
            platform_signature: webhook.platform_signature,
            headers: webhook.headers.iter().map(HeaderV1::of).collect(),
            limits: LimitsV1::of(webhook.limits),
            batch: webhook.batch.map(BatchV1::of),
            state: webhook.state.name().to_owned(),
            disabled_reason: reason_of(&webhook.state).map(|reason| reason.name().to_owned()),
            verification: VerificationV1 {
                token: Arc::clone(&webhook.verification.token),
                verified_at: webhook.verification.verified_at,
            },
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            revision: webhook.revision.0,
        }
    }

    pub(super) fn read(self, id: WebhookId) -> Result<Webhook, String> {
        Ok(Webhook {
            id,
            account: AccountId::new(self.account),
            name: self.name,
            url: self.url,
            pending: self.pending.map(|it| PendingUrl { url: it.url, token: it.token }),
            types: self.types.read(),
            trigger: self.trigger.map(TriggerV1::read).unwrap_or_default(),
            format: Format::named(&self.format).ok_or_else(|| unknown("format", &self.format))?,
            secrets: Secrets {
                current: self.secret.read(),
                previous: self.previous_secret.map(|it| (it.sealed.read(), it.until)),
            },
            platform_signature: self.platform_signature,
            headers: self.headers.into_iter().map(HeaderV1::read).collect(),
            limits: self.limits.read(),
            batch: self.batch.map(|batch| batch.read()),
            state: state(&self.state, self.disabled_reason.as_deref())?,
            verification: Verification {
                token: self.verification.token,
                verified_at: self.verification.verified_at,
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
            revision: Revision(self.revision),
        })
    }
}

impl TypesV1 {
    fn of(types: &Types) -> Self {
        match types {
            Types::All => Self::All(Star::Star),
            Types::Only(kinds) => Self::Only(kinds.iter().map(|kind| kind.as_str().into()).collect()),
        }
    }

    fn read(self) -> Types {
        match self {
            Self::All(Star::Star) => Types::All,
            Self::Only(kinds) => Types::Only(kinds.into_iter().map(EventType::new).collect()),
        }
    }
}

impl SealedV1 {
    fn of(sealed: &Sealed) -> Self {
        Self { key: Arc::clone(&sealed.key), text: Arc::clone(&sealed.text) }
    }

    fn read(self) -> Sealed {
        Sealed { key: self.key, text: self.text }
    }
}

impl HeaderV1 {
    fn of(header: &CustomHeader) -> Self {
        Self { name: header.name.clone(), value: SealedV1::of(&header.value) }
    }

    fn read(self) -> CustomHeader {
        CustomHeader { name: self.name, value: self.value.read() }
    }
}

impl LimitsV1 {
    fn of(limits: Limits) -> Self {
        Self {
            concurrency: limits.concurrency,
            per_second: limits.per_second,
            timeout_ms: u64::try_from(limits.timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn read(&self) -> Limits {
        Limits {
            concurrency: self.concurrency,
            per_second: self.per_second,
            timeout: Duration::from_millis(self.timeout_ms),
        }
    }
}

impl BatchV1 {
    fn of(batching: Batching) -> Self {
        Self {
            max_events: batching.max_events,
            max_bytes: batching.max_bytes,
            max_wait_ms: u64::try_from(batching.max_wait.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn read(&self) -> Batching {
        Batching {
            max_events: self.max_events,
            max_bytes: self.max_bytes,
            max_wait: Duration::from_millis(self.max_wait_ms),
        }
    }
}

fn reason_of(state: &State) -> Option<DisabledReason> {
    match state {
        State::Disabled(reason) => Some(*reason),
        State::Unverified | State::Active | State::Paused => None,
    }
}

fn state(name: &str, disabled: Option<&str>) -> Result<State, String> {
    let plain = [State::Unverified, State::Active, State::Paused];
    match plain.into_iter().find(|state| state.name() == name) {
        Some(state) => Ok(state),
        None if name == "disabled" => {
            reason(disabled.ok_or("it is disabled and gives no reason")?).map(State::Disabled)
        }
        None => Err(unknown("state", name)),
    }
}

//! Secrets: made, sealed for their place, and opened again.

use std::time::Duration;

use domain::{Keyring, Place, Sealed, Secrets, SigningSecret, Timestamp, Webhook, WebhookId};
use wire::api::{self, RotateSecret, SecretBefore};
use wire::registry::{SECRET_FIELD, webhook_key};

use super::chance::{self, Chance};
use crate::problem::Refusal;
use crate::words::sentence;

/// Seals for one webhook.
#[derive(Debug)]
pub struct Seals<'a> {
    keyring: &'a Keyring,
    record: String,
}

impl<'a> Seals<'a> {
    /// For this webhook.
    pub fn new(keyring: &'a Keyring, webhook: &WebhookId) -> Self {
        Self { keyring, record: webhook_key(webhook) }
    }

    /// Seals a text for a field.
    pub fn seal(&self, field: &str, text: &str, chance: Chance<'_>) -> Sealed {
        let place = Place { record: &self.record, field };
        self.keyring.seal(chance::bytes(chance), place, text.as_bytes())
    }

    /// A new signing secret: as its owner gets it, and sealed.
    pub fn signing_secret(&self, chance: Chance<'_>) -> (String, Sealed) {
        let secret = SigningSecret::encode(&chance::bytes(chance));
        let sealed = self.seal(SECRET_FIELD, &secret, chance);
        (secret, sealed)
    }

    fn open(&self, sealed: &Sealed) -> Result<String, Refusal> {
        let place = Place { record: &self.record, field: SECRET_FIELD };
        let opened = self.keyring.open(place, sealed).map_err(|error| {
            tracing::error!(registry.record = self.record, %error, "a signing secret cannot be opened");
            Refusal::Sealed
        })?;
        String::from_utf8(opened).map_err(|_| Refusal::Sealed)
    }
}

/// What signs a webhook's calls now, for its owner.
///
/// # Errors
/// When the keyring does not open it.
pub fn reveal(webhook: &Webhook, keyring: &Keyring, now: Timestamp) -> Result<api::Secret, Refusal> {
    let seals = Seals::new(keyring, &webhook.id);
    let previous = webhook.secrets.previous.as_ref().filter(|(_, until)| now < *until);
    let previous = previous
        .map(|(sealed, until)| Ok::<_, Refusal>(SecretBefore { secret: seals.open(sealed)?, until: *until }))
        .transpose()?;
    Ok(api::Secret { secret: seals.open(&webhook.secrets.current)?, previous })
}

/// How long the present secret is to go on.
///
/// # Errors
/// When it is longer than a week.
pub fn keep_for(request: &RotateSecret) -> Result<Duration, Refusal> {
    let keep = request.keep_previous_for.map_or(KEEP, Duration::from);
    if keep > MAX_KEEP {
        let what = sentence!("range", least = "0s", most = "7d");
        return Err(Refusal::field("keep_previous_for", what));
    }
    Ok(keep)
}

/// Ends the secret before the present one, which goes on alone.
pub fn end_previous(webhook: &Webhook) -> Webhook {
    let secrets = Secrets { previous: None, ..webhook.secrets.clone() };
    Webhook { secrets, ..webhook.clone() }
}

/// Puts a new secret in the place of the present one, which goes on signing for a while. The one before it ends.
pub fn rotate(webhook: &Webhook, new: &Sealed, keep: Duration, now: Timestamp) -> Webhook {
    let previous = (!keep.is_zero()).then(|| (webhook.secrets.current.clone(), now + keep));
    Webhook { secrets: Secrets { current: new.clone(), previous }, ..webhook.clone() }
}

const KEEP: Duration = Duration::from_secs(24 * 3600);
const MAX_KEEP: Duration = Duration::from_secs(7 * 24 * 3600);

//! A webhook's opened secrets.

use domain::{DeliveryId, Keyring, Place, Sealed, SigningSecret, Timestamp, Webhook, WebhookId};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// What a call to one webhook needs, ready to use.
#[derive(Debug)]
pub struct Credentials {
    /// Where calls go.
    pub url: Url,
    /// The customer's own headers.
    pub headers: HeaderMap,
    current: SigningSecret,
    previous: Option<(SigningSecret, Timestamp)>,
}

impl Credentials {
    /// Opens a webhook's secrets. `signs` is whether this process has a key of the platform.
    ///
    /// # Errors
    /// When the keyring cannot open one, or the webhook asks for a signature that this process cannot make.
    pub fn open(keyring: &Keyring, webhook: &Webhook, signs: bool) -> Result<Self, Unusable> {
        if webhook.platform_signature && !signs {
            let (what, why) = ("platform_signature".to_owned(), "signing.directory is not set".to_owned());
            return Err(Unusable { webhook: webhook.id.clone(), what, why });
        }
        open(keyring, webhook)
    }

    /// What `webhook-signature` says: one entry, or two during a rotation.
    pub(crate) fn sign(&self, id: &DeliveryId, now: Timestamp, body: &[u8]) -> String {
        let mut signature = self.current.sign(id, now.as_secs(), body);
        if let Some((previous, until)) = &self.previous
            && now < *until
        {
            signature.push(' ');
            signature.push_str(&previous.sign(id, now.as_secs(), body));
        }
        signature
    }
}

/// Why a webhook cannot be called with what this process knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of webhook {webhook}: {why}")]
pub struct Unusable {
    webhook: WebhookId,
    what: String,
    why: String,
}

fn open(keyring: &Keyring, webhook: &Webhook) -> Result<Credentials, Unusable> {
    let unusable = |what: String, why: String| Unusable { webhook: webhook.id.clone(), what, why };
    let record = wire::registry::webhook_key(&webhook.id);
    let text = |field: &str, sealed: &Sealed| -> Result<String, Unusable> {
        let bytes = keyring.open(Place { record: &record, field }, sealed);
        let bytes = bytes.map_err(|error| unusable(field.to_owned(), error.to_string()))?;
        String::from_utf8(bytes).map_err(|_| unusable(field.to_owned(), "is no text".to_owned()))
    };
    let secret = |sealed: &Sealed| {
        SigningSecret::parse(&text(wire::registry::SECRET_FIELD, sealed)?)
            .map_err(|error| unusable(wire::registry::SECRET_FIELD.to_owned(), error.to_string()))
    };
    let mut headers = HeaderMap::with_capacity(webhook.headers.len());
    for header in &webhook.headers {
        let field = wire::registry::header_field(&header.name);
        let value = text(&field, &header.value)?;
        let name =
            HeaderName::try_from(&header.name).map_err(|error| unusable(field.clone(), error.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|error| unusable(field, error.to_string()))?;
        headers.insert(name, value);
    }
    Ok(Credentials {
        url: Url::parse(&webhook.url).map_err(|error| unusable("url".to_owned(), error.to_string()))?,
        headers,
        current: secret(&webhook.secrets.current)?,
        previous: match &webhook.secrets.previous {
            Some((sealed, until)) => Some((secret(sealed)?, *until)),
            None => None,
        },
    })
}

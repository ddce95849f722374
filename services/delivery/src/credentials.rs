//! A webhook's opened secrets: kept per revision, so that a call costs no unsealing.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{
    DeliveryId, Keyring, Offset, Place, Sealed, SigningSecret, Standing, Timestamp, Webhook, WebhookId,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// What a call to one webhook needs, ready to use.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) url: Url,
    /// The customer's own headers.
    pub(crate) headers: HeaderMap,
    current: SigningSecret,
    previous: Option<(SigningSecret, Timestamp)>,
}

impl Credentials {
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
pub(crate) struct Unusable {
    webhook: WebhookId,
    what: String,
    why: String,
}

/// Opens secrets, and remembers them for as long as the webhook's record stays what it is.
#[derive(Debug)]
pub(crate) struct Vault {
    keyring: Keyring,
    /// Whether this process has a key of the platform.
    signs: bool,
    opened: HashMap<WebhookId, (Offset, Arc<Credentials>)>,
}

impl Vault {
    pub(crate) fn new(keyring: Keyring, signs: bool) -> Self {
        Self { keyring, signs, opened: HashMap::new() }
    }

    /// The credentials of a webhook as it is now.
    pub(crate) fn credentials(&mut self, standing: &Standing) -> Result<Arc<Credentials>, Unusable> {
        let id = &standing.webhook.id;
        if let Some((offset, credentials)) = self.opened.get(id)
            && *offset == standing.offset
        {
            return Ok(Arc::clone(credentials));
        }
        if standing.webhook.platform_signature && !self.signs {
            let (what, why) = ("platform_signature".to_owned(), "signing.directory is not set".to_owned());
            return Err(Unusable { webhook: id.clone(), what, why });
        }
        let credentials = Arc::new(open(&self.keyring, &standing.webhook)?);
        self.opened.insert(id.clone(), (standing.offset, Arc::clone(&credentials)));
        Ok(credentials)
    }
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

//! Opened secrets, kept per revision, so that a call costs no unsealing.

use std::collections::HashMap;
use std::sync::Arc;

use call::{Credentials, Unusable};
use domain::{Keyring, Offset, Standing, WebhookId};

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
        let credentials = Arc::new(Credentials::open(&self.keyring, &standing.webhook, self.signs)?);
        self.opened.insert(id.clone(), (standing.offset, Arc::clone(&credentials)));
        Ok(credentials)
    }
}

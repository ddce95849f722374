//! Section `seal`: the keys that seal secrets and open them. The console and the delivery service have it, nobody else.

use domain::{Keyring, SealError};
use serde::Deserialize;

use crate::Secret;

/// The same in both services; a new key goes to each of them before it becomes the first one anywhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SealSettings {
    /// `NAME:BASE64-OF-32-BYTES`; the first one seals, all of them open.
    pub keys: Vec<Secret>,
}

impl SealSettings {
    /// The keyring.
    ///
    /// # Errors
    /// When there is no key, or one is malformed; the error shows no key.
    pub fn keyring(&self) -> Result<Keyring, SealError> {
        let keys: Vec<_> = self.keys.iter().map(Secret::expose).collect();
        Keyring::parse(&keys)
    }
}

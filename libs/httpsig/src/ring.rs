//! The platform's keys: one that signs, and those that are published beside it.
//!
//! A directory holds them, as Kubernetes mounts a Secret: `<name>.pem` each, and in `active` the name of the one that
//! signs (left out where there is only one). A new key is published first, signs later, and the old one stays published
//! until nobody verifies with it any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use http::HeaderName;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{KeyError, PlatformKey, PublicKey, Scheme};

/// Section `signing`: the same for the console and the delivery service.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SigningSettings {
    /// Where the platform's keys are; without it no webhook can ask for the platform's signature.
    pub directory: Option<PathBuf>,
    /// The header that names the account.
    pub id_header: String,
}

impl Default for SigningSettings {
    fn default() -> Self {
        Self { directory: None, id_header: "X-Postbode-ID".to_owned() }
    }
}

/// The keys of a directory: the one that signs, and the public halves of all.
#[derive(Debug)]
pub struct Ring {
    active: PlatformKey,
    published: Vec<PublicKey>,
    id_header: HeaderName,
}

/// Why there is no ring.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// A file or the directory cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A file holds no key.
    #[error("{path}: {error}")]
    Key {
        /// Which.
        path: String,
        /// Why.
        error: KeyError,
    },
    /// The directory holds no key at all.
    #[error("{0}: holds no <name>.pem; `postbode keys generate` makes one")]
    Empty(String),
    /// The key that should sign is not there.
    #[error("{path}: names {name:?}, and there is no such key")]
    NoSuchKey {
        /// The file.
        path: String,
        /// The name in it.
        name: String,
    },
    /// Several keys, and none is said to sign.
    #[error(
        "{0}: several keys, and no file `active` that names the one that signs; `postbode keys rotate` writes it"
    )]
    Undecided(String),
    /// The id header is no header's name.
    #[error("signing.id_header: {0:?} is no name of a header")]
    Header(String),
}

const ACTIVE: &str = "active";
const SUFFIX: &str = ".pem";

impl SigningSettings {
    /// Reads the ring; none if no directory is given.
    ///
    /// # Errors
    /// Names the file or setting that will not do.
    pub fn ring(&self) -> Result<Option<Ring>, RingError> {
        let id_header = HeaderName::try_from(&self.id_header);
        let id_header = id_header.map_err(|_| RingError::Header(self.id_header.clone()))?;
        self.directory.as_deref().map(|directory| Ring::read(directory, id_header)).transpose()
    }
}

impl Ring {
    fn read(directory: &Path, id_header: HeaderName) -> Result<Self, RingError> {
        let mut keys = Self::keys_in(directory)?;
        let published = keys.values().map(|key| {
            let failed = |error| RingError::Key { path: shown(&Self::file_of(directory, key.name())), error };
            key.public().map_err(failed)
        });
        let published = published.collect::<Result<_, _>>()?;
        let name = Self::signer(directory, &keys)?.ok_or_else(|| match keys.is_empty() {
            true => RingError::Empty(shown(directory)),
            false => RingError::Undecided(shown(directory)),
        })?;
        let active = keys
            .remove(&name)
            .ok_or_else(|| RingError::NoSuchKey { path: shown(&directory.join(ACTIVE)), name })?;
        Ok(Self { active, published, id_header })
    }

    /// The name of the key that signs among those of a directory: the one that it says does, or the only one.
    ///
    /// # Errors
    /// When what the directory says cannot be read.
    pub fn signer(
        directory: &Path,
        keys: &BTreeMap<String, PlatformKey>,
    ) -> Result<Option<String>, RingError> {
        let only = || keys.keys().next().filter(|_| keys.len() == 1).cloned();
        Ok(Self::said_active(directory)?.or_else(only))
    }

    /// Every key of a directory, by name, whichever signs.
    ///
    /// # Errors
    /// When the directory or a key in it cannot be read.
    pub fn keys_in(directory: &Path) -> Result<BTreeMap<String, PlatformKey>, RingError> {
        let failed = |path: &Path| {
            let path = shown(path);
            move |error| RingError::Io { path, error }
        };
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(directory).map_err(failed(directory))? {
            let path = entry.map_err(failed(directory))?.path();
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(name) = file.strip_suffix(SUFFIX) else { continue };
            let text = fs::read(&path).map_err(failed(&path))?;
            let key = PlatformKey::from_pem(name, &text)
                .map_err(|error| RingError::Key { path: shown(&path), error })?;
            keys.insert(name.to_owned(), key);
        }
        Ok(keys)
    }

    /// The file of a key in a directory.
    pub fn file_of(directory: &Path, name: &str) -> PathBuf {
        directory.join(format!("{name}{SUFFIX}"))
    }

    /// The name of the key that a directory says signs; none while it says nothing.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn said_active(directory: &Path) -> Result<Option<String>, RingError> {
        let path = directory.join(ACTIVE);
        match fs::read_to_string(&path) {
            Ok(name) => Ok(Some(name.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RingError::Io { path: shown(&path), error }),
        }
    }

    /// Says in a directory which key signs.
    ///
    /// # Errors
    /// When there is no such key, or the file cannot be written.
    pub fn activate(directory: &Path, name: &str) -> Result<(), RingError> {
        let path = directory.join(ACTIVE);
        if !Self::keys_in(directory)?.contains_key(name) {
            return Err(RingError::NoSuchKey { path: shown(&path), name: name.to_owned() });
        }
        fs::write(&path, format!("{name}\n")).map_err(|error| RingError::Io { path: shown(&path), error })
    }

    /// How to sign now.
    pub fn scheme(&self) -> Scheme<'_> {
        Scheme { key: &self.active, id_header: &self.id_header }
    }

    /// The name of the key that signs.
    pub fn active(&self) -> &str {
        self.active.name()
    }

    /// The public halves of all keys, in the order of their names.
    pub fn published(&self) -> &[PublicKey] {
        &self.published
    }

    /// All public keys as a JSON Web Key Set (RFC 7517).
    pub fn jwks(&self) -> Value {
        let keys: Vec<_> = self.published.iter().map(PublicKey::jwk).collect();
        json!({ "keys": keys })
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

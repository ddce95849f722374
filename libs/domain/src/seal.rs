//! Secrets at rest: AES-256-GCM under a ring of named keys. The nonce is an argument, for chance is.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A sealed secret: which key opens it, and nonce and ciphertext in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key that sealed it.
    pub key: Arc<str>,
    /// Nonce (12 bytes), ciphertext and tag (16 bytes), base64.
    pub text: Arc<str>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(by {})", self.key)
    }
}

/// Where a secret stands: it opens nowhere else. A record key and a field name.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The registry key of the record, for example `webhook/wh_1`.
    pub record: &'a str,
    /// The field within it.
    pub field: &'a str,
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        let mut data = Vec::with_capacity(8 + self.record.len() + self.field.len());
        for part in [self.record, self.field] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// The keys that seal and open. The first one seals; all of them open.
#[derive(Clone)]
pub struct Keyring {
    active: Arc<str>,
    ciphers: HashMap<Arc<str>, Arc<Aes256Gcm>>,
    macs: HashMap<Arc<str>, Hmac<Sha256>>,
}

/// Why a keyring cannot be had, or a secret not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No key at all.
    #[error("the keyring is empty: give at least one key as NAME:BASE64-OF-32-BYTES")]
    Empty,
    /// A key that is not `NAME:BASE64-OF-32-BYTES`.
    #[error("keyring entry {0} is not NAME:BASE64-OF-32-BYTES (make one with: openssl rand -base64 32)")]
    BadKey(usize),
    /// Two keys of one name.
    #[error("the keyring names '{0}' twice")]
    Twice(String),
    /// Sealed by a key that is not at hand.
    #[error("sealed by key '{0}', which is not in the keyring")]
    UnknownKey(Arc<str>),
    /// Changed, or moved from another record or field.
    #[error("the sealed text is damaged or belongs elsewhere")]
    Damaged,
}

impl Keyring {
    /// Reads `NAME:BASE64` entries; the first one is active.
    ///
    /// # Errors
    /// When there is none, or one is malformed; the error never shows the key.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, SealError> {
        let (mut ciphers, mut macs) = (HashMap::new(), HashMap::new());
        let mut active = None;
        for (index, entry) in entries.iter().enumerate() {
            let (name, cipher, mac) = parse_key(entry.as_ref()).ok_or(SealError::BadKey(index + 1))?;
            active.get_or_insert_with(|| Arc::clone(&name));
            macs.insert(Arc::clone(&name), mac);
            if ciphers.insert(Arc::clone(&name), Arc::new(cipher)).is_some() {
                return Err(SealError::Twice(name.to_string()));
            }
        }
        Ok(Self { active: active.ok_or(SealError::Empty)?, ciphers, macs })
    }

    /// A code that only who holds the active key can make. Say what it is for: two purposes never share one.
    pub fn mac(&self, meaning: &[u8]) -> [u8; 32] {
        finish(&self.macs[&self.active], meaning)
    }

    /// The codes of all keys, for checking one that may be older than the active key.
    pub fn macs(&self, meaning: &[u8]) -> Vec<[u8; 32]> {
        self.macs.values().map(|mac| finish(mac, meaning)).collect()
    }

    /// Seals a secret for its place with the active key. A nonce must never be used twice.
    pub fn seal(&self, nonce: [u8; 12], place: Place<'_>, secret: &[u8]) -> Sealed {
        let cipher = &self.ciphers[&self.active];
        let payload = Payload { msg: secret, aad: &place.associated_data() };
        let ciphertext =
            cipher.encrypt(&nonce.into(), payload).expect("secrets are far shorter than AES-GCM's limit");
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&ciphertext);
        Sealed { key: Arc::clone(&self.active), text: STANDARD.encode(bytes).into() }
    }

    /// Opens a secret at its place.
    ///
    /// # Errors
    /// When the key is unknown, or the text was changed or moved.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let cipher =
            self.ciphers.get(&sealed.key).ok_or_else(|| SealError::UnknownKey(Arc::clone(&sealed.key)))?;
        let bytes = STANDARD.decode(sealed.text.as_bytes()).map_err(|_| SealError::Damaged)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<12>().ok_or(SealError::Damaged)?;
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        cipher.decrypt(&(*nonce).into(), payload).map_err(|_| SealError::Damaged)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring(active {}, {} keys)", self.active, self.ciphers.len())
    }
}

fn finish(mac: &Hmac<Sha256>, meaning: &[u8]) -> [u8; 32] {
    let mut mac = mac.clone();
    mac.update(meaning);
    mac.finalize().into_bytes().into()
}

/// What is derived for codes is another key than the one that seals.
fn parse_key(entry: &str) -> Option<(Arc<str>, Aes256Gcm, Hmac<Sha256>)> {
    let (name, key) = entry.split_once(':')?;
    let key: [u8; 32] = STANDARD.decode(key.trim()).ok()?.try_into().ok()?;
    let derived = finish(&<Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?, b"postbode codes");
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&derived).ok()?;
    (!name.is_empty()).then(|| (Arc::from(name.trim()), Aes256Gcm::new(&key.into()), mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Place<'_> = Place { record: "webhook/wh_1", field: "secret" };

    fn key(name: &str, byte: u8) -> String {
        format!("{name}:{}", STANDARD.encode([byte; 32]))
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_and_nowhere_else() {
        let ring = Keyring::parse(&[key("a", 1)]).unwrap();
        let sealed = ring.seal([7; 12], SECRET, b"whsec_x");
        assert_eq!(ring.open(SECRET, &sealed).unwrap(), b"whsec_x");
        for elsewhere in [Place { record: "webhook/wh_2", ..SECRET }, Place { field: "headers", ..SECRET }] {
            assert_eq!(ring.open(elsewhere, &sealed), Err(SealError::Damaged));
        }
        assert!(!sealed.text.contains("whsec"));
    }

    #[test]
    fn a_rotated_ring_opens_the_old_and_seals_with_the_new() {
        let old = Keyring::parse(&[key("a", 1)]).unwrap();
        let new = Keyring::parse(&[key("b", 2), key("a", 1)]).unwrap();
        let sealed = old.seal([0; 12], SECRET, b"s");
        assert_eq!(new.open(SECRET, &sealed).unwrap(), b"s");
        let newer = new.seal([1; 12], SECRET, b"s");
        assert_eq!(&*newer.key, "b");
        assert_eq!(old.open(SECRET, &newer), Err(SealError::UnknownKey("b".into())));
    }

    #[test]
    fn a_code_of_an_older_key_is_known_as_long_as_the_key_is() {
        let old = Keyring::parse(&[key("a", 1)]).unwrap();
        let new = Keyring::parse(&[key("b", 2), key("a", 1)]).unwrap();
        assert!(new.macs(b"x").contains(&old.mac(b"x")) && new.macs(b"x").contains(&new.mac(b"x")));
        assert!(old.mac(b"x") != new.mac(b"x") && old.mac(b"x") != old.mac(b"y"));
    }

    #[test]
    fn a_bad_keyring_is_refused_without_showing_the_key() {
        let error = Keyring::parse(&["a:c2hvcnQ="]).unwrap_err();
        assert!(error.to_string().contains("entry 1") && !error.to_string().contains("c2hvcnQ"));
        assert_eq!(Keyring::parse::<&str>(&[]).unwrap_err(), SealError::Empty);
        assert_eq!(Keyring::parse(&[key("a", 1), key("a", 2)]).unwrap_err(), SealError::Twice("a".into()));
    }
}

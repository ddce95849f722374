//! Public keys as receivers get them: from a JSON Web Key Set, or as a file in PEM.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{PublicEncryptingKey, PublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::KeyError;

/// The platform's public keys by their names, each as a SubjectPublicKeyInfo in DER: what [`crate::verify()`] asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedKeys(BTreeMap<String, Vec<u8>>);

impl PublishedKeys {
    /// Reads a JSON Web Key Set (RFC 7517). Keys that are not RSA, cannot be read or have no name are passed over, as the
    /// RFC asks.
    ///
    /// # Errors
    /// When it is no such set, or there is no key in it that can be used.
    pub fn from_jwks(text: &[u8]) -> Result<Self, KeyError> {
        let set: Value = serde_json::from_slice(text).map_err(|_| KeyError::NoSet)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeyError::NoSet)?;
        let keys: BTreeMap<_, _> = keys.iter().filter_map(named_spki).collect();
        if keys.is_empty() { Err(KeyError::EmptySet) } else { Ok(Self(keys)) }
    }

    /// The key of a name.
    pub fn spki(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The keys' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Reads a public key in PEM (`BEGIN PUBLIC KEY`) and returns its SubjectPublicKeyInfo in DER.
///
/// # Errors
/// When it is none, or no RSA key of a size that may sign.
pub fn spki_from_pem(text: &[u8]) -> Result<Vec<u8>, KeyError> {
    let pem = pem::parse(text).map_err(|_| KeyError::NoPublicPem)?;
    if pem.tag() != "PUBLIC KEY" {
        return Err(KeyError::NoPublicPem);
    }
    let key = PublicEncryptingKey::from_der(pem.contents());
    key.map_err(|_| KeyError::Rejected("this public key is another".to_owned()))?;
    Ok(pem.into_contents())
}

fn named_spki(jwk: &Value) -> Option<(String, Vec<u8>)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    text("kty").filter(|kind| *kind == "RSA")?;
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let components = PublicKeyComponents { n: number("n")?, e: number("e")? };
    let der: PublicKeyX509Der<'static> = components.as_der().ok()?;
    Some((text("kid")?.to_owned(), der.as_ref().to_vec()))
}

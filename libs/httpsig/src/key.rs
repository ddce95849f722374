//! RSA keys, and the forms in which they are kept and published.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A key that signs. Its name is the DNS name under which its public half is published: the signature's `keyId`.
pub struct PlatformKey {
    name: String,
    pair: KeyPair,
}

/// A public key, as receivers get to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The DNS name of its TXT record.
    pub name: String,
    /// X.509's SubjectPublicKeyInfo in DER.
    pub spki: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Why something is no key. Never shows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM, or another kind of PEM.
    #[error("no private key in PEM (`BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`)")]
    NoPem,
    /// No PEM of a public key.
    #[error("no public key in PEM (`BEGIN PUBLIC KEY`)")]
    NoPublicPem,
    /// No JSON Web Key Set.
    #[error("no JSON Web Key Set: an object with a list `keys`")]
    NoSet,
    /// A set without a key that can be used.
    #[error("the JSON Web Key Set holds no RSA key with a name")]
    EmptySet,
    /// PEM, but no RSA key of a size that may sign.
    #[error("not an RSA key of 2048 to 8192 bits: {0}")]
    Rejected(String),
    /// The name is no DNS name.
    #[error("{0:?} is no DNS name: letters, digits, hyphens, underscores and dots, at most 253 bytes")]
    Name(String),
    /// A key of this size is not made here.
    #[error("a key has 2048, 3072 or 4096 bits, not {0}")]
    Size(u32),
    /// The machine gave no randomness.
    #[error("no key could be made")]
    Failed,
}

impl PlatformKey {
    /// Makes a new key of 2048, 3072 or 4096 bits.
    ///
    /// # Errors
    /// When the name or the size will not do.
    pub fn generate(name: &str, bits: u32) -> Result<Self, KeyError> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => return Err(KeyError::Size(bits)),
        };
        check_name(name)?;
        let pair = KeyPair::generate(size).map_err(|_| KeyError::Failed)?;
        Ok(Self { name: name.to_owned(), pair })
    }

    /// Reads a private key in PEM: PKCS#8 or PKCS#1.
    ///
    /// # Errors
    /// When it is none, or the name will not do.
    pub fn from_pem(name: &str, text: &[u8]) -> Result<Self, KeyError> {
        check_name(name)?;
        let pem = pem::parse(text).map_err(|_| KeyError::NoPem)?;
        let pair = match pem.tag() {
            "PRIVATE KEY" => KeyPair::from_pkcs8(pem.contents()),
            "RSA PRIVATE KEY" => KeyPair::from_der(pem.contents()),
            _ => return Err(KeyError::NoPem),
        };
        let pair = pair.map_err(|why| KeyError::Rejected(why.to_string()))?;
        Ok(Self { name: name.to_owned(), pair })
    }

    /// The private key as PKCS#8 in PEM. A secret.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der: Pkcs8V1Der<'static> = self.pair.as_der().map_err(|_| KeyError::Failed)?;
        let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        Ok(pem::encode_config(&pem::Pem::new("PRIVATE KEY", der.as_ref()), lines))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its public half.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        let key = self.pair.public_key();
        let spki: PublicKeyX509Der<'static> = key.as_der().map_err(|_| KeyError::Failed)?;
        Ok(PublicKey {
            name: self.name.clone(),
            spki: spki.as_ref().to_vec(),
            modulus: key.modulus().big_endian_without_leading_zero().to_vec(),
            exponent: key.exponent().big_endian_without_leading_zero().to_vec(),
        })
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256. About a third of a millisecond with 2048 bits.
    pub(crate) fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok()?;
        Some(signature)
    }
}

impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlatformKey({})", self.name)
    }
}

impl PublicKey {
    /// The TXT record's text.
    pub fn txt(&self) -> String {
        format!("v=DKIM1;p={}", STANDARD.encode(&self.spki))
    }

    /// The TXT record as a line of a zone file: strings of at most 255 bytes, which DNS joins again.
    pub fn zone_line(&self) -> String {
        let text = self.txt();
        let strings: Vec<_> = text
            .as_bytes()
            .chunks(255)
            .map(|chunk| format!("\"{}\"", String::from_utf8_lossy(chunk)))
            .collect();
        format!("{}. 3600 IN TXT ( {} )", self.name, strings.join(" "))
    }

    /// A JSON Web Key (RFC 7517).
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus), "e": URL_SAFE_NO_PAD.encode(&self.exponent),
        })
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match name.len() <= 253 && name.split('.').count() >= 2 && name.split('.').all(label) {
        true => Ok(()),
        false => Err(KeyError::Name(name.to_owned())),
    }
}

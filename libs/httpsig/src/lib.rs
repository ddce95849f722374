//! The platform's own signature on calls: who calls, proven with a key that DNS publishes.
//!
//! It is SMTPeter's scheme: a `Digest` of the body (RFC 3230) and a `Signature` over chosen headers
//! (draft-cavage-http-signatures-11, `rsa-sha256`), whose `keyId` is the DNS name of a TXT record with the public key in
//! DKIM's form. It comes on top of the Standard Webhooks signature, for webhooks that ask for it: that one proves who a
//! customer shares a secret with, this one the platform itself.
//!
//! Names of headers and of the digest's algorithm are written in lower case, and nothing stands between the TXT record's
//! parts: SMTPeter's published verifier takes no other form.

mod key;
mod message;
mod published;
mod ring;
mod verify;

pub use key::{KeyError, PlatformKey, PublicKey};
pub use message::{Call, Scheme};
pub use published::{PublishedKeys, spki_from_pem};
pub use ring::{Ring, RingError, SigningSettings};
pub use verify::{Received, Refusal, verify};

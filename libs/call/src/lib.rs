//! A webhook's call: rendered, signed, ready to be made. The same for a real delivery and for a test that somebody sends
//! by hand, so that what passes the one passes the other.
//!
//! - [`Credentials`]: a webhook's opened secrets.
//! - [`request()`]: body, signatures, headers.

mod credentials;
mod request;
#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Unusable};
pub use request::{Item, Parcel, Platform, request};

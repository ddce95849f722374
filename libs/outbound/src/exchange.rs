//! What goes in and what comes out: requests, and what became of them.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use domain::Outcome;
use http::HeaderMap;
use url::Url;

/// One signed call.
#[derive(Clone, Debug)]
pub struct PostRequest {
    /// Where to; parse it once with [`crate::AddressPolicy::check_url`] and keep it.
    pub url: Url,
    /// All headers but `host`, `content-length` and the connection's own, which are removed.
    pub headers: HeaderMap,
    /// The body, sent as it is.
    pub body: Bytes,
    /// Bound for the whole attempt, from the name to the response's body.
    pub timeout: Duration,
}

/// Bounds of a verification fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bound for the whole fetch.
    pub timeout: Duration,
    /// The largest body in bytes; a success with a larger one is a failure.
    pub max_body: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), max_body: 4096 }
    }
}

/// What became of one request.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What happened.
    pub outcome: Outcome,
    /// How long it took.
    pub phases: Phases,
    /// The response, if its head arrived.
    pub response: Option<ResponseHead>,
    /// Whether a pooled connection carried it; `None` if there never was one.
    pub connection_reused: Option<bool>,
}

/// Durations of one exchange, one after the other; those that did not take place, or did not finish, are `None`.
/// With a proxy `dns` is `None`, and `connect` and `tls` are the proxy's and the tunnel's together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// From the call to its end.
    pub total: Duration,
    /// Resolving the name.
    pub dns: Option<Duration>,
    /// Opening the TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the connection (or, on a pooled one, from the call) to the response's head.
    pub first_byte: Option<Duration>,
    /// Reading the response's body, or as much of it as is read.
    pub body: Option<Duration>,
}

/// The part of a response that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// A few headers worth showing; values over 512 bytes are left out.
    pub headers: HeaderMap,
    /// The body's first bytes: up to 256 of a success, 4 096 of a failure, all of a fetch.
    pub body: Bytes,
}

impl Exchange {
    /// One that never got as far as a connection.
    pub(crate) fn refused(why: &impl fmt::Display, total: Duration) -> Self {
        Self {
            outcome: Outcome::Denied(why.to_string()),
            phases: Phases { total, ..Phases::default() },
            response: None,
            connection_reused: None,
        }
    }
}

/// How connections have been used since the start: one new connection per request is a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStats {
    /// Connections opened, TLS included.
    pub opened: u64,
    /// Connections that could not be opened: refused, denied, not resolved, too slow.
    pub failed: u64,
    /// Requests that went out on a pooled connection.
    pub reused: u64,
}

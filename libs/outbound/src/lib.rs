//! HTTP to strangers: address policy, verification fetch, signed POST. The only crate that names reqwest.
//!
//! Invariants:
//! - No TCP connection is opened to an address that [`AddressPolicy`] denies: IP literals are judged before
//!   each send, names by the resolver that feeds the connect, so what is dialled is what was checked.
//! - Redirects are never followed, environment proxies never used, bodies never decompressed.
//! - One deadline bounds an attempt, bytes bound what is read; nothing a peer does makes [`Outbound::post`]
//!   fail, panic or hold memory: whatever happens is an [`Exchange`].
//! - Texts in outcomes are short and hold neither the URL nor a header of ours.
//!
//! **The response's head decides.** Once a 2xx head arrived the attempt is a success, however its body goes on:
//! the body is for display only, and reading it is cut after one second, 64 KiB or the deadline, whichever
//! comes first. An endpoint that answered 200 and trickles its body is thus not called twice.

mod body;
mod classify;
mod client;
mod dns;
mod exchange;
mod policy;
mod probe;
mod retry_after;
mod settings;
mod tls;

pub use client::{Outbound, SetupError};
pub use dns::{LookupError, Resolver, SystemResolver};
pub use exchange::{ConnectionStats, Exchange, FetchLimits, Phases, PostRequest, ResponseHead};
pub use policy::{
    AddressPolicy, AllowEntry, Denial, Forbidden, HeaderRejection, InvalidAllowEntry, UrlRejection,
    check_header,
};
pub use settings::{OutboundSettings, ProxyUrl};

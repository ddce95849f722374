//! The end-to-end harness: real Kafka, the built binaries, scripted receivers.
//!
//! A story starts a [`World`], does something to it, and closes it. Closing balances the books: every accepted event times
//! every webhook that wanted it is delivered, waiting in a tier, or in the dead letters.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a story that cannot go on has failed")]

mod books;
mod broker;
mod browser;
mod chart;
mod cli;
mod collector;
mod gate;
mod hook;
mod kafka;
mod languages;
pub mod metrics;
mod mirror;
mod postgres;
mod proxy;
mod receiver;
mod rights;
mod service;
mod tokens;
mod topics;
mod world;

use std::future::Future;
use std::time::Duration;

pub use broker::{Broker, Ending};
pub use browser::{Browser, Browsers, Look, browse};
pub use chart::test_pod;
pub use cli::{Said, said, signal};
pub use collector::{Collector, Seen};
pub use gate::{Gate, Manner};
pub use hook::Hook;
pub use kafka::{Operator, Position};
pub use languages::{Language, goes_without};
pub use mirror::Mirror;
pub use postgres::postgres;
pub use proxy::Proxy;
pub use receiver::{Answer, Call, Receiver};
pub use service::{Kind, ServiceProcess, binary, previous_binaries};
pub use tokens::IdentityProvider;
pub use world::{OPERATOR_KEY, World, WorldOptions, make_room};

/// Waits until something holds, and fails with what was last seen if it does not within the limit.
pub async fn eventually<T, F, Fut>(limit: Duration, what: &str, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    let end = tokio::time::Instant::now() + limit;
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(last) if tokio::time::Instant::now() >= end => panic!("{what}: not within {limit:?}; {last}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

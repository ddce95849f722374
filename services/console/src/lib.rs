//! The REST API where people manage accounts, keys and webhooks.
//!
//! - [`rules`]: what may be done; pure.
//! - [`api`]: how it is asked for over HTTP; the DTOs are [`wire::api`].
//! - [`live`]: an account's events as they happen.
//! - [`world`]: the doors to Kafka, to strangers' servers and to the clock, which tests replace.
//!
//! All state is the registry's topic. A change is decided on the registry as it is at the change's turn, and is answered
//! once this console's own view has it, so whoever asks the same console again sees it.

pub mod api;
mod config;
mod kafka;
pub mod live;
pub mod problem;
pub mod rules;
mod service;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod world;

pub use config::{ConsoleSettings, Settings};
pub use service::run;

//! The REST API where people manage accounts, keys and webhooks.
//!
//! - [`rules`]: what may be done; pure.
//! - [`api`]: how it is asked for over HTTP; the DTOs are [`wire::api`].
//! - `history`: what happened, read from topics into a database.
//! - [`world`]: the doors to Kafka, to strangers' servers and to the clock, which tests replace.
//!
//! But for the history, all state is the registry's topic. A change is decided on the registry as it is at the change's turn, and is answered
//! once this console's own view has it, so whoever asks the same console again sees it.

pub mod api;
mod config;
mod history;
mod kafka;
pub mod problem;
pub mod rules;
mod service;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod world;

pub use config::{ConsoleSettings, Settings};
pub use service::run;

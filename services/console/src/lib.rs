//! Where people manage accounts, keys and webhooks, and see what became of their events: pages and a REST API.
//!
//! - [`rules`]: what may be done; pure.
//! - [`acts`]: what is done to the world by them.
//! - [`api`]: how it is asked for over HTTP; the DTOs are [`wire::api`].
//! - `pages`: how it is asked for in a browser.
//! - `jobs`: what goes on after its answer; one module per kind.
//! - `notices`: mails to those whose webhooks fail.
//! - [`live`]: an account's events as they happen.
//! - `history`: what happened, read from topics into a database.
//! - [`words`]: what is said to people, in their language.
//! - [`world`]: the doors to Kafka, to strangers' servers and to the clock, which tests replace.
//!
//! All state is the registry's topic, but for the history, jobs and sessions, which stand in a database. A change is
//! decided on the registry as it is at the change's turn, and is answered once this console's own view has it, so whoever
//! asks the same console again sees it.

pub mod acts;
pub mod api;
mod backlog;
mod config;
pub mod guesses;
mod history;
mod jobs;
mod kafka;
pub mod live;
mod notices;
mod pages;
pub mod problem;
pub mod rates;
pub mod rules;
mod service;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod words;
pub mod world;

pub use config::{ConsoleSettings, Settings};
pub use notices::MailSettings;
pub use service::run;

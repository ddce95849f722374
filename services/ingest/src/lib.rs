//! Takes events over HTTP and writes them to Kafka.
//!
//! `POST /v1/events` takes CloudEvents and plain records ([`parse`] lists the forms), checks every event of a request
//! before it writes the first, and answers 202 only when Kafka has acknowledged the last. Who sends is told by an API key
//! ([`author`]). It knows nothing about webhooks.

pub mod api;
pub mod author;
pub mod body;
mod config;
mod kafka;
pub mod names;
pub mod parse;
pub mod pipeline;
pub mod record;
pub mod refusal;
mod service;
mod spans;
pub mod telemetry;
pub mod validate;

pub use config::{IngestSettings, Settings};
pub use service::run;

//! Matches each event against the triggers of its account's webhooks: one delivery record per match.

mod config;
mod findings;
mod pipeline;
mod route;
mod spans;
mod telemetry;

pub use config::Settings;
pub use pipeline::run;

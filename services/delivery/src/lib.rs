//! Renders, signs and POSTs deliveries; what fails is tried again later, and what fails for good is buried.
//!
//! Every decision is `domain::Dispatcher`'s. This crate is its shell: it reads records, performs commands, and tells
//! the dispatcher what became of them.

mod attempt;
mod busiest;
mod config;
mod effects;
mod held;
mod history;
mod pipeline;
mod spans;
mod telemetry;
#[cfg(test)]
mod tests;
mod vault;

pub use config::Settings;
pub use pipeline::run;

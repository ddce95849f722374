//! Holds records in their tier until they are due, then puts them back on `deliveries`. Knows nothing of what they mean.

mod config;
mod hold;
mod pipeline;
mod telemetry;

pub use config::Settings;
pub use pipeline::run;

//! Configuration, telemetry, lifecycle, health and metrics endpoints.
//!
//! A service's binary is one line: `process::serve("postbode-fanout", fanout::run)`. `run` gets a [`Service`] that holds
//! its configuration and the handles by which it takes part in the life of the process; when secrets change, it is called
//! again with another. Tests build one by hand with [`Service::by_hand`].

mod arguments;
mod clock;
pub mod config;
mod door;
mod generation;
mod health;
pub mod http;
mod lifecycle;
mod logs;
mod management;
mod metrics;
mod problem;
mod reload;
mod resources;
mod seal;
mod serve;
mod settings;
pub mod trace;

/// A third of a delivery's time went into the system's allocator: records are made on one thread and freed on another,
/// which this one is good at. Every service gets it by linking this library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use clock::SystemClock;
pub use door::Door;
pub use health::{Check, Health, Report};
pub use http::HttpSettings;
pub use lifecycle::Lifecycle;
pub use metrics::Metrics;
pub use problem::Problem;
pub use seal::SealSettings;
pub use serve::{Service, serve, serve_checked};
pub use settings::{LogFormat, LogSettings, ReloadSettings, Secret, ShutdownSettings, TraceSettings};
pub use wire::HumanDuration;

//! Kafka: sources, sinks, tables and flows. The only crate that names rdkafka.

mod log;
mod settings;
mod sink;
mod source;

pub use settings::KafkaSettings;
pub use sink::{SendError, Sink, SinkOptions, Written};
pub use source::{Claim, Monitor, Progress, Source, SourceEvent, SourceOptions};

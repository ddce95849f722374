//! Kafka: sources, sinks, tables and flows. The only crate that names rdkafka.

mod flow;
mod log;
mod settings;
mod sink;
mod source;

pub use flow::{Flow, FlowError, Next, Step};
pub use settings::KafkaSettings;
pub use sink::{SendError, Sink, SinkOptions, Written};
pub use source::{Claim, Monitor, Source, SourceEvent, SourceOptions};

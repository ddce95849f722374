//! Kafka: sources, sinks, tables and flows. The only crate that names rdkafka.

mod flow;
mod log;
mod scan;
mod settings;
mod sink;
mod source;
mod writes;

pub use flow::{Flow, FlowError, Next, Step};
pub use scan::{Scan, ScanError, ScanOptions, Span};
pub use settings::KafkaSettings;
pub use sink::{SendError, Sink, SinkOptions, Written};
pub use source::{Claim, Monitor, Source, SourceEvent, SourceOptions};
pub use writes::{Failures, WriteEvent, Writes};

//! Kafka: sources, sinks, tables and flows. The only crate that names rdkafka.

mod access;
mod admin;
mod client;
mod flow;
mod journal;
mod lag;
mod log;
mod places;
mod scan;
mod settings;
mod sink;
mod source;
mod table;
mod tail;
mod telemetry;
mod times;
mod turn;
mod view;
mod writes;

pub use access::Access;
pub use admin::{Admin, AdminError, Problem, Severity, TopicReport, Unfit};
pub use flow::{Flow, FlowError, Next, Step};
pub use journal::{Journal, JournalOptions, Recorded, WriteError};
pub use lag::{Kept, Lag, LagMeter, Overdue};
pub use scan::{Scan, ScanError, ScanOptions, Span};
pub use settings::KafkaSettings;
pub use sink::{Codec, SendError, Sink, SinkOptions, Written};
pub use source::{Claim, Monitor, Source, SourceEvent, SourceOptions};
pub use table::{Table, TableError, TableOptions, TableState};
pub use telemetry::{Ahead, ReadAhead};
pub use times::Times;
pub use turn::Turn;
pub use view::RegistryView;
pub use writes::{Failures, WriteEvent, Writes};

//! Kafka: sources, sinks, tables and flows. The only crate that names rdkafka.

mod access;
mod admin;
mod client;
mod flow;
mod journal;
mod lag;
mod log;
mod places;
mod reading;
mod scan;
mod settings;
mod sink;
mod source;
mod table;
mod tail;
mod times;
mod turn;
mod view;
mod visit;
mod writes;

pub use access::access;
pub use admin::{Admin, AdminError, Problem, Severity, TopicReport, Unfit};
pub use flow::{Flow, FlowError, Next, Step};
pub use journal::{Journal, JournalOptions, Recorded, Restore, RestoreError, WriteError};
pub use lag::{Lag, LagMeter};
pub use reading::{MayRead, may_read};
pub use scan::{Scan, ScanError, ScanOptions, Span};
pub use settings::KafkaSettings;
pub use sink::{Codec, SendError, Sink, SinkOptions, Written};
pub use source::{Claim, Monitor, Reading, Source, SourceEvent, SourceOptions};
pub use table::{Table, TableError, TableOptions, TableState};
pub use times::Times;
pub use turn::Turn;
pub use view::RegistryView;
pub use visit::{Node, Visit, VisitError, visit};
pub use writes::{Failures, WriteEvent, Writes};

//! What crosses a topic or the API: records, headers, topic names, formats.

pub mod api;
#[cfg(feature = "schema")]
pub mod asyncapi;
pub mod attempt;
pub mod audit;
pub mod catalogue;
pub mod dead_letter;
pub mod delivery;
pub mod disposition;
pub mod event;
pub mod format;
pub mod names;
pub mod operational;
mod record;
pub mod registry;
#[cfg(feature = "schema")]
pub mod schema;
pub mod text;
pub mod topics;

pub use delivery::{Delivery, Origin};
pub use record::{HeaderName, Headers, OutRecord, Record};
pub use text::HumanDuration;

//! What happened, in a database: what people look at and search, and the jobs they set going.
//!
//! Nothing here is the truth: that is in Kafka, and the history is made anew from its topics when it is lost. The same
//! statements run on SQLite, a file of one console's own, and on PostgreSQL, which several consoles share. The only
//! crate that names sqlx.
//!
//! - [`History`]: the database, open and up to date.
//! - [`jobs`]: what was set going: who works on it, how far it is.
//! - [`sessions`]: who is signed in on the pages.
//! - [`entry`]: what is read from the topics, and [`History::write`], which writes it once however often it is read.
//! - [`deliveries`], [`dead_letters`], [`hours`]: what people look at.
//! - [`turns`]: requests that may be said again.
//! - [`audit`]: who did what in the console.
//! - [`retention`]: what is forgotten, and when.

pub mod audit;
mod database;
pub mod dead_letters;
pub mod deliveries;
mod delivery;
pub mod entry;
mod erase;
mod fold;
pub mod hours;
pub mod jobs;
mod notices;
pub mod positions;
pub mod retention;
mod row;
pub mod sessions;
mod statement;
mod text;
pub mod turns;
mod volumes;
mod write;

pub use database::{Error, History, HistorySettings};
pub use delivery::{Delivery, Latest, State};
pub use erase::Erased;
pub use text::Text;
pub use write::Written;

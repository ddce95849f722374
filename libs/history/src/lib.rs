//! What happened, in a database: what people look at and search, and the jobs they set going.
//!
//! Nothing here is the truth: that is in Kafka, and the history is made anew from its topics when it is lost. The same
//! statements run on SQLite, a file of one console's own, and on PostgreSQL, which several consoles share. The only
//! crate that names sqlx.
//!
//! - [`History`]: the database, open and up to date.
//! - [`jobs`]: what was set going: who works on it, how far it is.
//! - [`sessions`]: who is signed in on the pages.

mod database;
pub mod jobs;
pub mod sessions;

pub use database::{Error, History, HistorySettings};

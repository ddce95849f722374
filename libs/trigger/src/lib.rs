//! Which events a webhook wants, beyond their type: profile triggers, and filters in CEL.
//!
//! Customers write the filters, and fan-out runs them for every event: nothing that they write may take long, much memory or
//! the stack. [`Filter::compile`] refuses what could, and running a filter is bounded by its calls times the size
//! of the event. An expression that fails, or is no boolean, is no match.
//!
//! An event's data is read at most once, however many webhooks there are, and not at all if none of them needs it; equal
//! filters run once.

mod bounds;
mod cache;
mod check;
mod data;
mod error;
mod failure;
mod filter;
mod judge;
mod profile;

pub use bounds::{
    MAX_ADDITIONS, MAX_CALLS, MAX_DEPTH, MAX_EVENT_BYTES_READ, MAX_FILTER_BYTES_READ, MAX_SOURCE, VALUE_BYTES,
};
pub use check::VARIABLES;
pub use error::FilterError;
pub use filter::Filter;
pub use judge::{Judge, Matcher, Mismatch, Occurrence, Verdict};

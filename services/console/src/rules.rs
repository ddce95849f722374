//! What may be done, as pure functions of the registry, a request, the time and chance.
//!
//! A change has two halves. The first one *prepares*: it checks a request's fields, draws what is random, seals secrets.
//! The second one *decides* on the registry as it is at the change's turn, and may run more than once, so nothing is
//! drawn there: a nonce is never used for two texts.

pub mod access;
pub mod accounts;
pub mod audit;
pub mod backfill;
pub mod chance;
pub mod change;
pub mod draft;
pub mod edit;
pub mod fields;
pub mod judge;
pub mod keys;
pub mod letters;
pub mod notices;
pub mod paging;
pub mod portal;
pub mod preview;
pub mod proof;
pub mod repeats;
pub mod search;
pub mod secrets;
#[cfg(test)]
mod tests;
pub mod trigger;
pub mod ways;
pub mod whence;

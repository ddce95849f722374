//! What each fault does.

pub(crate) mod brokers;
pub(crate) mod members;
pub(crate) mod offsets;
pub(crate) mod processes;
pub(crate) mod receivers;
pub(crate) mod topics;

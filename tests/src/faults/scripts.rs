//! What each fault does.

pub(crate) mod members;
pub(crate) mod processes;

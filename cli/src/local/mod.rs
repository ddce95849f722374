//! The services on this machine: what the demo and the benchmark have in common.

mod children;
mod kafka;
mod place;
mod service;

pub(crate) use children::Children;
pub(crate) use kafka::Kafka;
pub(crate) use place::Place;
pub(crate) use service::{address, listener, ready, write_private};

//! Stories on the shared Kafka: the built services, from an event to a receiver.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod addresses;
mod backfill;
mod batches;
mod breaker;
mod conditions;
mod configuration;
mod console;
mod delivery;
mod dlq;
mod doctor;
mod fuzz;
mod helm_test;
mod history;
mod import;
mod ingest;
mod isolation;
mod lifecycle;
mod listen;
mod platform_signature;
mod poison;
mod receivers;
mod registry;
mod retry;
mod secrets;
mod states;
mod tracing;

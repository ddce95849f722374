//! Kafka: sources, sinks, tables and flows.

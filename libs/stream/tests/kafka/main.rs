//! Stories on real Kafka: that of `KAFKA_BOOTSTRAP_SERVERS`, else the one that `scripts/kafka up` starts.

mod admin;
mod flow;
mod journal;
mod support;
mod table;

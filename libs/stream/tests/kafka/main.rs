//! Stories on real Kafka: that of `KAFKA_BOOTSTRAP_SERVERS`, else the one that `scripts/kafka up` starts.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod admin;
mod flow;
mod journal;
mod lag;
mod scan;
mod source;
mod support;
mod table;
mod times;
mod turn;
mod visit;

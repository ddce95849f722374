//! What the client calls back with, written down for the polling thread.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;

use super::committer::Answer;

/// A topic's name and a partition's number.
pub(super) type Place = (String, i32);

/// What happened to the group.
pub(super) enum Rebalanced {
    Assign(Vec<Place>),
    Revoke { places: Vec<Place>, lost: bool },
}

#[derive(Default)]
pub(super) struct Context {
    rebalanced: Mutex<Vec<Rebalanced>>,
    answers: Mutex<Vec<Answer>>,
    closing: AtomicBool,
}

impl Context {
    /// From now on whatever is revoked is handed back at once: closing the client waits for it.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(super) fn take_rebalanced(&self) -> Vec<Rebalanced> {
        std::mem::take(&mut *locked(&self.rebalanced))
    }

    /// A commit was answered.
    pub(super) fn answered(&self, answer: Answer) {
        locked(&self.answers).push(answer);
    }

    pub(super) fn take_answers(&self) -> Vec<Answer> {
        std::mem::take(&mut *locked(&self.answers))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        crate::log::client("consumer", level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        crate::client::report("consumer", &error, reason);
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, client: &BaseConsumer<Self>, kind: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let places = || list.elements().iter().map(|e| (e.topic().to_owned(), e.partition())).collect();
        // The client calls with one of two kinds; whatever is no assignment must let go.
        let happened = if kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            Rebalanced::Assign(places())
        } else {
            Rebalanced::Revoke { places: places(), lost: client.assignment_lost() }
        };
        if self.closing.load(Ordering::SeqCst) {
            let answered = match happened {
                Rebalanced::Assign(_) => client.incremental_assign(list),
                Rebalanced::Revoke { .. } => client.incremental_unassign(list),
            };
            if let Err(error) = answered {
                tracing::debug!(kafka.error = %error, "a rebalance while closing was not answered");
            }
            return;
        }
        locked(&self.rebalanced).push(happened);
    }
}

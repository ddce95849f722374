//! One process at a time: a turn at something that two must not do at once.
//!
//! Kafka's own group coordinator is the judge. All who want a turn join one group that reads a topic of one partition;
//! whoever is assigned that partition has the turn, and the sticky assignor leaves it there for as long as its holder
//! lives. One who leaves in good order hands it on at once; one who was killed loses it when its session ends, after six
//! seconds. A holder that Kafka loses sight of, as when a broker restarts, lines up again by itself. It is a courtesy, not
//! a fence: a holder that is cut off goes on until it hears of it, within the same six seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use tokio::sync::watch;

use crate::KafkaSettings;

/// A turn that is waited for, or held. Dropping it lets it go in the background; see [`Turn::end`].
pub struct Turn {
    state: watch::Receiver<State>,
    group: Arc<str>,
    consumer: Arc<BaseConsumer<Holder>>,
    thread: JoinHandle<()>,
    stop: StopOnDrop,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Held,
    Failed(String),
}

/// How soon a killed holder's turn is free: the least that brokers allow by default.
const SESSION_MS: &str = "6000";
const POLL: Duration = Duration::from_millis(100);
const ASK: Duration = Duration::from_secs(2);

impl Turn {
    /// Lines up. `topic` must have one partition; `name` is what others in the line see.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn line_up(settings: &KafkaSettings, topic: &str, group: &str, name: &str) -> KafkaResult<Self> {
        let config = settings.configured(
            &[("session.timeout.ms", SESSION_MS), ("heartbeat.interval.ms", "500")],
            &[
                ("group.id", group),
                ("client.id", name),
                ("partition.assignment.strategy", "cooperative-sticky"),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "latest"), // nothing is read: the assignment is all that matters
                ("allow.auto.create.topics", "false"),
            ],
        );
        let (tell, state) = watch::channel(State::Waiting);
        let consumer: Arc<BaseConsumer<Holder>> = Arc::new(config.create_with_context(Holder { tell })?);
        consumer.subscribe(&[topic])?;
        let stop = StopOnDrop(Arc::default());
        let thread = {
            let (consumer, stop) = (Arc::clone(&consumer), Arc::clone(&stop.0));
            std::thread::spawn(move || keep(&consumer, &stop))
        };
        Ok(Self { state, group: group.into(), consumer, thread, stop })
    }

    /// Resolves when it is our turn: at once while it is. Safe to drop while waiting.
    ///
    /// # Errors
    /// Says why it never will be, in the client's words.
    pub async fn held(&self) -> Result<(), String> {
        let mut state = self.state.clone();
        let seen = state.wait_for(|state| *state != State::Waiting).await;
        match seen.as_deref() {
            Ok(State::Held | State::Waiting) => Ok(()),
            Ok(State::Failed(why)) => Err(why.clone()),
            Err(_) => Err("its thread ended".to_owned()),
        }
    }

    /// Everyone in the line, as they named themselves and where they come from; empty if Kafka does not say.
    pub async fn line(&self) -> Vec<String> {
        let (asker, group) = (Arc::clone(&self.consumer), Arc::clone(&self.group));
        let asked = tokio::task::spawn_blocking(move || {
            let groups = asker.fetch_group_list(Some(&group), ASK).ok()?;
            let members = groups.groups().first()?.members();
            let name = |host: &str, name: &str| format!("{name} at {}", host.trim_start_matches('/'));
            Some(members.iter().map(|member| name(member.client_host(), member.client_id())).collect())
        });
        asked.await.ok().flatten().unwrap_or_default()
    }

    /// Lets the next one have it, and waits until Kafka knows.
    pub async fn end(self) {
        let Self { consumer, thread, stop, .. } = self;
        let left = move || {
            drop(stop);
            let _ = thread.join();
            // The last reference closes the client, and with it leaves the group.
            drop(consumer);
        };
        let _ = tokio::task::spawn_blocking(left).await;
    }
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Stays in the group by polling, until told otherwise.
fn keep(consumer: &BaseConsumer<Holder>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Some(Err(error)) = consumer.poll(POLL) else { continue };
        let is_final = matches!(error, KafkaError::MessageConsumptionFatal(_))
            || matches!(
                error.rdkafka_error_code(),
                Some(RDKafkaErrorCode::GroupAuthorizationFailed | RDKafkaErrorCode::TopicAuthorizationFailed)
            );
        // Others pass: the client goes on by itself.
        if is_final {
            consumer.context().tell.send_replace(State::Failed(error.to_string()));
        }
    }
}

struct Holder {
    tell: watch::Sender<State>,
}

impl ClientContext for Holder {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        crate::log::client("turn", level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        crate::client::report("turn", &error, reason);
    }
}

impl ConsumerContext for Holder {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) if partitions.count() > 0 => {
                self.tell.send_replace(State::Held);
            }
            Rebalance::Revoke(partitions) if partitions.count() > 0 => {
                self.tell.send_replace(State::Waiting);
            }
            Rebalance::Assign(_) | Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => tracing::warn!(kafka.error = %error, "a rebalance failed"),
        }
    }
}

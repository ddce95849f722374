//! The thread that polls.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::{Completed, Epoch, Frontier, Home};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::Record;

use super::claimed::Claimed;
use super::committer::{self, Commit};
use super::context::{Context, Place, Rebalanced};
use super::convert::committed_at;
use super::{Monitor, Order, SourceEvent, SourceOptions, convert, identity};

/// How long one poll waits: orders are obeyed in between.
const POLL: Duration = Duration::from_millis(10);
/// Records handed over at once, at most.
const BATCH: usize = 512;
/// How long looking up a committed offset may hold up the polling.
pub(super) const LOOK_UP: Duration = Duration::from_secs(3);
/// What a reader has left over its drain before a partition goes regardless.
const GRACE: Duration = Duration::from_millis(500);

pub(super) struct Poller {
    pub(super) client: Arc<BaseConsumer<Context>>,
    commits: Sender<Vec<Commit>>,
    committer: JoinHandle<()>,
    drain: Duration,
    events: mpsc::Sender<SourceEvent>,
    orders: Receiver<Order>,
    pub(super) monitor: Monitor,
    pub(super) cluster: Option<String>,
    pub(super) claimed: Claimed,
    /// Some log does not reach to where it is to be read on, or is not there: when to look.
    pub(super) mend_at: Option<Instant>,
    /// Partitions that could not be looked at.
    pub(super) missing: HashSet<Place>,
    assigning: Vec<Vec<Place>>,
    revoking: Vec<Revocation>,
}

/// Partitions that the group wants back, and the claims on them that the reader still holds.
struct Revocation {
    places: Vec<Place>,
    held: HashSet<Epoch>,
    deadline: Instant,
}

/// The reader is gone, or nothing more can be done for it.
pub(super) struct Ended;

impl Poller {
    pub(super) fn new(
        config: &ClientConfig,
        options: &SourceOptions,
        events: mpsc::Sender<SourceEvent>,
        orders: Receiver<Order>,
        monitor: Monitor,
    ) -> KafkaResult<Self> {
        let client: Arc<BaseConsumer<Context>> = Arc::new(config.create_with_context(Context::default())?);
        let names: Vec<&str> = options.topics.iter().map(|topic| &**topic).collect();
        client.subscribe(&names)?;
        let (commits, committer) = committer::start(Arc::clone(&client))?;
        Ok(Self {
            client,
            commits,
            committer,
            drain: options.drain,
            events,
            orders,
            monitor,
            cluster: None,
            claimed: Claimed::of(&options.topics),
            mend_at: None,
            missing: HashSet::new(),
            assigning: Vec::new(),
            revoking: Vec::new(),
        })
    }

    /// Polls until told to close. Dropping the client then leaves the group.
    pub(super) fn run(mut self) {
        while self.turn().is_ok() {}
        self.client.context().close();
        let Self { client, commits, committer, .. } = self;
        drop(commits);
        // Whoever closes the source waits for no longer than it likes.
        let _ = committer.join();
        drop(client);
    }

    fn turn(&mut self) -> Result<(), Ended> {
        let records = self.poll()?;
        if !records.is_empty() {
            self.tell(SourceEvent::Records(records))?;
        }
        self.obey()?;
        self.note_rebalances()?;
        self.mend()?;
        self.assign()?;
        self.hand_back()?;
        self.monitor.rebalancing(!self.assigning.is_empty() || !self.revoking.is_empty());
        self.note_answers()
    }

    pub(super) fn tell(&self, event: SourceEvent) -> Result<(), Ended> {
        self.events.blocking_send(event).map_err(|_| Ended)
    }

    pub(super) fn fail(&self, why: String) -> Ended {
        tracing::error!(kafka.error = why, "the consumer failed for good");
        let _ = self.tell(SourceEvent::Failed(why));
        Ended
    }

    fn poll(&mut self) -> Result<Vec<(Epoch, Record)>, Ended> {
        let mut records = Vec::new();
        let mut wait = POLL;
        let client = Arc::clone(&self.client);
        while let Some(polled) = client.poll(wait) {
            match polled {
                Ok(message) => records.extend(self.claim(&message)),
                Err(KafkaError::MessageConsumptionFatal(code)) => return Err(self.fail(code.to_string())),
                Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)) => {
                    self.mend_at = Some(Instant::now());
                }
                Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownTopicOrPartition,
                )) => self.note_missing(),
                Err(error) => {
                    crate::access::note(&error, &error.to_string());
                    tracing::error!(kafka.error = %error, "reading met an error");
                }
            }
            if records.len() >= BATCH {
                break;
            }
            wait = Duration::ZERO;
        }
        self.monitor.polled();
        Ok(records)
    }

    /// A record of a partition that is ours, under its claim.
    fn claim(&mut self, message: &rdkafka::message::BorrowedMessage<'_>) -> Option<(Epoch, Record)> {
        // It is back, and another one: see `mend_one`.
        if self.missing.iter().any(|(topic, _)| topic == message.topic()) {
            return None;
        }
        let reading = self.claimed.at(message.topic(), message.partition())?;
        let record = convert::record(&reading.claim.topic, message);
        let written = identity::newest_written(reading.next, &record, identity::now());
        reading.next = Some(record.offset.next());
        reading.newest = reading.newest.map(|newest| newest.max(written));
        Some((reading.claim.epoch, record))
    }

    fn obey(&mut self) -> Result<(), Ended> {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Commit(frontiers)) => self.commit(frontiers)?,
                Ok(Order::Pause(epochs)) => self.on_ours(&epochs, |client, list| client.pause(list)),
                Ok(Order::Resume(epochs)) => self.on_ours(&epochs, |client, list| client.resume(list)),
                Ok(Order::Release(epochs)) => {
                    for revocation in &mut self.revoking {
                        revocation.held.retain(|epoch| !epochs.contains(epoch));
                    }
                }
                Ok(Order::Close) | Err(TryRecvError::Disconnected) => return Err(Ended),
                Err(TryRecvError::Empty) => return Ok(()),
            }
        }
    }

    /// Commits in the background; the answer comes with a later poll.
    fn commit(&mut self, frontiers: Vec<Frontier>) -> Result<(), Ended> {
        let mut commits = Vec::with_capacity(frontiers.len());
        for Frontier { epoch, offset, completed } in frontiers {
            let (Some(reading), Some(cluster)) = (self.claimed.reading(epoch), &self.cluster) else {
                continue;
            };
            let claim = &reading.claim;
            let home = Home { cluster, topic: &claim.topic, partition: claim.partition };
            let metadata = Completed::encode(home, offset, reading.newest, completed, Completed::MAX_BYTES);
            let place = (claim.topic.to_string(), claim.partition.0);
            let (sure, read) = (reading.sure, reading.read_to());
            commits.push(Commit { epoch, place, offset, metadata, sure, read });
        }
        if commits.is_empty() {
            return self.tell(SourceEvent::Committed(Ok(())));
        }
        // The committer lives as long as this thread.
        let _ = self.commits.send(commits);
        Ok(())
    }

    fn note_answers(&mut self) -> Result<(), Ended> {
        for answer in self.client.context().take_answers() {
            for (epoch, read) in answer.same {
                self.claimed.is_sure(epoch, read);
            }
            for epoch in answer.other {
                self.read_anew(epoch)?;
            }
            if answer.result.is_err() {
                self.monitor.commit_refused();
            }
            self.tell(SourceEvent::Committed(answer.result))?;
        }
        Ok(())
    }

    /// Does something to those of the claims that are still ours.
    pub(super) fn on_ours(
        &self,
        epochs: &[Epoch],
        act: impl Fn(&BaseConsumer<Context>, &TopicPartitionList) -> KafkaResult<()>,
    ) {
        let mut list = TopicPartitionList::new();
        for claim in epochs.iter().filter_map(|epoch| self.claimed.get(*epoch)) {
            list.add_partition(&claim.topic, claim.partition.0);
        }
        if list.count() > 0
            && let Err(error) = act(&self.client, &list)
        {
            tracing::warn!(kafka.error = %error, "pausing or resuming was refused");
        }
    }

    fn note_rebalances(&mut self) -> Result<(), Ended> {
        for happened in self.client.context().take_rebalanced() {
            self.monitor.rebalancing(true);
            match happened {
                Rebalanced::Assign(places) => self.assigning.push(places),
                Rebalanced::Revoke { places, lost } => self.revoke(places, lost)?,
            }
        }
        Ok(())
    }

    fn revoke(&mut self, places: Vec<Place>, lost: bool) -> Result<(), Ended> {
        let epochs: Vec<Epoch> = places
            .iter()
            .filter_map(|(topic, partition)| Some(self.claimed.at(topic, *partition)?.claim.epoch))
            .collect();
        tracing::info!(kafka.partitions = places.len(), kafka.lost = lost, "partitions are revoked");
        let held = if lost { HashSet::new() } else { epochs.iter().copied().collect() };
        self.revoking.push(Revocation { places, held, deadline: Instant::now() + self.drain + GRACE });
        match epochs.is_empty() {
            true => Ok(()),
            false if lost => self.tell(SourceEvent::Lost(epochs)),
            false => self.tell(SourceEvent::Revoking(epochs)),
        }
    }

    /// Hands revoked partitions back once their reader let go, or its time is up.
    fn hand_back(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        let (ready, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.revoking)
            .into_iter()
            .partition(|revocation| revocation.held.is_empty() || revocation.deadline <= now);
        self.revoking = waiting;
        for revocation in ready {
            if !revocation.held.is_empty() {
                tracing::warn!(
                    kafka.partitions = revocation.held.len(),
                    "the drain took too long: letting go"
                );
            }
            for (topic, partition) in &revocation.places {
                self.claimed.end((topic, *partition));
            }
            self.count_claims();
            let list = list_of(&revocation.places);
            // The client remembers a pause beyond the assignment: who gets the partition back would wait for ever.
            if list.count() > 0
                && let Err(error) = self.client.resume(&list)
            {
                tracing::debug!(kafka.error = %error, "a partition that goes could not be resumed");
            }
            self.client.incremental_unassign(&list).map_err(|error| self.fail(error.to_string()))?;
        }
        Ok(())
    }

    /// Assigns what the group gave, from where it was left. While that cannot be looked up, it is tried again.
    fn assign(&mut self) -> Result<(), Ended> {
        while let Some(places) = self.assigning.first().cloned() {
            let Some(mut starts) = self.look_up(&places) else {
                return Ok(());
            };
            let Some(left) = self.left(&mut starts) else {
                return Ok(());
            };
            self.assigning.remove(0);
            let events: Vec<_> =
                starts.elements().iter().zip(left).map(|(e, left)| self.begin(e, left)).collect();
            self.count_claims();
            tracing::info!(kafka.partitions = places.len(), "partitions are assigned");
            from_the_beginning(&mut starts).map_err(|error| self.fail(error.to_string()))?;
            self.client.incremental_assign(&starts).map_err(|error| self.fail(error.to_string()))?;
            for event in events {
                self.tell(event)?;
            }
        }
        Ok(())
    }

    fn look_up(&mut self, places: &[Place]) -> Option<TopicPartitionList> {
        if self.cluster.is_none() {
            self.cluster = self.client.client().fetch_cluster_id(LOOK_UP);
        }
        self.cluster.as_ref()?;
        let list = list_of(places);
        if places.is_empty() {
            return Some(list);
        }
        let found = self.client.committed_offsets(list, LOOK_UP);
        let failed = match &found {
            Ok(list) => list.elements().iter().find_map(|e| e.error().err()),
            Err(error) => Some(error.clone()),
        };
        if let Some(error) = failed {
            tracing::warn!(kafka.error = %error, "committed offsets cannot be looked up, trying again");
            return None;
        }
        found.ok()
    }

    fn begin(&mut self, element: &TopicPartitionListElem<'_>, left: Completed) -> SourceEvent {
        let committed = committed_at(element);
        let place = (element.topic().to_owned(), element.partition());
        let claim = self.claimed.begin(&place, committed, left.newest);
        SourceEvent::Assigned { claim, committed, completed: left.offsets }
    }

    fn count_claims(&self) {
        self.monitor.shared(self.claimed.len());
    }
}

/// Where nobody ever committed, reading begins with the first record; a place that the log does not reach is an error
/// to be told of, not to be skipped over in silence.
fn from_the_beginning(starts: &mut TopicPartitionList) -> KafkaResult<()> {
    let unknown: Vec<Place> = starts
        .elements()
        .iter()
        .filter(|element| committed_at(element).is_none())
        .map(|element| (element.topic().to_owned(), element.partition()))
        .collect();
    for (topic, partition) in unknown {
        starts.set_partition_offset(&topic, partition, KafkaOffset::Beginning)?;
    }
    Ok(())
}

fn list_of(places: &[Place]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in places {
        list.add_partition(topic, *partition);
    }
    list
}

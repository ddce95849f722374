//! What waits for a consumer group.

mod oldest;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Timestamp};
use oldest::Search;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::KafkaSettings;
use crate::places::Quiet;
use crate::source::convert::committed_at;

/// How long one question to the cluster may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What waits for a consumer group in one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The topic.
    pub topic: Arc<str>,
    /// How many partitions it has.
    pub partitions: usize,
    /// Records that the group has not committed. Those that it has done beyond its committed offsets are among them, and the
    /// places that transactions take.
    pub records: u64,
}

/// A topic, and for how long its records lie there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The topic.
    pub topic: Arc<str>,
    /// For how long a record is held before its reader may go on with it.
    pub held: Duration,
    /// After how long a record may be deleted; none where that is never.
    pub retention: Option<Duration>,
}

/// Of what waits in one topic: how much could be done now, and how long the oldest has waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The topic.
    pub topic: Arc<str>,
    /// Records that are not committed and could be done now: those that were written so long ago as they are held.
    pub due: u64,
    /// How long ago the oldest of what is not committed was written, at least, to a hundredth of the retention.
    /// Zero where nothing waits, or where nothing is ever deleted.
    pub oldest: Duration,
}

/// Looks again and again what waits for a group, without being a member of it.
#[derive(Clone)]
pub struct LagMeter {
    client: Arc<BaseConsumer<Quiet>>,
    group: Arc<str>,
    topics: Vec<Arc<str>>,
}

impl LagMeter {
    /// Connects in the background.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn new(settings: &KafkaSettings, group: &str, topics: Vec<Arc<str>>) -> KafkaResult<Self> {
        let ours =
            [("group.id", group), ("enable.auto.commit", "false"), ("allow.auto.create.topics", "false")];
        let client = settings.configured(&[], &ours).create_with_context(Quiet)?;
        Ok(Self { client: Arc::new(client), group: group.into(), topics })
    }

    /// Looks now: by topic, in their order.
    ///
    /// # Errors
    /// When the cluster does not answer, or a topic is missing.
    pub async fn look(&self) -> KafkaResult<Vec<Lag>> {
        let it = self.clone();
        let looked =
            tokio::task::spawn_blocking(move || it.topics.iter().map(|topic| it.lag(topic)).collect());
        // What panicked is no answer.
        looked.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// Looks closely, which costs Kafka a dozen questions a topic: by topic, in their order.
    ///
    /// # Errors
    /// As [`LagMeter::look`].
    pub async fn look_closely(&self, now: Timestamp, topics: Vec<Kept>) -> KafkaResult<Vec<Overdue>> {
        let it = self.clone();
        let look = move || topics.iter().map(|kept| it.overdue(now, kept)).collect();
        tokio::task::spawn_blocking(look).await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// How many members the group has now: none where there is no such group, or it may not be seen.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn members(&self) -> KafkaResult<usize> {
        let it = self.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let listed = it.client.fetch_group_list(Some(&it.group), PATIENCE)?;
            Ok(listed.groups().iter().map(|group| group.members().len()).sum())
        });
        asked.await.unwrap_or(Err(KafkaError::Canceled))
    }

    fn lag(&self, topic: &Arc<str>) -> KafkaResult<Lag> {
        let places = self.places(topic)?;
        let records = places.iter().map(Place::behind).sum();
        Ok(Lag { topic: Arc::clone(topic), partitions: places.len(), records })
    }

    fn overdue(&self, now: Timestamp, Kept { topic, held, retention }: &Kept) -> KafkaResult<Overdue> {
        let mut places = self.places(topic)?;
        places.retain(|place| place.behind() > 0);
        let due = if held.is_zero() {
            places.iter().map(Place::behind).sum()
        } else {
            // Records lie in the order of their times, near enough: what is older than that stands before this offset.
            let newer = self.first_since(topic, places.iter().map(|place| (place.partition, now - *held)))?;
            places.iter().map(|place| place.due(newer.get(&place.partition).copied())).sum()
        };
        let mut oldest = Duration::ZERO;
        if let Some(retention) = retention.filter(|_| !places.is_empty()) {
            let next = places.iter().map(|place| (place.partition, Offset(place.next)));
            let mut search = Search::new(now, retention, next);
            for _ in 0..Search::ROUNDS {
                let found = self.first_since(topic, search.questions())?;
                search.answered(&found);
            }
            oldest = search.oldest();
        }
        Ok(Overdue { topic: Arc::clone(topic), due, oldest })
    }

    /// Where the group stands in each partition.
    fn places(&self, topic: &Arc<str>) -> KafkaResult<Vec<Place>> {
        let metadata = self.client.fetch_metadata(Some(topic), PATIENCE)?;
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            list.add_partition(topic, partition.id());
        }
        let committed = self.client.committed_offsets(list, PATIENCE)?;
        let place = |element: &TopicPartitionListElem<'_>| {
            element.error()?;
            let partition = element.partition();
            let bounds = self.client.fetch_watermarks(topic, partition, PATIENCE)?;
            Ok(Place::new(partition, committed_at(element), bounds))
        };
        committed.elements().iter().map(place).collect()
    }

    /// By partition, the first record that was written then or later; none of those that hold none.
    fn first_since(
        &self,
        topic: &str,
        times: impl Iterator<Item = (i32, Timestamp)>,
    ) -> KafkaResult<BTreeMap<i32, Offset>> {
        let mut list = TopicPartitionList::new();
        for (partition, time) in times {
            list.add_partition_offset(topic, partition, KafkaOffset::Offset(time.as_millis().max(0)))?;
        }
        if list.count() == 0 {
            return Ok(BTreeMap::new());
        }
        let found = self.client.offsets_for_times(list, PATIENCE)?;
        let first = |element: &TopicPartitionListElem<'_>| {
            element.error()?;
            Ok(committed_at(element).map(|offset| (element.partition(), offset)))
        };
        found.elements().iter().filter_map(|element| first(element).transpose()).collect()
    }
}

/// Where a group stands in a partition: the next record, of those that are there, and the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    partition: i32,
    next: i64,
    end: i64,
}

impl Place {
    /// Who never committed begins at the log's beginning.
    fn new(partition: i32, committed: Option<Offset>, (low, high): (i64, i64)) -> Self {
        let next = committed.map_or(low, |committed| committed.0.max(low));
        Self { partition, next, end: high }
    }

    /// How much of the log lies behind the group.
    fn behind(&self) -> u64 {
        u64::try_from(self.end - self.next).unwrap_or(0)
    }

    /// How much of that stands before the first record that is not due yet; all of it where there is none.
    fn due(&self, not_yet: Option<Offset>) -> u64 {
        let end = not_yet.map_or(self.end, |not_yet| not_yet.0.min(self.end));
        u64::try_from(end - self.next).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(committed: Option<Offset>, bounds: (i64, i64)) -> u64 {
        Place::new(0, committed, bounds).behind()
    }

    #[test]
    fn what_is_behind_the_committed_offset_and_still_there_waits() {
        assert_eq!(behind(Some(Offset(7)), (0, 10)), 3);
        assert_eq!(behind(None, (4, 10)), 6);
        assert_eq!(behind(Some(Offset(1)), (4, 10)), 6, "what is gone does not wait");
        assert_eq!(behind(Some(Offset(12)), (0, 10)), 0, "a log made anew");
    }

    #[test]
    fn what_stands_before_the_first_record_that_is_not_due_is_due() {
        let place = Place::new(0, Some(Offset(4)), (0, 10));
        assert_eq!(place.due(Some(Offset(7))), 3);
        assert_eq!(place.due(None), 6, "all of them were written long enough ago");
        assert_eq!(place.due(Some(Offset(2))), 0);
    }
}

//! What waits for a consumer group.

use std::sync::Arc;
use std::time::Duration;

use domain::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};

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
        let metadata = self.client.fetch_metadata(Some(topic), PATIENCE)?;
        let found = metadata.topics().first();
        let mut list = TopicPartitionList::new();
        for partition in found.into_iter().flat_map(|topic| topic.partitions()) {
            list.add_partition(topic, partition.id());
        }
        let mut records = 0;
        for element in self.client.committed_offsets(list, PATIENCE)?.elements() {
            element.error()?;
            let bounds = self.client.fetch_watermarks(topic, element.partition(), PATIENCE)?;
            records += behind(committed_at(&element), bounds);
        }
        Ok(Lag { topic: Arc::clone(topic), partitions: found.map_or(0, |it| it.partitions().len()), records })
    }
}

/// How much of a log with these bounds lies behind a committed offset. Who never committed begins at the log's beginning.
fn behind(committed: Option<Offset>, (low, high): (i64, i64)) -> u64 {
    let next = committed.map_or(low, |committed| committed.0.max(low));
    u64::try_from(high - next).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_the_committed_offset_and_still_there_waits() {
        assert_eq!(behind(Some(Offset(7)), (0, 10)), 3);
        assert_eq!(behind(None, (4, 10)), 6);
        assert_eq!(behind(Some(Offset(1)), (4, 10)), 6, "what is gone does not wait");
        assert_eq!(behind(Some(Offset(12)), (0, 10)), 0, "a log made anew");
    }
}

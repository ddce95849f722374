//! Whether a log is the one whose offsets were committed, or another one of the same name.
//!
//! A group's commits outlive a topic that is deleted: a reader that lives on commits to the topic that is made in its place.
//! Where that has grown past such an offset, nothing is out of reach, and the records before it would never be read. The
//! client does not tell topics' ids. So a commit says when the newest record was written that was ever read of its log. All
//! records before the offset are as old as that or older: where one is newer, the log is another one.

use domain::{Completed, Home, Partition, Timestamp};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::thread::{LOOK_UP, Poller, committed_at};

/// As old as nothing was read yet.
pub(super) const NEVER: Timestamp = Timestamp::from_millis(0);

impl Poller {
    /// What the commits say beyond their offsets. Those of another log say nothing: it is read from its beginning. None
    /// while Kafka does not tell.
    pub(super) fn left(&self, starts: &mut TopicPartitionList) -> Option<Vec<Completed>> {
        let mut left: Vec<Completed> =
            starts.elements().iter().map(|element| self.decoded(element)).collect();
        let found = match self.newer(starts, &left) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(kafka.error = %error, "whose offsets were committed cannot be looked up, trying again");
                return None;
            }
        };
        for (element, left) in starts.elements().iter_mut().zip(&mut left) {
            let (topic, partition) = (element.topic().to_owned(), element.partition());
            let newer = found.find_partition(&topic, partition).and_then(|found| committed_at(&found));
            let Some(committed) = committed_at(element) else { continue };
            if newer.is_none_or(|newer| newer >= committed) {
                continue;
            }
            // What nobody wrote down is no proof: producers' clocks may be ahead.
            if left.newest.is_none() {
                continue;
            }
            tracing::error!(
                kafka.topic = topic,
                kafka.partition = partition,
                kafka.offset = committed.0,
                "the log holds newer records before the committed offset than were ever read: it was made anew, and is read \
                 from its beginning"
            );
            self.monitor.made_anew();
            *left = Completed { offsets: Vec::new(), newest: Some(NEVER) };
            if let Err(error) = element.set_offset(KafkaOffset::Invalid) {
                tracing::warn!(kafka.error = %error, "a start could not be set, trying again");
                return None;
            }
        }
        Some(left)
    }

    fn decoded(&self, element: &TopicPartitionListElem<'_>) -> Completed {
        let home = Home {
            cluster: self.cluster.as_deref().unwrap_or_default(),
            topic: element.topic(),
            partition: Partition(element.partition()),
        };
        match committed_at(element) {
            Some(committed) => Completed::decode(home, committed, element.metadata()),
            None => Completed { offsets: Vec::new(), newest: Some(NEVER) },
        }
    }

    /// The first record of each log that is newer than what was ever read of it.
    fn newer(&self, starts: &TopicPartitionList, left: &[Completed]) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (element, left) in starts.elements().iter().zip(left) {
            if let (Some(_), Some(newest)) = (committed_at(element), left.newest) {
                let next = KafkaOffset::Offset(newest.as_millis() + 1);
                list.add_partition_offset(element.topic(), element.partition(), next)?;
            }
        }
        if list.count() == 0 {
            return Ok(list);
        }
        let found = self.client.offsets_for_times(list, LOOK_UP)?;
        match found.elements().iter().find_map(|element| element.error().err()) {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }
}

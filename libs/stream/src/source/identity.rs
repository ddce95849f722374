//! Whether a log is the one whose offsets were committed, or another one of the same name.
//!
//! A group's commits outlive a topic that is deleted: a reader that lives on commits to the topic that is made in its place.
//! Where that has grown past such an offset, nothing is out of reach, and the records before it would never be read. The
//! client does not tell topics' ids. So a commit says when the newest record was written that was ever read of its log. All
//! records before the offset are as old as that or older: where one is newer, the log is another one.

use domain::{Completed, Home, Offset, Partition, Timestamp};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::context::Place;
use super::thread::{LOOK_UP, Poller, committed_at};

/// As old as nothing was read yet.
pub(super) const NEVER: Timestamp = Timestamp::from_millis(0);

impl Poller {
    /// What the commits say beyond their offsets. Those of another log say nothing: it is read from its beginning. None
    /// while Kafka does not tell.
    pub(super) fn left(&self, starts: &mut TopicPartitionList) -> Option<Vec<Completed>> {
        let mut left: Vec<Completed> =
            starts.elements().iter().map(|element| self.decoded(element)).collect();
        for (element, left) in starts.elements().iter_mut().zip(&mut left) {
            let Some(committed) = committed_at(element) else { continue };
            let place = (element.topic().to_owned(), element.partition());
            let other = match self.is_another(&place, committed, left.newest) {
                Ok(true) => element.set_offset(KafkaOffset::Invalid).map(|()| true),
                other => other,
            };
            match other {
                Ok(true) => *left = Completed { offsets: Vec::new(), newest: Some(NEVER) },
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(kafka.error = %error, "a log cannot be told from another yet, trying again");
                    return None;
                }
            }
        }
        Some(left)
    }

    /// Whether a log is another one than that which was read up to an offset, and of which the newest record read was
    /// written then. Says so aloud.
    pub(super) fn is_another(
        &self,
        (topic, partition): &Place,
        next: Offset,
        newest: Option<Timestamp>,
    ) -> KafkaResult<bool> {
        // What nobody wrote down is no proof: producers' clocks may be ahead.
        let Some(newest) = newest else { return Ok(false) };
        // First the end: a log that is made anew may grow past the offset between the two questions.
        let (_, high) = self.client.fetch_watermarks(topic, *partition, LOOK_UP)?;
        let is_shorter = high < next.0;
        if !is_shorter && self.first_newer(topic, *partition, newest)?.is_none_or(|newer| newer >= next) {
            return Ok(false);
        }
        tracing::error!(
            kafka.topic = topic,
            kafka.partition = partition,
            kafka.offset = next.0,
            kafka.end = high,
            "the log ends before the place where it is read, or holds newer records before it than were ever read: it was \
             cut or made anew, and is read from its beginning"
        );
        self.monitor.made_anew();
        Ok(true)
    }

    /// The first record that is newer than what was ever read of its log.
    fn first_newer(&self, topic: &str, partition: i32, newest: Timestamp) -> KafkaResult<Option<Offset>> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, KafkaOffset::Offset(newest.as_millis() + 1))?;
        let found = self.client.offsets_for_times(list, LOOK_UP)?;
        let elements = found.elements();
        let Some(element) = elements.first() else { return Ok(None) };
        element.error()?;
        Ok(committed_at(element))
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
}

//! Whether a log is the one whose offsets were committed, or another one of the same name.
//!
//! A group's commits outlive a topic that is deleted: a reader that lives on commits to the topic that is made in its place.
//! Where that has grown past such an offset, nothing is out of reach, and the records before it would never be read. The
//! client does not tell topics' ids. So a commit says when the newest record was written that was ever read of its log. All
//! records before the offset are as old as that or older: where one is newer, the log is another one. What nobody is shown,
//! such as the ends of transactions, counts as as new as the moment at which it was passed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{Completed, Home, Offset, Partition, Timestamp};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use wire::Record;

use super::context::Place;
use super::convert::committed_at;
use super::thread::{LOOK_UP, Poller};

/// As old as nothing was read yet.
pub(super) const NEVER: Timestamp = Timestamp::from_millis(0);

/// How far our clock and the brokers' may be apart.
const CLOCKS: Duration = Duration::from_secs(10);

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
        if !is_shorter && !is_other(next, self.first_newer(topic, *partition, newest)?) {
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

/// Whether a log is another one than that which was read up to an offset, by its first record that is newer than all that was.
pub(super) fn is_other(next: Offset, newer: Option<Offset>) -> bool {
    newer.is_some_and(|newer| newer < next)
}

/// When the newest of a record and what lies before it and behind the one before was written: nobody is shown the ends of
/// transactions, which may be newer than the records around them, but not newer than the moment at which they are passed.
pub(super) fn newest_written(next: Option<Offset>, record: &Record, now: Timestamp) -> Timestamp {
    let passes_something = record.offset > next.unwrap_or(Offset(0));
    if passes_something { record.timestamp.max(now + CLOCKS) } else { record.timestamp }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a broker's clock said when it wrote: nothing else here comes near it"
)]
pub(super) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use wire::Headers;

    use super::*;

    #[test]
    fn a_log_that_holds_something_new_before_what_was_read_is_another() {
        assert!(is_other(Offset(7), Some(Offset(6))));
        assert!(!is_other(Offset(7), Some(Offset(7))), "the next record is newer, of course");
        assert!(!is_other(Offset(7), None), "nothing came since");
        assert!(!is_other(Offset(0), Some(Offset(0))), "nothing was read yet");
    }

    #[test]
    fn what_is_passed_unseen_may_be_as_new_as_the_present() {
        let written = Timestamp::from_millis(1_000);
        let record = Record {
            topic: "t".into(),
            partition: Partition(0),
            offset: Offset(7),
            timestamp: written,
            key: None,
            value: None,
            headers: Headers::new(),
        };
        let now = Timestamp::from_millis(900_000);
        assert_eq!(newest_written(Some(Offset(7)), &record, now), written);
        assert_eq!(newest_written(Some(Offset(6)), &record, now), now + CLOCKS);
        assert_eq!(newest_written(None, &record, now), now + CLOCKS, "who knows what lies before");
        let first = Record { offset: Offset(0), ..record };
        assert_eq!(newest_written(None, &first, now), written);
    }
}

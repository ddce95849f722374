//! What happens when a log does not reach to where it should be read on.
//!
//! Either its records were deleted before they were read, for retention is over: that is loss, and it is said aloud. Or
//! the log ends before that place: it was cut, or made anew under the same name. What is read from it then are other
//! records under known offsets, so they are read under a new claim: nothing that was done before counts for them.

use std::time::Duration;

use domain::{Epoch, Offset};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use tokio::time::Instant;

use super::SourceEvent;
use super::context::Place;
use super::identity::NEVER;
use super::thread::{Ended, LOOK_UP, Poller};

/// How often what cannot be looked at is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How a log lies to the place where it is to be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// It holds that place.
    Holds,
    /// It begins only later: so many records are gone.
    BeginsLater(i64),
    /// It ends before.
    EndsBefore,
}

impl Reach {
    fn of(next: Option<Offset>, low: i64, high: i64) -> Self {
        match next {
            Some(next) if next.0 < low => Self::BeginsLater(low - next.0),
            Some(next) if next.0 > high => Self::EndsBefore,
            Some(_) | None => Self::Holds,
        }
    }
}

impl Poller {
    /// Some topic is not there. It may come back, and the client would not notice.
    pub(super) fn note_missing(&mut self) {
        if self.mend_at.is_none() {
            tracing::error!("a topic that is read is not there");
            self.mend_at = Some(Instant::now() + LOOK_AGAIN);
        }
    }

    /// Looks at every claim's log, since the client does not say whose place it did not find. What cannot be looked at
    /// now is looked at again.
    pub(super) fn mend(&mut self) -> Result<(), Ended> {
        if self.mend_at.is_none_or(|at| at > Instant::now()) {
            return Ok(());
        }
        let looks: Vec<(Place, Option<Offset>)> = self
            .claimed
            .all()
            .map(|reading| ((reading.claim.topic.to_string(), reading.claim.partition.0), reading.next))
            .collect();
        self.mend_at = None;
        for (place, next) in looks {
            if let Err(error) = self.mend_one(&place, next)? {
                tracing::warn!(kafka.topic = place.0, kafka.partition = place.1, kafka.error = %error,
                    "a log's bounds cannot be looked up, trying again");
                self.missing.insert(place);
                self.mend_at = Some(Instant::now() + LOOK_AGAIN);
            }
        }
        Ok(())
    }

    /// Reads on, where a log may not be read any more. While some are missing the others are left alone as long as they
    /// hold their place.
    fn mend_one(&mut self, place: &Place, next: Option<Offset>) -> Result<KafkaResult<()>, Ended> {
        let (topic, partition) = (place.0.as_str(), place.1);
        let (low, high) = match self.client.fetch_watermarks(topic, partition, LOOK_UP) {
            Ok(bounds) => bounds,
            Err(error) => return Ok(Err(error)),
        };
        if self.missing.contains(place) {
            // The client never reads again from what it has seen go (tried, with assigning it once more).
            let why = format!("{topic} was gone and is back: it is read again from a new start");
            return Err(self.fail(why));
        }
        // It may have been shorter, and be another one that has grown since.
        let sure = self.claimed.at(topic, partition).and_then(|reading| reading.sure);
        if let (Reach::Holds, Some((next, newest))) = (Reach::of(next, low, high), sure) {
            match self.is_another(place, next, Some(newest)) {
                Ok(true) => {
                    self.begin_anew(place, Some(Offset(low)))?;
                    return Ok(self.read_on(place, KafkaOffset::Offset(low)));
                }
                Ok(false) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        let from = match Reach::of(next, low, high) {
            Reach::Holds if !self.missing.is_empty() => return Ok(Ok(())),
            Reach::Holds => next.map_or(low, |next| next.0),
            Reach::BeginsLater(gone) => {
                tracing::error!(
                    kafka.topic = topic,
                    kafka.partition = partition,
                    kafka.records = gone,
                    "records are gone that were never read: retention is over, or somebody deleted them"
                );
                self.monitor.gone(gone);
                // They are told of once, also where the log is looked at again before anything is read.
                if let Some(reading) = self.claimed.at(topic, partition) {
                    reading.next = Some(Offset(low));
                }
                low
            }
            Reach::EndsBefore => {
                tracing::error!(
                    kafka.topic = topic,
                    kafka.partition = partition,
                    kafka.offset = high,
                    "the log ends before the place where it is read: it was cut or made anew, and is read from its beginning"
                );
                self.monitor.made_anew();
                self.begin_anew(place, Some(Offset(low)))?;
                low
            }
        };
        Ok(self.read_on(place, KafkaOffset::Offset(from)))
    }

    /// A partition whose place was not found cannot be sought in: it is assigned once more.
    fn read_on(&self, (topic, partition): &Place, from: KafkaOffset) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, *partition, from)?;
        self.client.incremental_unassign(&list)?;
        self.client.incremental_assign(&list)
    }

    /// A log is another one than that which the claim is on, and holds records before the place where it is read.
    pub(super) fn read_anew(&mut self, epoch: Epoch) -> Result<(), Ended> {
        let Some(claim) = self.claimed.get(epoch) else { return Ok(()) };
        let place = (claim.topic.to_string(), claim.partition.0);
        tracing::error!(
            kafka.topic = place.0,
            kafka.partition = place.1,
            "a log was made anew under its reader: it is read from its beginning"
        );
        self.monitor.made_anew();
        self.begin_anew(&place, None)?;
        match self.read_on(&place, KafkaOffset::Beginning) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error.to_string())),
        }
    }

    fn begin_anew(&mut self, place: &Place, from: Option<Offset>) -> Result<(), Ended> {
        if let Some(reading) = self.claimed.at(&place.0, place.1) {
            let epoch = reading.claim.epoch;
            self.tell(SourceEvent::Lost(vec![epoch]))?;
        }
        let claim = self.claimed.begin(place, from, Some(NEVER));
        // The reader has not paused this one, and the client remembers that of the old one.
        self.on_ours(&[claim.epoch], |client, list| client.resume(list));
        self.tell(SourceEvent::Assigned { claim, committed: from, completed: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_holds_a_place_or_begins_later_or_ends_before_it() {
        let at = |next| Reach::of(Some(Offset(next)), 10, 20);
        assert_eq!(at(7), Reach::BeginsLater(3));
        assert_eq!([at(10), at(20)], [Reach::Holds; 2]);
        assert_eq!(at(21), Reach::EndsBefore);
        assert_eq!(Reach::of(None, 10, 20), Reach::Holds);
    }
}

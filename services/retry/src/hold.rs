//! When a record may go: when it is due, and not faster than the pace of its partition.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Pace, Partition, Timestamp};
use stream::{Next, Step};
use wire::topics::Topics;
use wire::{OutRecord, Record, names};

use crate::telemetry::Telemetry;

pub(crate) struct Hold {
    deliveries: Arc<str>,
    tiers: HashMap<Arc<str>, Duration>,
    per_second: u32,
    paces: HashMap<(Arc<str>, Partition), Pace>,
    telemetry: Telemetry,
}

impl Hold {
    pub(crate) fn new(topics: &Topics, per_second: u32, telemetry: Telemetry) -> Self {
        Self {
            deliveries: Arc::clone(&topics.deliveries),
            tiers: topics.retries().map(|(tier, topic)| (Arc::clone(topic), tier.delay())).collect(),
            per_second,
            paces: HashMap::new(),
            telemetry,
        }
    }

    /// When the record says it is due. One that does not say, or not readably, is held for its tier's whole delay: late
    /// is allowed, early is not.
    fn due(&self, record: &Record) -> Timestamp {
        let said = wire::delivery::due_at(&record.headers).ok().flatten();
        said.unwrap_or_else(|| record.timestamp + self.tiers.get(&record.topic).copied().unwrap_or_default())
    }
}

impl Step for Hold {
    fn step(&mut self, now: Timestamp, record: &Record) -> Next {
        let due = self.due(record);
        if due > now {
            return Next::NotBefore(due);
        }
        let pace = self.paces.entry((Arc::clone(&record.topic), record.partition)).or_default();
        if let Err(then) = pace.admit(now, self.per_second) {
            return Next::NotBefore(then);
        }
        let mut headers = record.headers.clone();
        headers.remove(names::DUE_AT);
        self.telemetry.released(&record.topic, now.since(due));
        let topic = Arc::clone(&self.deliveries);
        Next::Emit(vec![OutRecord { topic, key: record.key.clone(), value: record.value.clone(), headers }])
    }

    /// What a tier could hold, `deliveries` can: it has the same limit.
    fn shrink(&mut self, _: &Record, _: &OutRecord) -> Option<OutRecord> {
        None
    }

    /// It is late from when it was due on.
    fn since(&self, record: &Record) -> Timestamp {
        self.due(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Offset;
    use wire::Headers;
    use wire::topics::TopicSettings;

    fn hold() -> Hold {
        Hold::new(&Topics::new(&TopicSettings::default()).unwrap(), 500, Telemetry::default())
    }

    fn record(due: Option<&'static str>) -> Record {
        let mut headers = Headers::new();
        headers.push(names::DELIVERY, "dlv_1");
        if let Some(due) = due {
            headers.push(names::DUE_AT, due);
        }
        Record {
            topic: "postbode.retry.30s".into(),
            partition: Partition(0),
            offset: Offset(0),
            timestamp: Timestamp::from_millis(1_000),
            key: Some(bytes::Bytes::from_static(b"wh_1")),
            value: Some(bytes::Bytes::from_static(b"{}")),
            headers,
        }
    }

    #[test]
    fn a_record_goes_back_when_it_is_due_and_not_a_millisecond_before() {
        let mut hold = hold();
        let record = record(Some("5000"));
        let due = Timestamp::from_millis(5_000);
        assert_eq!(hold.since(&record), due, "it is no older than that");
        assert_eq!(hold.step(Timestamp::from_millis(4_999), &record), Next::NotBefore(due));
        let Next::Emit(outs) = hold.step(due, &record) else { panic!("it is due") };
        assert_eq!(&*outs[0].topic, "postbode.deliveries");
        assert_eq!((&outs[0].key, &outs[0].value), (&record.key, &record.value));
        assert_eq!(outs[0].headers.text(names::DELIVERY), Some("dlv_1"));
        assert_eq!(outs[0].headers.get(names::DUE_AT), None);
    }

    #[test]
    fn a_record_that_does_not_say_when_is_held_for_the_whole_tier() {
        for said in [None, Some("soon")] {
            let next = hold().step(Timestamp::from_millis(2_000), &record(said));
            assert_eq!(next, Next::NotBefore(Timestamp::from_millis(31_000)));
        }
    }

    #[test]
    fn a_tier_that_came_due_at_once_is_spread() {
        let mut hold = hold();
        let now = Timestamp::from_millis(10_000);
        let at_once =
            (0..500).take_while(|_| matches!(hold.step(now, &record(Some("1"))), Next::Emit(_))).count();
        assert!((45..=60).contains(&at_once), "{at_once}");
    }
}

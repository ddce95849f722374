//! Places by time: what was written when, and since when all of it is held.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Partition, Timestamp};
use rdkafka::Offset as KafkaOffset;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use stream::{Scan, ScanError, ScanOptions, Span, Times};

use crate::support::{Installation, within};

/// Two partitions: in the first, records of these minutes after the beginning; in the second, one of the fifth.
async fn written(story: &str, minutes: &[i64]) -> (Installation, Times, Timestamp) {
    let here = Installation::bare(story);
    let topic = Arc::clone(&here.topics.events);
    here.admin.create(&[here.topics.spec(&topic).unwrap()]).await.unwrap();
    // Of today: retention would take anything old.
    let begin = present() - Duration::from_secs(12 * 3600);
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", &here.kafka.bootstrap_servers).create().unwrap();
    for (partition, minute) in minutes.iter().map(|minute| (0, *minute)).chain([(1, 5)]) {
        let record = FutureRecord::<(), _>::to(&topic)
            .partition(partition)
            .timestamp(begin.as_millis() + minute * 60_000)
            .payload("{}");
        producer.send(record, Duration::from_secs(10)).await.unwrap();
    }
    let times = Times::new(&here.kafka, topic, 1024 * 1024);
    (here, times, begin)
}

#[expect(clippy::disallowed_methods, reason = "Kafka judges by the clock on the wall")]
fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn span(from: i64, to: i64) -> Span {
    Span { from: Offset(from), to: Some(Offset(to)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_becomes_each_partitions_offsets_and_what_has_none_is_left_out() {
    let (_here, times, begin) = written("times", &[0, 1, 2, 3]).await;
    let minute = |n: u64| begin + Duration::from_secs(60 * n);
    let spans = async |since, until| within(20, "the spans", times.spans(since, until)).await.unwrap();
    assert_eq!(spans(minute(1), minute(3)).await, BTreeMap::from([(Partition(0), span(1, 2))]));
    let all = BTreeMap::from([(Partition(0), span(0, 3)), (Partition(1), span(0, 0))]);
    assert_eq!(spans(begin - Duration::from_secs(60), minute(60)).await, all);
    for ancient in [-1, -2, -62_135_596_800_000] {
        assert_eq!(spans(Timestamp::from_millis(ancient), minute(60)).await, all, "since {ancient}");
    }
    let late = BTreeMap::from([(Partition(0), span(3, 3)), (Partition(1), span(0, 0))]);
    assert_eq!(spans(minute(2) + Duration::from_millis(1), minute(6)).await, late);
    assert_eq!(spans(minute(6), minute(60)).await, BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_begins_before_all_that_is_as_late_however_the_timestamps_jump() {
    let (here, times, begin) = written("times-jump", &[0, 3, 1, 2, 4]).await;
    let minute = |n: u64| begin + Duration::from_secs(60 * n);
    let spans = within(20, "the spans", times.spans(minute(2), minute(4))).await.unwrap();
    assert_eq!(spans[&Partition(0)], span(1, 3));
    let options = ScanOptions::all(Arc::clone(&here.topics.events), 1024 * 1024);
    let mut scan = Scan::start(&here.kafka, ScanOptions { spans: Some(spans), ..options }).unwrap();
    let mut read = Vec::new();
    while let Some(record) = within(20, "a record", scan.next()).await {
        read.push(record.unwrap().offset.0);
    }
    assert_eq!(read, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_took_shows_in_since_when_all_is_held() {
    let (here, times, begin) = written("times-held", &[0, 1, 2]).await;
    assert_eq!(within(20, "an answer", times.held_since()).await, Ok(None), "nothing was deleted yet");
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &here.kafka.bootstrap_servers).create().unwrap();
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(&here.topics.events, 0, KafkaOffset::Offset(2)).unwrap();
    admin.delete_records(&before, &AdminOptions::new()).await.unwrap();
    let held = within(20, "an answer", times.held_since()).await.unwrap();
    assert_eq!(held, Some(begin + Duration::from_secs(120)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_is_named() {
    let (here, _, begin) = written("times-missing", &[]).await;
    let none: Arc<str> = "no-such-topic".into();
    let times = Times::new(&here.kafka, Arc::clone(&none), 1024);
    assert_eq!(times.spans(begin, begin).await, Err(ScanError::NoTopic(none)));
}

//! A scan reads what is there, once, and ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Offset, Partition};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use stream::{KafkaSettings, Scan, ScanError, ScanOptions, Span};

use crate::support::{Installation, record, within};

/// Numbers from 0 on, under keys that spread them over both partitions.
async fn with_numbers(story: &str, count: u32) -> (Installation, Arc<str>) {
    let here = Installation::bare(story);
    let topic = Arc::clone(&here.topics.dead_deliveries);
    here.admin.create(&[here.topics.spec(&topic).unwrap()]).await.unwrap();
    let sink = here.sink();
    for n in 0..count {
        sink.send(&record(&topic, &format!("key-{n}"), Some(&n.to_string()))).await.unwrap();
    }
    (here, topic)
}

async fn read(
    kafka: &KafkaSettings,
    options: ScanOptions,
) -> Result<Vec<(Partition, Offset, u32)>, ScanError> {
    let mut scan = Scan::start(kafka, options).unwrap();
    let mut seen = Vec::new();
    while let Some(record) = within(20, "the next record", scan.next()).await {
        let record = record?;
        let number = std::str::from_utf8(&record.value.unwrap()).unwrap().parse().unwrap();
        seen.push((record.partition, record.offset, number));
    }
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_read_once_and_in_order_per_partition() {
    let (here, topic) = with_numbers("scan-all", 50).await;
    let seen = read(&here.kafka, ScanOptions::all(topic, 1024 * 1024)).await.unwrap();
    let mut numbers: Vec<_> = seen.iter().map(|(_, _, number)| *number).collect();
    for partition in [Partition(0), Partition(1)] {
        let offsets: Vec<_> = seen.iter().filter(|seen| seen.0 == partition).map(|seen| seen.1.0).collect();
        assert!(!offsets.is_empty() && offsets.windows(2).all(|pair| pair[0] < pair[1]), "{offsets:?}");
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_topic_ends_at_once() {
    let (here, topic) = with_numbers("scan-empty", 0).await;
    assert_eq!(read(&here.kafka, ScanOptions::all(topic, 1024)).await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_choose_partitions_and_offsets_and_may_reach_past_the_end() {
    let (here, topic) = with_numbers("scan-spans", 50).await;
    let of = |from, to: Option<i64>| {
        let span = Span { from: Offset(from), to: to.map(Offset) };
        let spans = Some(BTreeMap::from([(Partition(1), span)]));
        ScanOptions { spans, ..ScanOptions::all(Arc::clone(&topic), 1024) }
    };
    let offsets = async |options| {
        let seen = read(&here.kafka, options).await.unwrap();
        assert!(seen.iter().all(|seen| seen.0 == Partition(1)));
        seen.into_iter().map(|seen| seen.1.0).collect::<Vec<_>>()
    };
    assert_eq!(offsets(of(2, Some(4))).await, [2, 3, 4]);
    let rest = offsets(of(2, None)).await;
    assert_eq!((rest.first(), offsets(of(2, Some(9999))).await.len()), (Some(&2), rest.len()));
    assert_eq!(offsets(of(9999, None)).await, Vec::<i64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_skips_what_was_before_it() {
    let (here, topic) = with_numbers("scan-since", 3).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let mut scan = Scan::start(&here.kafka, ScanOptions::all(Arc::clone(&topic), 1024)).unwrap();
    let mut last = within(20, "a record", scan.next()).await.unwrap().unwrap().timestamp;
    while let Some(record) = within(20, "the next record", scan.next()).await {
        last = last.max(record.unwrap().timestamp);
    }
    here.sink().send(&record(&topic, "late", Some("99"))).await.unwrap();
    let since = Some(last + std::time::Duration::from_millis(10));
    let seen = read(&here.kafka, ScanOptions { since, ..ScanOptions::all(topic, 1024) }).await.unwrap();
    assert_eq!(seen.into_iter().map(|seen| seen.2).collect::<Vec<_>>(), [99]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_follows_sees_what_comes_later() {
    let (here, topic) = with_numbers("scan-follow", 1).await;
    let options = ScanOptions { follow: true, ..ScanOptions::all(Arc::clone(&topic), 1024) };
    let mut scan = Scan::start(&here.kafka, options).unwrap();
    within(20, "the first record", scan.next()).await.unwrap().unwrap();
    here.sink().send(&record(&topic, "later", Some("7"))).await.unwrap();
    let later = within(20, "the later record", scan.next()).await.unwrap().unwrap();
    assert_eq!(later.value.as_deref(), Some(&b"7"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named() {
    let (here, topic) = with_numbers("scan-missing", 0).await;
    let none: Arc<str> = "no-such-topic".into();
    let missing = read(&here.kafka, ScanOptions::all(Arc::clone(&none), 1024)).await;
    assert_eq!(missing, Err(ScanError::NoTopic(none)));
    let spans = Some(BTreeMap::from([(Partition(7), Span { from: Offset(0), to: None })]));
    let beyond = read(&here.kafka, ScanOptions { spans, ..ScanOptions::all(Arc::clone(&topic), 1024) }).await;
    assert_eq!(beyond, Err(ScanError::NoPartition { topic, partition: Partition(7) }));
}

/// The sum of the ends, for those who read what is committed.
async fn committed(here: &Installation, topic: &Arc<str>) -> i64 {
    let bounds = Scan::bounds(&here.kafka, Arc::clone(topic)).await.expect("a topic has bounds");
    bounds.values().map(|(_, end)| end.0).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_leave_out_what_is_not_committed() {
    let (here, topic) = with_numbers("scan-bounds", 10).await;
    assert_eq!(committed(&here, &topic).await, 10);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &here.kafka.bootstrap_servers)
        .set("transactional.id", &*topic)
        .create()
        .unwrap();
    let patience = Duration::from_secs(20);
    producer.init_transactions(patience).unwrap();
    producer.begin_transaction().unwrap();
    producer.send(BaseRecord::<str, str>::to(&topic).partition(0).payload("10")).unwrap();
    producer.flush(patience).unwrap();
    assert_eq!(producer.in_flight_count(), 0, "it is written");
    assert_eq!(committed(&here, &topic).await, 10);
    producer.commit_transaction(patience).unwrap();
    assert_eq!(committed(&here, &topic).await, 12, "the record, and the transaction's marker");
    let missing = Scan::bounds(&here.kafka, "no-such-topic".into()).await;
    assert_eq!(missing, Err(ScanError::NoTopic("no-such-topic".into())));
}

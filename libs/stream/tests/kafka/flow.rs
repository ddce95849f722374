//! Flows against a real broker: nothing lost, nothing twice, whoever comes and goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::{Partition, Timestamp};
use stream::{
    Admin, Flow, FlowError, KafkaSettings, Next, Scan, ScanOptions, Sink, SinkOptions, Source, SourceOptions,
    Step,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::topics::TopicSpec;
use wire::{Headers, OutRecord, Record};

use crate::support::{Installation, WallClock};

const SIZE: usize = 64 * 1024;

/// Copies what it reads, unless it is told to hold.
struct Copy {
    to: Arc<str>,
    hold: Arc<AtomicBool>,
}

impl Step for Copy {
    fn step(&mut self, _: Timestamp, record: &Record) -> Next {
        if self.hold.load(Ordering::Relaxed) {
            return Next::Hold;
        }
        let (topic, key, value) = (Arc::clone(&self.to), record.key.clone(), record.value.clone());
        Next::Emit(vec![OutRecord { topic, key, value, headers: Headers::new() }])
    }

    fn shrink(&mut self, _: &Record, refused: &OutRecord) -> Option<OutRecord> {
        refused.value.is_some().then(|| OutRecord { value: None, ..refused.clone() })
    }
}

/// Two topics, and flows from one to the other.
struct Bench {
    settings: KafkaSettings,
    from: Arc<str>,
    to: Arc<str>,
    sink: Sink,
    hold: Arc<AtomicBool>,
}

struct Running {
    stop: oneshot::Sender<()>,
    flow: JoinHandle<Result<(), FlowError>>,
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.flow.await.unwrap().unwrap();
    }
}

impl Bench {
    async fn new(name: &str) -> Self {
        let settings = Installation::bare(name).kafka;
        let unique = format!("flow-{name}-{}", uuid::Uuid::now_v7());
        let (from, to): (Arc<str>, Arc<str>) =
            (format!("{unique}.from").into(), format!("{unique}.to").into());
        let specs = [&from, &to].map(topic);
        Admin::new(&settings).unwrap().create(&specs).await.unwrap();
        let sink = Sink::new(&settings, SinkOptions::new(10 * SIZE)).unwrap();
        Self { settings, from, to, sink, hold: Arc::default() }
    }

    fn start(&self) -> Running {
        let options = SourceOptions::new(format!("{}.group", self.from), vec![Arc::clone(&self.from)], SIZE);
        let source = Source::start(&self.settings, &options).unwrap();
        let sink = Sink::new(&self.settings, SinkOptions::new(10 * SIZE)).unwrap();
        let step = Copy { to: Arc::clone(&self.to), hold: Arc::clone(&self.hold) };
        let flow = Flow::new(source, sink, step, Arc::new(WallClock));
        let (stop, stopped) = oneshot::channel();
        Running { stop, flow: tokio::spawn(flow.run(stopped, tokio::time::sleep(Duration::from_secs(60)))) }
    }

    async fn write(&self, numbers: std::ops::Range<usize>) {
        let record = |n: usize| OutRecord {
            topic: Arc::clone(&self.from),
            key: Some(Bytes::from(format!("k{}", n % 50))),
            value: Some(Bytes::from(n.to_string())),
            headers: Headers::new(),
        };
        let acks: Vec<_> = numbers.map(|n| self.sink.send(&record(n))).collect();
        for ack in acks {
            ack.await.unwrap();
        }
    }

    /// How often each number stands in the topic that is copied to.
    async fn copied(&self) -> BTreeMap<usize, usize> {
        let mut scan = Scan::start(&self.settings, ScanOptions::all(Arc::clone(&self.to), SIZE)).unwrap();
        let mut counts = BTreeMap::new();
        while let Some(record) = scan.next().await {
            let record = record.unwrap();
            let number =
                record.value.map_or(usize::MAX, |value| String::from_utf8_lossy(&value).parse().unwrap());
            *counts.entry(number).or_default() += 1;
        }
        counts
    }

    async fn until_copied(&self, count: usize) -> BTreeMap<usize, usize> {
        for _ in 0..300 {
            let copied = self.copied().await;
            if copied.len() >= count {
                return copied;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("only {} of {count} were copied", self.copied().await.len());
    }
}

fn topic(name: &Arc<str>) -> TopicSpec {
    TopicSpec {
        name: Arc::clone(name),
        partitions: 4,
        exact_partitions: false,
        replication: 1,
        config: BTreeMap::from([("max.message.bytes", SIZE.to_string())]),
        min_retention: None,
        min_message_bytes: 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_and_restart_copies_everything_once() {
    let bench = Bench::new("restart").await;
    bench.write(0..2_000).await;
    let first = bench.start();
    bench.until_copied(500).await;
    first.stop().await;
    bench.write(2_000..3_000).await;
    let second = bench.start();
    let copied = bench.until_copied(3_000).await;
    second.stop().await;
    assert!(copied.values().all(|count| *count == 1), "a clean stop duplicates nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_group_protocol_does_as_well() {
    let mut bench = Bench::new("kip848").await;
    bench.settings.properties.insert("group.protocol".to_owned(), "consumer".to_owned());
    let first = bench.start();
    bench.write(0..1_000).await;
    bench.until_copied(1_000).await;
    let second = bench.start();
    bench.write(1_000..2_000).await;
    let copied = bench.until_copied(2_000).await;
    first.stop().await;
    second.stop().await;
    assert!(copied.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_come_and_go_under_load_lose_nothing_and_duplicate_nothing() {
    let bench = Bench::new("rebalance").await;
    let (first, mut others) = (bench.start(), Vec::new());
    for round in 0..4 {
        bench.write(round * 1_000..(round + 1) * 1_000).await;
        match round {
            0 | 1 => others.push(bench.start()),
            _ => others.remove(0).stop().await,
        }
    }
    let copied = bench.until_copied(4_000).await;
    first.stop().await;
    assert_eq!(copied.len(), 4_000);
    let twice = copied.values().filter(|count| **count > 1).count();
    assert_eq!(twice, 0, "whatever was written was committed before its partition went");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_stops_everything_and_nothing_is_lost_when_it_ends() {
    let bench = Bench::new("hold").await;
    bench.hold.store(true, Ordering::Relaxed);
    let running = bench.start();
    bench.write(0..500).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.copied().await.len(), 0);
    bench.hold.store(false, Ordering::Relaxed);
    bench.until_copied(500).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partitions_order_is_kept() {
    let bench = Bench::new("order").await;
    let running = bench.start();
    bench.write(0..1_000).await;
    bench.until_copied(1_000).await;
    running.stop().await;
    let mut scan = Scan::start(&bench.settings, ScanOptions::all(Arc::clone(&bench.to), SIZE)).unwrap();
    let mut last: BTreeMap<(Partition, Bytes), usize> = BTreeMap::new();
    while let Some(record) = scan.next().await {
        let record = record.unwrap();
        let number: usize = String::from_utf8_lossy(&record.value.unwrap()).parse().unwrap();
        let before = last.insert((record.partition, record.key.unwrap()), number);
        assert!(before.is_none_or(|before| before < number), "{before:?} before {number}");
    }
}

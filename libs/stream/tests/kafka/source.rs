//! Reading when the log is not what it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Epoch, Frontier, Offset};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use stream::{SendError, Source, SourceEvent, SourceOptions};
use wire::topics::TopicSpec;

use crate::support::{Installation, record, within};

/// A topic of one partition, and its readers.
struct Log {
    installation: Installation,
    topic: Arc<str>,
}

impl Log {
    async fn new(story: &str) -> Self {
        let mut installation = Installation::bare(story);
        installation.settings.partitions = 1;
        let topics = wire::topics::Topics::new(&installation.settings).unwrap();
        let topic = Arc::clone(&topics.deliveries);
        let log = Self { installation, topic };
        log.create().await;
        log
    }

    fn spec(&self) -> TopicSpec {
        TopicSpec { partitions: 1, ..self.installation.topics.spec(&self.topic).unwrap() }
    }

    async fn create(&self) {
        self.installation.admin.create(&[self.spec()]).await.unwrap();
    }

    /// Writes so many records. A broker may not know for a moment that a topic has been made anew.
    async fn write(&self, records: usize) {
        let sink = self.installation.sink();
        for n in 0..records {
            let record = record(&self.topic, "k", Some(&n.to_string()));
            within(30, "the broker knows the topic", async {
                while let Err(error) = sink.send(&record).await {
                    assert!(matches!(error, SendError::Unavailable(_)), "{error}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            })
            .await;
        }
    }

    fn read(&self) -> Source {
        let options = SourceOptions::new("reach", vec![Arc::clone(&self.topic)], 64 * 1024);
        let options = SourceOptions { group: format!("{}.group", self.topic), ..options };
        Source::start(&self.installation.kafka, &options).unwrap()
    }

    /// Reads so many records, and commits an offset.
    async fn commit(&self, records: usize, at: i64) {
        let mut source = self.read();
        let (epoch, offsets) = offsets(&mut source, records).await;
        assert!(offsets.len() >= records);
        commit(&mut source, epoch, at).await;
        source.close(std::time::Duration::from_secs(5)).await;
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.installation.kafka.bootstrap_servers);
        config.set("group.id", format!("{}.group", self.topic));
        config
    }

    fn committed(&self) -> TopicPartitionList {
        let consumer: BaseConsumer = self.config().create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, 0);
        consumer.committed_offsets(list, std::time::Duration::from_secs(10)).unwrap()
    }

    async fn delete_records(&self, before: i64) {
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
            .set("bootstrap.servers", &self.installation.kafka.bootstrap_servers)
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, 0, KafkaOffset::Offset(before)).unwrap();
        admin.delete_records(&list, &AdminOptions::new()).await.unwrap();
    }
}

/// Commits an offset, and waits for the answer.
async fn commit(source: &mut Source, epoch: Epoch, at: i64) {
    source.commit(vec![Frontier { epoch, offset: Offset(at), completed: vec![] }]);
    loop {
        if let SourceEvent::Committed(result) = source.next().await {
            return result.unwrap();
        }
    }
}

/// The next so many offsets, and the claim under which they were read.
async fn offsets(source: &mut Source, count: usize) -> (Epoch, Vec<i64>) {
    let (mut read, mut under) = (Vec::new(), Epoch(0));
    within(30, "records are read", async {
        while read.len() < count {
            match source.next().await {
                SourceEvent::Records(records) => {
                    for (epoch, record) in records {
                        under = epoch;
                        read.push(record.offset.0);
                    }
                }
                SourceEvent::Failed(why) => panic!("{why}"),
                SourceEvent::Assigned { .. }
                | SourceEvent::Revoking(_)
                | SourceEvent::Lost(_)
                | SourceEvent::Committed(_) => {}
            }
        }
    })
    .await;
    (under, read)
}

#[tokio::test]
async fn records_that_are_gone_before_they_were_read_are_counted_and_the_rest_is_read() {
    let log = Log::new("gone").await;
    log.write(10).await;
    log.commit(2, 2).await;
    log.delete_records(6).await;
    let mut source = log.read();
    assert_eq!(offsets(&mut source, 4).await.1, [6, 7, 8, 9]);
    assert_eq!(source.monitor().records_gone(), 4);
    source.close(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_log_that_was_made_anew_is_read_from_its_beginning_under_a_new_claim() {
    let log = Log::new("anew").await;
    log.write(5).await;
    log.commit(5, 5).await;
    log.installation.admin.delete(&[&log.topic]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    log.create().await;
    log.write(2).await;
    let mut source = log.read();
    let SourceEvent::Assigned { claim, committed, .. } = within(30, "a claim", source.next()).await else {
        panic!("a claim first")
    };
    // Deleting a topic may delete its group's offsets as well: then there is nothing to be out of reach.
    let (epoch, read) = offsets(&mut source, 2).await;
    assert_eq!(read, [0, 1]);
    assert_eq!(epoch == claim.epoch, committed.is_none(), "what was done in the old log says nothing");
    assert_eq!(source.monitor().records_gone(), 0);
    source.close(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_log_that_was_made_anew_and_has_outgrown_the_committed_offset_is_read_from_its_beginning() {
    let log = Log::new("outgrown").await;
    log.write(5).await;
    log.commit(5, 5).await;
    let committed = log.committed();
    log.installation.admin.delete(&[&log.topic]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    log.create().await;
    log.write(8).await;
    // What a reader that lives on does: deleting the topic deleted its commits, and it makes another one.
    let consumer: BaseConsumer = log.config().create().unwrap();
    consumer.commit(&committed, CommitMode::Sync).unwrap();
    let mut source = log.read();
    let (_, read) = offsets(&mut source, 8).await;
    assert_eq!(read, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(source.monitor().logs_made_anew(), 1);
    source.close(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_log_that_is_what_it_was_is_read_on_from_the_committed_offset_again_and_again() {
    let log = Log::new("the-same").await;
    for n in 1..4 {
        log.write(5).await;
        log.commit(5, 5 * n).await;
    }
    log.write(2).await;
    let mut source = log.read();
    assert_eq!(offsets(&mut source, 2).await.1, [15, 16]);
    assert_eq!(source.monitor().logs_made_anew(), 0);
    source.close(std::time::Duration::from_secs(5)).await;
}

/// The end of a transaction is a record that nobody is shown, and newer than one that was waiting to be written meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_transactions_in_it_is_not_taken_for_another_one() {
    let log = Log::new("transactions").await;
    let patience = std::time::Duration::from_secs(20);
    let producer: BaseProducer = log.config().set("transactional.id", &*log.topic).create().unwrap();
    producer.init_transactions(patience).unwrap();
    for written in [1_767_225_600_000, 1_767_225_660_000] {
        producer.begin_transaction().unwrap();
        let record = BaseRecord::<str, str>::to(&log.topic).partition(0).payload("x");
        producer.send(record.timestamp(written)).unwrap();
        producer.flush(patience).unwrap();
        producer.commit_transaction(patience).unwrap();
    }
    let mut source = log.read();
    let (epoch, read) = offsets(&mut source, 2).await;
    assert_eq!(read, [0, 2]);
    for at in [1, 2, 3] {
        commit(&mut source, epoch, at).await;
    }
    assert_eq!(source.monitor().logs_made_anew(), 0);
    source.close(patience).await;
    log.write(1).await;
    let mut source = log.read();
    assert_eq!(offsets(&mut source, 1).await.1, [4]);
    assert_eq!(source.monitor().logs_made_anew(), 0);
    source.close(patience).await;
}

#[tokio::test]
async fn an_offset_that_the_log_does_not_reach_is_not_waited_for() {
    let log = Log::new("beyond").await;
    log.write(5).await;
    log.commit(5, 900).await;
    let mut source = log.read();
    let (_, read) = offsets(&mut source, 5).await;
    assert_eq!(read, [0, 1, 2, 3, 4]);
    source.close(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_log_that_is_made_anew_under_its_reader_and_outgrows_it_unseen_is_read_from_its_beginning() {
    let log = Log::new("unseen").await;
    log.write(5).await;
    let mut source = log.read();
    let (epoch, _) = offsets(&mut source, 5).await;
    commit(&mut source, epoch, 5).await;
    log.installation.admin.delete(&[&log.topic]).await.unwrap();
    log.create().await;
    log.write(40).await;
    // The client either sees the topic go, says so and ends; or it reads on at 5, and the next commit shows it.
    let (mut old, mut read) = (Some(epoch), BTreeSet::new());
    within(60, "all records of the new log are read", async {
        while read.len() < 40 {
            match source.next().await {
                SourceEvent::Records(records) => {
                    let last = records.last().map(|(epoch, record)| (*epoch, record.offset.next()));
                    read.extend(
                        records.iter().filter(|(of, _)| *of != epoch).map(|(_, record)| record.offset.0),
                    );
                    if let Some((epoch, offset)) = last {
                        source.commit(vec![Frontier { epoch, offset, completed: vec![] }]);
                    }
                }
                SourceEvent::Failed(_) => (source, old) = (log.read(), None),
                SourceEvent::Assigned { .. }
                | SourceEvent::Revoking(_)
                | SourceEvent::Lost(_)
                | SourceEvent::Committed(_) => {}
            }
        }
    })
    .await;
    source.close(std::time::Duration::from_secs(5)).await;
}

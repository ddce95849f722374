//! Writers race, and no change is lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::{Change, Registry};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use stream::{
    Journal, JournalOptions, KafkaSettings, RegistryView, Restore, RestoreError, Table, TableOptions,
    WriteError,
};
use tokio::time::Instant;

use crate::support::{Installation, account, revision, within};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is at revision {0} by now")]
struct Stale(u64);

fn journal(here: &Installation) -> Journal {
    Journal::start(&here.kafka, JournalOptions::new(&here.settings.prefix, here.registry_topic())).unwrap()
}

fn increment(registry: &Registry) -> Result<Vec<Change>, Stale> {
    Ok(vec![account("counter", revision(registry, "counter") + 1)])
}

/// The change of someone who has seen that revision.
fn change_of(seen: u64) -> impl FnMut(&Registry) -> Result<Vec<Change>, Stale> + Send + 'static {
    move |registry| match revision(registry, "counter") {
        now if now == seen => Ok(vec![account("counter", seen + 1)]),
        now => Err(Stale(now)),
    }
}

/// Every revision that was ever committed, in the log's order.
async fn history(here: &Installation) -> Vec<u64> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let writes = Arc::clone(&seen);
    let table =
        Table::start(&here.kafka, here.registry_topic(), TableOptions::default(), move |_, key, value| {
            if let Ok((Some(Change::Account(account)), _)) = wire::registry::decode(key.unwrap(), value) {
                writes.lock().unwrap().push(account.revision.0);
            }
        })
        .unwrap();
    within(10, "the history", table.ready()).await.unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_racing_writers_lose_no_increment() {
    let here = Installation::with_registry("race").await;
    let began = Instant::now();
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let mut options = JournalOptions::new(&here.settings.prefix, here.registry_topic());
            options.patience = Duration::from_secs(60);
            let journal = Journal::start(&here.kafka, options).unwrap();
            tokio::spawn(async move {
                for _ in 0..20 {
                    journal.write(increment).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        within(120, "60 increments", writer).await.unwrap();
    }
    eprintln!("60 increments by three writers in {:?}", began.elapsed());
    assert_eq!(history(&here).await, (1..=60).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_on_one_revision_one_wins_and_one_is_told() {
    let here = Installation::with_registry("duel").await;
    let (one, other) = (journal(&here), journal(&here));
    one.write(increment).await.unwrap();
    let (left, right) =
        within(20, "both", async { tokio::join!(one.write(change_of(1)), other.write(change_of(1))) }).await;
    match (left, right) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => assert_eq!(error, WriteError::Rejected(Stale(2))),
        both => panic!("{both:?}"),
    }
    assert_eq!(history(&here).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_share_a_transaction_and_see_each_other() {
    let here = Installation::with_registry("batch").await;
    let journal = journal(&here);
    journal.write(increment).await.unwrap();
    let began = Instant::now();
    let all: Vec<_> = (0..100)
        .map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move { journal.write(increment).await.unwrap().offset.unwrap() })
        })
        .collect();
    let mut offsets = Vec::new();
    for one in all {
        offsets.push(within(10, "its turn", one).await.unwrap());
    }
    eprintln!("100 waiting requests in {:?}", began.elapsed());
    assert_eq!(history(&here).await, (1..=101).collect::<Vec<_>>());
    let end = here.admin.end_offsets(&here.topics.webhooks).await.unwrap()[&domain::Partition(0)];
    assert!(end.0 < 101 + 20, "few transactions, so few markers: {end}");
    offsets.sort();
    offsets.dedup();
    assert_eq!(offsets.len(), 100, "each is told its own offset");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_revision_in_one_transaction_the_second_is_rejected() {
    let here = Installation::with_registry("together").await;
    let journal = journal(&here);
    let (first, second) = tokio::join!(journal.write(change_of(0)), journal.write(change_of(0)));
    assert!(first.is_ok());
    assert_eq!(second.unwrap_err(), WriteError::Rejected(Stale(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_writer_decides_on_what_the_other_wrote() {
    let here = Installation::with_registry("fenced").await;
    let (one, other) = (journal(&here), journal(&here));
    for n in 0..6 {
        let writer = if n % 2 == 0 { &one } else { &other };
        within(15, "written", writer.write(change_of(n))).await.unwrap();
    }
    assert_eq!(history(&here).await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_written_and_nothing_to_change_is_no_write() {
    let here = Installation::with_registry("deletion").await;
    let journal = journal(&here);
    journal.write::<Stale, _>(|_| Ok(vec![account("acme", 1), account("bolt", 1)])).await.unwrap();
    let gone = journal.write::<Stale, _>(|_| Ok(vec![Change::AccountGone("acme".into())])).await.unwrap();
    let nothing = journal.write::<Stale, _>(|_| Ok(Vec::new())).await.unwrap();
    assert_eq!((nothing.offset, nothing.changes), (None, Vec::new()));
    let view = RegistryView::start(&here.kafka, here.registry_topic(), TableOptions::default()).unwrap();
    within(5, "ready", view.ready()).await.unwrap();
    assert!(view.read(|registry| registry.has_passed(gone.offset.unwrap())));
    assert_eq!(view.read(|registry| (revision(registry, "acme"), revision(registry, "bolt"))), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_too_large_harms_nobody_else() {
    let here = Installation::with_registry("large").await;
    let journal = journal(&here);
    let large = account(&"x".repeat(300_000), 1);
    let (refused, written) =
        tokio::join!(journal.write::<Stale, _>(move |_| Ok(vec![large.clone()])), journal.write(increment));
    assert!(matches!(refused, Err(WriteError::TooLarge(bytes)) if bytes > 300_000), "{refused:?}");
    assert!(written.is_ok());
}

/// The broker has the records and loses the answer: its log has them, whatever the producer was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_recognised_and_not_repeated() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("registry", 1, 1).unwrap();
    let kafka = KafkaSettings { bootstrap_servers: cluster.bootstrap_servers(), ..KafkaSettings::default() };
    let journal = Journal::start(&kafka, JournalOptions::new("lost.", "registry".into())).unwrap();
    within(15, "the first", journal.write(change_of(0))).await.unwrap();
    cluster
        .request_errors(RDKafkaApiKey::EndTxn, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH]);
    let second = within(15, "the second", journal.write(change_of(1))).await.unwrap();
    assert!(second.offset.is_some());
    let deleted = Change::AccountGone("counter".into());
    cluster
        .request_errors(RDKafkaApiKey::EndTxn, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH]);
    let decide = move |registry: &Registry| match revision(registry, "counter") {
        0 => Err(Stale(0)),
        _ => Ok(vec![deleted.clone()]),
    };
    within(15, "the deletion", journal.write(decide)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_kafka_is_away_a_request_is_told_so_in_time() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("registry", 1, 1).unwrap();
    let kafka = KafkaSettings { bootstrap_servers: cluster.bootstrap_servers(), ..KafkaSettings::default() };
    let options = JournalOptions {
        patience: Duration::from_secs(2),
        ..JournalOptions::new("away.", "registry".into())
    };
    let journal = Journal::start(&kafka, options).unwrap();
    within(15, "the first", journal.write(change_of(0))).await.unwrap();
    cluster.broker_down(1).unwrap();
    let error = within(8, "an answer", journal.write(change_of(1))).await.unwrap_err();
    assert!(matches!(error, WriteError::Unavailable(_)), "{error:?}");
    cluster.broker_up(1).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    within(15, "the next", journal.write(change_of(1))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_writes_records_as_they_are_and_gives_way_to_a_console_that_writes() {
    let here = Installation::with_registry("restore").await;
    let options = JournalOptions::new(&here.settings.prefix, here.registry_topic());
    let journal = journal(&here);
    journal.write(change_of(0)).await.unwrap();
    let records = |revisions: std::ops::Range<u64>| -> Vec<(Bytes, Bytes)> {
        let encoded = revisions.map(|revision| wire::registry::encode(&account("counter", revision), None));
        encoded.map(|(key, value)| (key.into(), value.unwrap().into())).collect()
    };
    let restore = Restore::begin(&here.kafka, &options).await.unwrap();
    assert_eq!(restore.write(records(2..1_202)).await.unwrap(), 1_200, "in three transactions");
    assert_eq!(history(&here).await, (1..1_202).collect::<Vec<_>>());
    journal.write(change_of(1_201)).await.unwrap();

    let late = Restore::begin(&here.kafka, &options).await.unwrap();
    journal.write(change_of(1_202)).await.unwrap();
    let refused = late.write(records(9_000..9_001)).await;
    assert!(matches!(refused, Err(RestoreError::BrokenOff { written: 0, .. })), "{refused:?}");
    assert_eq!(history(&here).await.last(), Some(&1_203));
}

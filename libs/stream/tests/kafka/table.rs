//! A view is complete when it says so, and stale when it cannot know.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Offset;
use rdkafka::mocking::MockCluster;
use stream::{Journal, JournalOptions, KafkaSettings, RegistryView, Sink, SinkOptions, Table, TableOptions};
use tokio::time::Instant;

use crate::support::{Installation, account, account_record, record, revision, within};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_topic_is_ready_and_fresh_at_once() {
    let here = Installation::with_registry("empty").await;
    let view = RegistryView::start(&here.kafka, here.registry_topic(), TableOptions::default()).unwrap();
    within(5, "ready", view.ready()).await.unwrap();
    assert!(view.is_fresh(Instant::now()));
    assert_eq!(view.position(), Offset(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_seen_in_order_with_their_offsets() {
    let here = Installation::with_registry("order").await;
    let topic = here.registry_topic();
    let sink = here.sink();
    for (key, value) in [("a", Some("1")), ("b", Some("2")), ("a", None)] {
        sink.send(&record(&topic, key, value)).await.unwrap();
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let writes = Arc::clone(&seen);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let table = Table::start(&here.kafka, topic, TableOptions::default(), move |offset, key, value| {
        writes.lock().unwrap().push((offset.0, key.map(text), value.map(text)));
    })
    .unwrap();
    within(5, "ready", table.ready()).await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        *seen.lock().unwrap(),
        [(0, some("a"), some("1")), (1, some("b"), some("2")), (2, some("a"), None)]
    );
}

/// The last offsets of such a log are markers, which nobody is shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_fresh_behind_a_transactions_marker_and_stays_so() {
    let here = Installation::with_registry("marker").await;
    let journal =
        Journal::start(&here.kafka, JournalOptions::new(&here.settings.prefix, here.registry_topic()))
            .unwrap();
    let view = RegistryView::start(&here.kafka, here.registry_topic(), TableOptions::default()).unwrap();
    within(5, "ready", view.ready()).await.unwrap();
    for n in 1..=5 {
        let recorded = journal.write::<(), _>(move |_| Ok(vec![account("acme", n)])).await.unwrap();
        let offset = recorded.offset.unwrap();
        within(2, "the view passes the record", view.passed(offset)).await.unwrap();
        assert_eq!(view.read(|registry| revision(registry, "acme")), n);
        assert!(view.read(|registry| registry.has_passed(offset)));
    }
    let end = here.admin.end_offsets(&here.topics.webhooks).await.unwrap()[&domain::Partition(0)];
    within(3, "the view knows that it is at the end", view.passed(Offset(end.0 - 1))).await.unwrap();
    for _ in 0..30 {
        assert!(view.is_fresh(Instant::now()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(view.read(|registry| registry.position()) >= end);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_records_are_there_within_seconds() {
    const RECORDS: u64 = 100_000;
    let here = Installation::with_registry("many").await;
    let topic = here.registry_topic();
    let sink = here.sink();
    for n in 0..RECORDS {
        while sink.in_flight() > 50_000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sink.send_then(&account_record(&topic, &format!("account-{n}"), 1), |written| {
            written.unwrap();
        });
    }
    sink.flush(Duration::from_secs(30)).await.unwrap();
    let began = Instant::now();
    let view = RegistryView::start(&here.kafka, topic, TableOptions::default()).unwrap();
    within(20, "ready", view.ready()).await.unwrap();
    eprintln!("{RECORDS} records in {:?}", began.elapsed());
    assert_eq!(view.read(|registry| registry.accounts().count()), usize::try_from(RECORDS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_makes_no_sense_leaves_the_one_before_in_force() {
    let here = Installation::with_registry("nonsense").await;
    let topic = here.registry_topic();
    let sink = here.sink();
    sink.send(&account_record(&topic, "acme", 7)).await.unwrap();
    sink.send(&record(&topic, "account/acme", Some(r#"{"v":2}"#))).await.unwrap();
    sink.send(&record(&topic, "account/acme", Some("\u{1}"))).await.unwrap();
    sink.send(&record(&topic, "portal/1", Some("?"))).await.unwrap();
    let view = RegistryView::start(&here.kafka, topic, TableOptions::default()).unwrap();
    within(5, "ready", view.ready()).await.unwrap();
    assert_eq!(view.read(|registry| revision(registry, "acme")), 7);
    assert_eq!(view.undecodable(), 2);
    assert!(view.is_fresh(Instant::now()) && view.read(|registry| registry.has_passed(Offset(3))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_recreated_is_not_taken_for_the_old_one() {
    let here = Installation::with_registry("recreated").await;
    let topic = here.registry_topic();
    let sink = here.sink();
    for n in 1..=5 {
        sink.send(&account_record(&topic, "acme", n)).await.unwrap();
    }
    let view = RegistryView::start(&here.kafka, Arc::clone(&topic), TableOptions::default()).unwrap();
    within(5, "ready", view.ready()).await.unwrap();
    here.admin.delete(&[&topic]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!view.is_fresh(Instant::now()));
    here.create_registry().await;
    let error = within(30, "failing", view.failed()).await;
    assert!(error.to_string().contains("cannot go on"), "{error}");
    assert!(!view.is_fresh(Instant::now()));
    assert_eq!(view.read(|registry| revision(registry, "acme")), 5, "what was known is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_cut_off_is_stale_within_two_seconds_and_recovers() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("registry", 1, 1).unwrap();
    let kafka = KafkaSettings { bootstrap_servers: cluster.bootstrap_servers(), ..KafkaSettings::default() };
    let topic: Arc<str> = "registry".into();
    let sink = Sink::new(&kafka, SinkOptions::new(1024 * 1024)).unwrap();
    sink.send(&account_record(&topic, "acme", 1)).await.unwrap();
    let view = RegistryView::start(&kafka, Arc::clone(&topic), TableOptions::default()).unwrap();
    within(5, "ready", view.ready()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(view.is_fresh(Instant::now()));

    let cut = Instant::now();
    cluster.broker_down(1).unwrap();
    let until = view.fresh_until().unwrap();
    assert!(until <= cut + Duration::from_secs(2), "a proof counts from its question on");
    tokio::time::sleep_until(cut + Duration::from_millis(2010)).await;
    assert!(!view.is_fresh(Instant::now()));
    assert_eq!(view.read(|registry| revision(registry, "acme")), 1);

    let mut changed = view.changed();
    changed.mark_unchanged();
    cluster.broker_up(1).unwrap();
    within(10, "the return of freshness is told", changed.changed()).await.unwrap();
    within(10, "fresh", view.fresh()).await.unwrap();
    let written = within(10, "written", sink.send(&account_record(&topic, "acme", 2))).await.unwrap();
    within(5, "passed", view.passed(written.offset)).await.unwrap();
    assert_eq!(view.read(|registry| revision(registry, "acme")), 2);
}

//! Topics are created once, checked, and named when they are unsafe.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Offset, Partition};
use stream::{Admin, AdminError, KafkaSettings, Severity};
use wire::topics::TopicSpec;

use crate::support::{Installation, record, within};

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_once_and_then_are_as_they_must_be() {
    let here = Installation::bare("create");
    let specs = here.topics.specs();
    let missing = here.admin.check(&specs).await.unwrap();
    assert_eq!(missing.len(), specs.len());
    assert!(missing.iter().all(|problem| problem.severity == Severity::Missing));

    let Err(AdminError::Unfit(unfit)) = here.admin.require(&specs, |_| ()).await else {
        panic!("nothing is there yet")
    };
    assert!(unfit.to_string().contains("(Describe). Run: postbode topics create"), "{unfit}");

    let first = here.admin.create(&specs).await.unwrap();
    assert!(first.iter().all(|report| report.created));
    let second = here.admin.create(&specs).await.unwrap();
    assert!(second.iter().all(|report| !report.created) && second.len() == specs.len());

    let left = here.admin.check(&specs).await.unwrap();
    assert!(left.iter().all(|problem| problem.severity < Severity::Unsafe), "{left:#?}");
    here.admin.require(&specs, |_| ()).await.unwrap();
    assert!(!here.admin.cluster_id().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_unsafe_setting_of_a_real_topic_is_named() {
    let here = Installation::bare("unsafe");
    let right = here.topics.spec(&here.topics.events).unwrap();
    let wrong = TopicSpec {
        config: BTreeMap::from([
            ("cleanup.policy", "compact".to_owned()),
            ("retention.ms", "60000".to_owned()),
            ("retention.bytes", "1000000".to_owned()),
            ("max.message.bytes", "1000".to_owned()),
        ]),
        ..right.clone()
    };
    let registry = here.topics.spec(&here.topics.webhooks).unwrap();
    here.admin.create(&[wrong, TopicSpec { partitions: 3, ..registry.clone() }]).await.unwrap();

    let Err(AdminError::Unfit(unfit)) = here.admin.require(&[right, registry], |_| ()).await else {
        panic!("it is unsafe")
    };
    let text = unfit.to_string();
    for part in [
        "cleanup.policy is compact and must be delete",
        "retention.ms is 60000 and must be at least",
        "retention.bytes is 1000000 and must be -1",
        "max.message.bytes is 1000 and must be at least 1114112",
        "partitions is 3 and must be 1",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(unfit.0.len(), 5, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_move_with_what_is_written() {
    let here = Installation::with_registry("ends").await;
    let topic = here.registry_topic();
    let nothing = BTreeMap::from([(Partition(0), Offset(0))]);
    assert_eq!(here.admin.end_offsets(&topic).await.unwrap(), nothing);
    let sink = here.sink();
    for n in 0..3 {
        sink.send(&record(&topic, &format!("account/{n}"), None)).await.unwrap();
    }
    let three = BTreeMap::from([(Partition(0), (Offset(0), Offset(3)))]);
    assert_eq!(here.admin.bounds(&topic).await.unwrap(), three);
    let error = here.admin.end_offsets("no-such-topic").await.unwrap_err();
    assert!(error.to_string().contains("no-such-topic: there is no such topic"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_away_is_named() {
    let kafka = KafkaSettings { bootstrap_servers: "127.0.0.1:1".to_owned(), ..KafkaSettings::default() };
    let admin = Admin::new(&kafka).unwrap();
    let error = within(8, "giving up", admin.wait_ready(Duration::from_secs(1))).await.unwrap_err();
    assert!(error.to_string().starts_with("Kafka at 127.0.0.1:1 does not answer"), "{error}");
}

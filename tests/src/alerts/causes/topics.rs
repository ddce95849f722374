//! Topics whose records go, that are made anew, or that are set so that records will go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use harness::Kind;
use stream::Admin;

use super::{Cause, nothing};
use crate::stage::Stage;

const RETENTION: &str = "retention.ms";

pub(super) fn all() -> Vec<Cause> {
    vec![
        Cause {
            alerts: &["PostbodeRecordsGone"],
            may: &["PostbodeServiceDown"],
            what: "records are deleted while delivery is away, and it comes back",
            prepare: nothing,
            act: |stage| Box::pin(gone(stage)),
            mend: nothing,
        },
        Cause {
            alerts: &["PostbodeLogMadeAnew"],
            may: &[
                "PostbodeServiceDown",
                "PostbodeTopicDrift",
                "PostbodeWritesRepeated",
                "PostbodeRecordsGone",
            ],
            what: "deliveries is deleted and made anew while delivery stands still for a moment",
            prepare: nothing,
            act: |stage| Box::pin(anew(stage)),
            mend: |stage| Box::pin(stage.revive(Kind::Delivery)),
        },
        Cause {
            alerts: &["PostbodeOldestUnconsumed", "PostbodeTopicDrift"],
            may: &["PostbodeServiceDown", "PostbodeRecordsGone", "PostbodeFirstAttemptSlow"],
            what: "somebody shortens the retention of deliveries while delivery stands still",
            prepare: nothing,
            act: |stage| Box::pin(retention(stage, Some("8000"))),
            mend: |stage| Box::pin(retention(stage, None)),
        },
    ]
}

/// Where each partition of a topic ends.
async fn ends(stage: &Stage, topic: &Arc<str>) -> BTreeMap<i32, i64> {
    let bounds = Admin::new(&stage.world.kafka).unwrap().bounds(topic).await.unwrap();
    bounds.into_iter().map(|(partition, (_, end))| (partition.0, end.0)).collect()
}

async fn gone(stage: &mut Stage) {
    stage.stop(Kind::Delivery).await;
    let topic = Arc::clone(&stage.world.topics.deliveries);
    let before = ends(stage, &topic).await;
    harness::eventually(Duration::from_secs(20), "deliveries wait", || async {
        let now = ends(stage, &topic).await;
        if now.iter().any(|(n, end)| *end > before[n] + 5) { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await;
    for (partition, end) in ends(stage, &topic).await {
        stage.operator.delete_records(&topic, partition, end).await.unwrap();
    }
    stage.add(Kind::Delivery).await;
}

async fn anew(stage: &mut Stage) {
    let topic = &stage.world.topics.deliveries;
    let spec = stage.world.topics.specs().into_iter().find(|spec| spec.name == *topic).unwrap();
    // Whoever sees a topic go ends, and begins anew; its commits go with the topic. One that stands still sees nothing.
    let delivery = stage.world.service(Kind::Delivery);
    delivery.signal("STOP");
    stage.world.remake(&spec).await;
    delivery.signal("CONT");
}

/// Shortens it and has delivery stand still, or sets it back and lets delivery go on.
async fn retention(stage: &mut Stage, millis: Option<&str>) {
    let topic = &stage.world.topics.deliveries;
    let spec = stage.world.topics.specs().into_iter().find(|spec| spec.name == *topic).unwrap();
    stage.operator.set(topic, RETENTION, millis.unwrap_or(&spec.config[RETENTION])).await.unwrap();
    stage.world.service(Kind::Delivery).signal(if millis.is_some() { "STOP" } else { "CONT" });
}

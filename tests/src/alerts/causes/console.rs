//! The two that people and producers talk to: console and ingest.

use std::time::Duration;

use harness::{Kind, Manner};
use reqwest::Method;
use serde_json::json;

use super::kafka::{hold, take_writes};
use super::{Cause, at_once, nothing};
use crate::stage::Stage;

pub(super) fn all() -> Vec<Cause> {
    vec![
        Cause {
            alerts: &["PostbodeIngestFails"],
            may: &["PostbodeRegistryStale"],
            what: "Kafka takes two seconds for each answer to ingest, and ingest waits for one",
            prepare: nothing,
            act: |stage| Box::pin(slow(stage)),
            mend: |stage| at_once(stage, |it| quick(it)),
        },
        Cause {
            alerts: &["PostbodeAuditFails"],
            may: &[],
            what: "Kafka refuses what the console writes to the audit log, and an account is changed",
            prepare: nothing,
            act: |stage| Box::pin(deed(stage)),
            mend: |stage| at_once(stage, |it| take_writes(it, Kind::Console)),
        },
        Cause {
            alerts: &["PostbodeHistoryBehind"],
            may: &["PostbodeRebalances"],
            what: "the history's database is away",
            prepare: nothing,
            act: |stage| at_once(stage, |it| database(it, Manner::Refuse)),
            mend: |stage| at_once(stage, |it| database(it, Manner::Open)),
        },
        Cause {
            alerts: &["PostbodeBacklogUnseen"],
            may: &["PostbodeRegistryStale", "PostbodeHistoryBehind", "PostbodeRebalances"],
            what: "Kafka does not answer the console",
            prepare: nothing,
            act: |stage| at_once(stage, |it| hold(it, Kind::Console, true)),
            mend: |stage| at_once(stage, |it| hold(it, Kind::Console, false)),
        },
    ]
}

async fn slow(stage: &mut Stage) {
    // What is refused for its own sake is told of apart from that.
    stage.load.nonsense().await;
    stage.kafka_of(Kind::Ingest).delay(Duration::from_secs(2));
}

fn quick(stage: &Stage) {
    stage.kafka_of(Kind::Ingest).delay(Duration::ZERO);
}

async fn deed(stage: &mut Stage) {
    stage.kafka_of(Kind::Console).refuse_writes(&[&stage.world.topics.audit]);
    let account = json!({"id": "audited", "name": "audited"});
    stage.world.console(Method::POST, "/v1/accounts", Some(account)).await;
}

fn database(stage: &Stage, manner: Manner) {
    stage.database.set(manner);
}

//! Processes that stand still, hang, or come and go.

use std::time::Duration;

use harness::Kind;

use super::{Cause, at_once, nothing};
use crate::stage::Stage;
use crate::thread::Stopped;

pub(super) fn all() -> Vec<Cause> {
    vec![
        Cause {
            alerts: &["PostbodeServiceDown"],
            may: &["PostbodeRetriesLate"],
            what: "retry stands still",
            prepare: nothing,
            act: |stage| at_once(stage, |it| signal(it, "STOP")),
            mend: |stage| at_once(stage, |it| signal(it, "CONT")),
        },
        Cause {
            alerts: &["PostbodePollStuck"],
            may: &["PostbodeRetriesLate", "PostbodeRebalances", "PostbodeCommitsRefused"],
            what: "the thread of retry that polls Kafka stands still, and all others go on",
            prepare: nothing,
            act: |stage| at_once(stage, hang),
            mend: |stage| at_once(stage, go_on),
        },
        Cause {
            alerts: &["PostbodeRebalances"],
            may: &["PostbodeRetriesLate"],
            what: "processes of retry come and go",
            prepare: nothing,
            act: |stage| Box::pin(storm(stage)),
            mend: nothing,
        },
    ]
}

fn signal(stage: &Stage, name: &str) {
    stage.world.service(Kind::Retry).signal(name);
}

fn hang(stage: &mut Stage) {
    stage.stopped = Some(Stopped::named(stage.world.service(Kind::Retry).pid(), "kafka-poll"));
}

fn go_on(stage: &mut Stage) {
    stage.stopped = None;
}

/// One more, and one less, until it is told of.
async fn storm(stage: &mut Stage) {
    for _ in 0..10 {
        if stage.watch.any_fires(&["PostbodeRebalances"]) {
            return;
        }
        stage.add(Kind::Retry).await;
        // The oldest stays, and sees all of it.
        stage.stop_newest().await;
    }
    stage.until(Duration::from_secs(5), |watch| watch.any_fires(&["PostbodeRebalances"])).await;
}

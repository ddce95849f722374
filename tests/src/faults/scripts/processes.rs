//! Processes that die or stand still.

use std::time::Duration;

use harness::Kind;

use crate::stage::Stage;

/// Kills one process of a service, and starts another one some time later, at once or never noticed.
pub(crate) async fn kills(stage: &mut Stage, kind: Kind) {
    let times = if stage.short { 2 } else { 4 };
    stage.watch();
    for _ in 0..times {
        let (before, until_next) = (stage.dice.between(500, 3_500), stage.dice.between(0, 4_000));
        stage.pause(before).await;
        stage.kill_one(kind).await;
        stage.pause(until_next).await;
        stage.add(kind).await;
    }
    let after = stage.dice.between(1_000, 3_000);
    stage.pause(after).await;
}

/// Stops the clock of one process for longer than the group waits for it, and lets it go on.
pub(crate) async fn freeze(stage: &mut Stage, kind: Kind) {
    let times = if stage.short { 1 } else { 2 };
    for _ in 0..times {
        let before = stage.dice.between(500, 2_500);
        stage.pause(before).await;
        let frozen = stage.take_by_lot(kind);
        frozen.signal("STOP");
        stage.note_kill();
        stage.watch();
        let still = stage.dice.between(9_000, 12_000);
        stage.pause(still).await;
        frozen.signal("CONT");
        stage.world.services.push(frozen);
        stage.pause(Duration::from_secs(4)).await;
    }
}

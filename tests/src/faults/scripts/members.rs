//! Members that come and go in good order, and one account that wants everything for itself.

use std::time::Duration;

use harness::Kind;
use tokio::time::Instant;

use crate::stage::Stage;

/// One delivery, four, one.
pub(crate) async fn scale(stage: &mut Stage) {
    stage.watch();
    for _ in 0..3 {
        let apart = stage.dice.between(0, 2_000);
        stage.add(Kind::Delivery).await;
        stage.pause(apart).await;
    }
    let shared = stage.span(10, 4);
    stage.pause(shared).await;
    for _ in 0..3 {
        let apart = stage.dice.between(0, 2_000);
        stage.stop_one(Kind::Delivery).await;
        stage.pause(apart).await;
    }
    let alone = stage.span(8, 3);
    stage.pause(alone).await;
}

/// Every two seconds a delivery joins or leaves, by lot; one always stays.
pub(crate) async fn storm(stage: &mut Stage) {
    let end = Instant::now() + stage.span(60, 20);
    stage.watch();
    while Instant::now() < end {
        let next = Instant::now() + Duration::from_secs(2);
        let members = stage.world.services.iter().filter(|s| s.kind == Kind::Delivery).count();
        let joins = members == 1 || (members < 4 && stage.dice.coin());
        if joins {
            stage.add(Kind::Delivery).await
        } else {
            stage.stop_one(Kind::Delivery).await
        }
        stage.pause(next.saturating_duration_since(Instant::now())).await;
    }
}

/// A new process of each service is ready before the old one is told to stop.
pub(crate) async fn rolling(stage: &mut Stage) {
    let rounds = if stage.short { 1 } else { 2 };
    stage.watch();
    for _ in 0..rounds {
        for kind in [Kind::Ingest, Kind::Fanout, Kind::Delivery, Kind::Retry, Kind::Console] {
            let apart = stage.dice.between(500, 2_500);
            stage.replace_oldest(kind).await;
            stage.pause(apart).await;
        }
    }
}

/// In the order of docs/operations/upgrade.md each service of the build before makes place for one of this build, and then
/// in the opposite order back. In between, this build's console makes a webhook, which the other's have to read.
pub(crate) async fn upgrade(stage: &mut Stage) {
    let order = [Kind::Delivery, Kind::Retry, Kind::Fanout, Kind::Ingest, Kind::Console];
    stage.watch();
    stage.world.run_from(None);
    replace_each(stage, order).await;
    stage.healthy_hook("account-2").await;
    let used = stage.span(15, 5);
    stage.pause(used).await;
    stage.world.run_from(harness::previous_binaries());
    let mut back = order;
    back.reverse();
    replace_each(stage, back).await;
    let watched = stage.span(15, 5);
    stage.pause(watched).await;
}

async fn replace_each(stage: &mut Stage, order: [Kind; 5]) {
    for kind in order {
        let apart = stage.dice.between(2_000, 5_000);
        stage.replace_oldest(kind).await;
        stage.pause(apart).await;
    }
}

/// Account 0 sends ten times as much. What the others' deliveries take may grow by half, and by what measuring blurs.
pub(crate) async fn flood(stage: &mut Stage) {
    const BLUR: Duration = Duration::from_millis(250);
    let (calm, wild) = (stage.span(15, 8), stage.span(30, 12));
    let began = Instant::now();
    stage.pause(calm).await;
    let flooded = Instant::now();
    stage.load.set_rate("account-0", 200);
    stage.pause(wild).await;
    stage.load.set_rate("account-0", 20);
    let ended = Instant::now();
    stage.pause(Duration::from_secs(3)).await;
    for account in ["account-2", "account-3"] {
        let calm = stage.ledger.latency(account, began, flooded);
        let wild = stage.ledger.latency(account, flooded, ended);
        let (Some((_, before)), Some((_, during))) = (calm, wild) else {
            stage.broken.push(format!("{account} got nothing"));
            continue;
        };
        let text = format!("{account}'s p99 was {before:.0?} before the flood and {during:.0?} in it");
        stage.expect(during <= before.mul_f64(1.5) + BLUR, text.clone());
        stage.remarks.push(text);
    }
}

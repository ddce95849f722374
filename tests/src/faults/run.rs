//! The order of the runs: those that share a Kafka side by side, those that break one after the other on three nodes,
//! those that measure waiting by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use harness::Broker;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Options;
use crate::dice::Dice;
use crate::list::{self, Fault, Kafka};
use crate::report::Row;
use crate::stage::Stage;

/// How long a run may take in all.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs every fault that is asked for, with every seed.
pub(crate) async fn all(options: &Options) -> Result<Vec<Row>, String> {
    let faults = chosen(options)?;
    harness::make_room(options.together + 1);
    let seeds = if options.short { 1 } else { options.seeds.max(1) };
    let runs: Vec<(Fault, u64)> =
        faults.iter().flat_map(|fault| (0..seeds).map(|n| (fault.clone(), options.seed + n))).collect();
    let (alone, shared): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(fault, _)| fault.alone);
    let (breaking, shared): (Vec<_>, Vec<_>) =
        shared.into_iter().partition(|(fault, _)| fault.kafka == Kafka::ThreeNodes);
    let (mut rows, broken) = tokio::join!(side_by_side(shared, options), one_by_one(breaking, options));
    rows.extend(broken);
    rows.extend(one_by_one(alone, options).await);
    Ok(sums(&faults, rows))
}

fn chosen(options: &Options) -> Result<Vec<Fault>, String> {
    let all = list::all();
    if let Some(unknown) = options.only.iter().find(|name| all.iter().all(|fault| fault.name != **name)) {
        return Err(format!("there is no fault {unknown}; --list names them"));
    }
    let one_build = harness::previous_binaries().is_none();
    if one_build && options.only.iter().any(|name| all.iter().any(|it| it.two_builds && it.name == *name)) {
        return Err("it takes another build's binaries: make upgrade-check FROM=<commit>".to_owned());
    }
    let wanted = |fault: &Fault| match options.only.is_empty() {
        true => !(options.short && !fault.short || one_build && fault.two_builds),
        false => options.only.iter().any(|name| name == fault.name),
    };
    let patient = |fault: Fault| if options.short { fault.patient() } else { fault };
    Ok(all.into_iter().filter(wanted).map(patient).collect())
}

async fn side_by_side(runs: Vec<(Fault, u64)>, options: &Options) -> Vec<Row> {
    let room = Arc::new(Semaphore::new(options.together.max(1)));
    let mut running = JoinSet::new();
    for (fault, seed) in runs {
        let (room, short) = (Arc::clone(&room), options.short);
        running.spawn(async move {
            let _room = room.acquire().await;
            one(&fault, seed, short, None).await
        });
    }
    running.join_all().await
}

async fn one_by_one(runs: Vec<(Fault, u64)>, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut cluster: Option<Cluster> = None;
    for (fault, seed) in runs {
        if fault.kafka == Kafka::ThreeNodes && cluster.is_none() {
            cluster = Some(Cluster::start().await);
        }
        let broker = cluster.as_ref().filter(|_| fault.kafka == Kafka::ThreeNodes);
        rows.push(one(&fault, seed, options.short, broker.map(|cluster| cluster.0.clone())).await);
        if let Some(cluster) = broker {
            cluster.heal().await;
        }
    }
    rows
}

/// One run. One that panics has failed with what it said.
async fn one(fault: &Fault, seed: u64, short: bool, broker: Option<Broker>) -> Row {
    let began = Instant::now();
    let run = async {
        let dice = Dice::new(seed, fault.name);
        let mut stage = Stage::start(fault.name, (fault.setup)(), broker, dice, short).await;
        (fault.script)(&mut stage).await;
        stage.finish(fault).await
    };
    let run = tokio::time::timeout(PATIENCE, run);
    let mut row = match std::panic::AssertUnwindSafe(run).catch_unwind().await {
        Ok(Ok(row)) => row,
        Ok(Err(_)) => Row::failed(fault.name, format!("did not end within {PATIENCE:?}")),
        Err(panic) => Row::failed(fault.name, format!("could not be finished: {}", words(&*panic))),
    };
    let seeded = |text: &mut String| *text = format!("seed {seed}: {text}");
    row.broken.iter_mut().chain(&mut row.remarks).for_each(seeded);
    let (state, seconds) = (if row.broken.is_empty() { "kept" } else { "BROKEN" }, began.elapsed().as_secs());
    eprintln!("faults: {} with seed {seed}: {state} after {seconds} s; {}", fault.name, row.sentence());
    row.broken.iter().for_each(|broken| eprintln!("    {broken}"));
    row
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn sums(faults: &[Fault], rows: Vec<Row>) -> Vec<Row> {
    let mut sums: BTreeMap<String, Row> = BTreeMap::new();
    for row in rows {
        match sums.get_mut(&row.fault) {
            Some(sum) => sum.add(row),
            None => drop(sums.insert(row.fault.clone(), row)),
        }
    }
    faults.iter().filter_map(|fault| sums.remove(fault.name)).collect()
}

/// Three nodes, ended behind the runs that break them.
struct Cluster(Broker);

impl Cluster {
    async fn start() -> Self {
        Self(tokio::task::spawn_blocking(|| Broker::cluster("faults")).await.unwrap())
    }

    /// Whatever a run left dead or frozen goes on.
    async fn heal(&self) {
        let broker = self.0.clone();
        let heal = move || {
            broker.thaw_if_running();
            broker.start_all();
        };
        tokio::task::spawn_blocking(heal).await.unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.0.thaw_if_running();
        self.0.end();
    }
}

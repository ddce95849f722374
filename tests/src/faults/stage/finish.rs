//! The end of a run: everything owed is waited for, the services stop, and the ledger is balanced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use harness::Kind;
use tokio::time::Instant;
use wire::names;

use super::{SCHEDULE, Stage};
use crate::ledger::Owed;
use crate::list::{Duplicates, Fault};
use crate::report::Row;
use harness::Operator;

/// How long everything owed may take once the load has stopped.
const SETTLE: Duration = Duration::from_secs(120);
/// How long a late duplicate may take.
const LATE: Duration = Duration::from_millis(1_500);
/// How many lost deliveries the report names; `lost.txt` beside the logs has them all.
const SHOWN: usize = 5;
/// Work that a killed process had not committed: half a second of it, and the commit's own time.
const UNCOMMITTED: Duration = Duration::from_secs(1);

impl Stage {
    /// Balances the ledger. Topics and logs of a run that broke a promise stay.
    pub(crate) async fn finish(mut self, fault: &Fault) -> Row {
        self.load.stop().await;
        let dead = self.settle().await;
        let settled_at = Instant::now();
        self.pause(LATE).await;
        let missing: BTreeMap<String, Owed> =
            self.ledger.missing().into_iter().filter(|(id, _)| !dead.contains(id)).collect();
        let mut row = self.row(fault, &dead, missing.len());
        let (stall, whose) = self.ledger.longest_stall(self.watched_from, settled_at);
        row.max_stall = stall;
        if stall > fault.stall {
            let limit = fault.stall;
            self.broken
                .push(format!("a healthy receiver ({whose}) got nothing for {stall:.2?}, {limit:?} allowed"));
        }
        self.judge(fault, &row).await;
        if !missing.is_empty() {
            let lost = self.last_seen(&missing).await;
            let _ = std::fs::write(self.world.folder().join("lost.txt"), lost.join("\n"));
            self.broken.extend(lost.into_iter().take(SHOWN));
        } else if row.lost == 0 {
            self.stop_all().await;
            self.check_positions().await;
        }
        row.broken = std::mem::take(&mut self.broken);
        row.remarks = std::mem::take(&mut self.remarks);
        let folder = self.world.folder().to_owned();
        if row.broken.is_empty() {
            self.world.end().await;
            let _ = std::fs::remove_dir_all(folder);
        } else {
            row.logs.push(folder.display().to_string());
            self.world.abandon();
        }
        row
    }

    fn row(&self, fault: &Fault, dead: &BTreeSet<String>, lost: usize) -> Row {
        let (accepted, delivered) = (self.ledger.owed(), self.ledger.delivered());
        Row {
            fault: fault.name.to_owned(),
            runs: 1,
            accepted,
            delivered,
            duplicates: self.ledger.duplicates(),
            // Delivered wins.
            dead_lettered: accepted - delivered - lost,
            lost,
            dead_letters: dead.len(),
            ..Row::default()
        }
    }

    /// Waits until whatever is owed was taken or lies in the dead letters; the ids of those.
    async fn settle(&mut self) -> BTreeSet<String> {
        let end = Instant::now() + SETTLE;
        loop {
            self.pause(Duration::from_millis(300)).await;
            let missing = self.ledger.missing();
            let late = Instant::now() >= end;
            if missing.is_empty() || late || missing.len() < 2_000 {
                let dead = self.dead().await;
                if late || missing.keys().all(|id| dead.contains(id) || self.gone.contains(id)) {
                    return dead;
                }
            }
        }
    }

    /// Deliveries that died with a reason, and those of events that did.
    async fn dead(&self) -> BTreeSet<String> {
        let mut dead = BTreeSet::new();
        for letter in self.world.read(&self.world.topics.dead_deliveries).await {
            let reason = letter.headers.text(names::REASON);
            dead.extend(reason.and(letter.headers.text(names::DELIVERY)).map(str::to_owned));
        }
        let letters = self.world.read(&self.world.topics.dead_events).await;
        let reasoned = letters.iter().filter(|letter| letter.headers.text(names::REASON).is_some());
        let events = reasoned.filter_map(|letter| letter.headers.text(names::CE_ID).map(str::to_owned));
        dead.extend(self.ledger.owed_of(&events.collect()));
        dead
    }

    async fn judge(&mut self, fault: &Fault, row: &Row) {
        for id in self.ledger.altered() {
            self.broken.push(format!("{id} came with different bodies"));
        }
        let strict = fault.duplicates == Duplicates::None;
        let early = self.ledger.early(&SCHEDULE, !strict);
        let allowed = match fault.duplicates {
            Duplicates::None => 0,
            Duplicates::Uncommitted => self.uncommitted(),
            Duplicates::Any => usize::MAX,
        };
        // Where work may be repeated, a failed attempt may be as well: at once, and as one of the duplicates.
        let repeated = row.duplicates + early.len();
        if repeated > allowed {
            self.broken.push(format!("{repeated} deliveries were repeated, {allowed} allowed"));
            self.broken.extend(early.into_iter().take(3));
            let repeats = self.repeats().await;
            self.broken.push(repeats);
        }
        if row.accepted == 0 {
            self.broken.push("nothing was accepted at all".to_owned());
        }
    }

    /// Who repeated: a delivery with one record was made once and sent twice.
    async fn repeats(&self) -> String {
        let mut records: BTreeMap<String, usize> = BTreeMap::new();
        for record in self.world.read(&self.world.topics.deliveries).await {
            let fresh = record.headers.text(names::ATTEMPT).is_none_or(|attempts| attempts == "0");
            if let (Some(id), true) = (record.headers.text(names::DELIVERY), fresh) {
                *records.entry(id.to_owned()).or_default() += 1;
            }
        }
        let repeated = self.ledger.repeated();
        let by_fanout = repeated.iter().filter(|(id, _)| records.get(id).is_some_and(|n| *n > 1)).count();
        let example = repeated.first().map(|(id, after)| format!("{id}, {after:.1?} after the first time"));
        format!(
            "of {} repeated ones, {by_fanout} were routed twice, the others sent twice; {}",
            repeated.len(),
            example.unwrap_or_default()
        )
    }

    fn uncommitted(&self) -> usize {
        self.kills.iter().map(|at| self.ledger.posts_within(*at - UNCOMMITTED, *at + LATE / 10)).sum()
    }

    async fn stop_all(&mut self) {
        let mut stopping: Vec<_> = self.world.services.drain(..).collect();
        stopping.iter().for_each(|service| service.signal("TERM"));
        for service in &mut stopping {
            let code = service.ended().await;
            if code != Some(0) {
                self.broken.push(format!("{} did not stop cleanly: {code:?}", service.kind.name()));
            }
        }
    }

    /// After a clean stop of an installation that owes nothing, every group stands at the end of what it reads.
    async fn check_positions(&mut self) {
        let operator = Operator::new(&self.world.kafka.bootstrap_servers);
        let topics = self.world.topics.clone();
        let admin = stream::Admin::new(&self.world.kafka).unwrap();
        for (kind, topic) in [(Kind::Fanout, &topics.events), (Kind::Delivery, &topics.deliveries)] {
            let bounds = admin.bounds(topic).await.unwrap();
            let group = format!("{}{}", self.world.prefix(), kind.name());
            let count = i32::try_from(bounds.len()).unwrap_or(i32::MAX);
            let committed = match operator.committed(&group, topic, count).await {
                Ok(committed) => committed,
                Err(error) => {
                    self.broken.push(format!("{group}'s offsets cannot be read: {error}"));
                    continue;
                }
            };
            for (partition, (first, end)) in bounds.iter().filter(|(_, (first, end))| first != end) {
                let at = committed.get(&partition.0).map_or(first.0, |(offset, _)| *offset);
                if at != end.0 {
                    let promise = format!("{group} stands at {at} of {} in partition {}", end.0, partition.0);
                    self.broken.push(promise);
                }
            }
        }
    }

    /// For each delivery that is nowhere: where its event or its record was seen last.
    async fn last_seen(&self, missing: &BTreeMap<String, Owed>) -> Vec<String> {
        let mut seen: BTreeMap<&str, (domain::Timestamp, String)> = BTreeMap::new();
        let events: BTreeMap<&str, Vec<&str>> =
            missing.iter().fold(BTreeMap::new(), |mut map, (id, owed)| {
                map.entry(&*owed.event).or_insert_with(Vec::new).push(&**id);
                map
            });
        for spec in self.world.topics.specs() {
            let name: Arc<str> = Arc::clone(&spec.name);
            for record in self.world.read(&name).await {
                let delivery = record.headers.text(names::DELIVERY);
                let known = delivery.and_then(|id| missing.get_key_value(id)).map(|(id, _)| vec![&**id]);
                let event = record.headers.text(names::CE_ID).and_then(|id| events.get(id));
                for id in known.or_else(|| delivery.is_none().then(|| event.cloned())?).unwrap_or_default() {
                    let place = format!("{name}-{}-{}", record.partition.0, record.offset.0);
                    let at = record.timestamp;
                    let entry = seen.entry(id).or_insert((at, place.clone()));
                    if at >= entry.0 {
                        *entry = (at, place);
                    }
                }
            }
        }
        let place = |id: &str| seen.get(id).map_or("nowhere", |(_, place)| place.as_str());
        let shown = missing.iter().map(|(id, owed)| {
            format!("{id} is lost: event {} for {}, last seen in {}", owed.event, owed.hook, place(id))
        });
        shown.collect()
    }
}

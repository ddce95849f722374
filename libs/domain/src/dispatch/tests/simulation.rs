//! The whole loop of delivery across crashes, with a ledger: a log, its consumer group, processes, receivers, tiers and
//! the registry, in virtual time. One seed is one history.

mod dice;
mod faults;
mod log;
mod node;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{Batching, Completed, Home, Partition, Phase as Waited, Standing, Tier, Verdict};
use dice::Dice;
use log::{Log, Written};
use node::{Node, Post, Reading, Write};

const WEBHOOKS: usize = 6;
const LOGS: usize = 3;
/// How long the group waits for what it wants back.
const DRAIN: Duration = Duration::from_secs(2);

struct World {
    dice: Dice,
    now: Timestamp,
    heals_at: Timestamp,
    logs: Vec<Log>,
    tiers: BTreeMap<Tier, VecDeque<(Timestamp, Written)>>,
    nodes: BTreeMap<usize, Node>,
    next_node: usize,
    registry: Registry,
    receivers: Vec<Receiver>,
    epochs: u64,
    /// Claims that ended before everything about them was committed.
    untold: BTreeSet<Epoch>,
    /// How often each delivery was accepted or buried.
    ends: Vec<u32>,
    expire: Duration,
    /// No process is killed or given up.
    is_gentle: bool,
}

/// What an endpoint does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    Fast,
    Slow,
    Hangs,
    /// It takes the call, and answers too late.
    Dawdles,
    Fails,
    Refuses,
    Throttles,
    Gone,
}

fn hook(n: usize) -> Webhook {
    let batching = Batching { max_events: 3, max_wait: secs(1), ..Batching::default() };
    let limits = Limits { concurrency: 3, ..Limits::default() };
    Webhook { batch: (n >= 4).then_some(batching), limits, ..webhook(&format!("w{n}"), "acme", &[]) }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut registry = Registry::default();
        for n in 0..WEBHOOKS {
            registry.apply(registry.position(), Change::Webhook(Box::new(hook(n))));
        }
        let began = at(1_000_000);
        let expire = if dice.once_in(4) { secs(20) } else { secs(3600) };
        let heals_at = began + dice.millis(5_000, 60_000);
        let is_gentle = dice.once_in(3);
        let nodes = 1 + dice.below(3);
        Self {
            dice,
            now: began,
            heals_at,
            logs: (0..).map(Log::new).take(LOGS).collect(),
            tiers: BTreeMap::new(),
            nodes: (0..nodes).map(|n| (n, Node::new(expire))).collect(),
            next_node: nodes,
            registry,
            receivers: vec![Receiver::Fast; WEBHOOKS],
            epochs: 0,
            untold: BTreeSet::new(),
            ends: Vec::new(),
            expire,
            is_gentle,
        }
    }

    fn run(&mut self) {
        let mut healed = false;
        while !self.is_over() {
            if self.now < self.heals_at {
                self.happen();
            } else if !std::mem::replace(&mut healed, true) {
                self.heal();
            }
            self.assign();
            let ids: Vec<usize> = self.nodes.keys().copied().collect();
            for id in ids {
                // Out of the world while it acts on it.
                let Some(mut node) = self.nodes.remove(&id) else { continue };
                if self.turn(&mut node) {
                    self.nodes.insert(id, node);
                }
            }
            self.come_back();
            assert!(self.now.since(self.heals_at) < secs(600), "something starves: {:?}", self.ends);
            let next = self.nodes.values().map(Node::next).min().unwrap_or(self.now);
            let soon = self.now + Duration::from_millis(5);
            self.now = next.clamp(soon, self.now + Duration::from_millis(200));
        }
        self.balance();
    }

    fn is_over(&self) -> bool {
        self.now > self.heals_at
            && self.tiers.values().all(VecDeque::is_empty)
            && self.logs.iter().all(Log::is_done)
            && self.nodes.values().all(|node| node.dispatcher.is_idle())
    }

    /// Nothing is lost; without a claim that ended untold, and without a receiver that took more than it said, nothing
    /// is twice there.
    fn balance(&self) {
        for (delivery, ends) in self.ends.iter().enumerate() {
            assert!(*ends > 0, "delivery {delivery} was neither accepted nor buried");
            assert!(*ends == 1 || !self.untold.is_empty(), "delivery {delivery} ended {ends} times");
        }
    }

    /// One process does all that it can now. Says whether it lives on.
    fn turn(&mut self, node: &mut Node) -> bool {
        self.answer(node);
        self.take_back(node);
        self.read(node);
        self.perform(node);
        let Some(by) = node.stops_by else { return true };
        if !node.dispatcher.is_idle() && self.now >= by {
            self.untold.extend(node.reading.keys());
            node.dispatcher.handle_out_of_time();
        }
        if node.dispatcher.is_idle() || self.now.since(by) >= secs(1) {
            self.release(node.reading.keys().copied().collect());
            return false;
        }
        true
    }

    /// What was under way and has ended.
    fn answer(&mut self, node: &mut Node) {
        let (posts, writes) = node.ended(self.now);
        for post in posts {
            if post.outcome.verdict() == Verdict::Delivered {
                self.accepted(&post);
            }
            let fates =
                node.dispatcher.handle_outcome(self.now, post.members[0].0, post.began, &post.outcome);
            if fates.first() == Some(&Fate::Died(DeathReason::Gone)) {
                node.dispatcher.handle_gone(&post.standing);
            }
        }
        for write in writes {
            self.written(&write);
            node.dispatcher.handle_written(write.place);
        }
        if let Some((_, frontiers)) = node.commit.take_if(|(at, _)| *at <= self.now) {
            let refused = self.dice.once_in(8);
            // A commit that counts although its answer is lost is refused to its process.
            if !refused || self.dice.once_in(3) {
                self.committed(&frontiers);
            }
            node.dispatcher.handle_committed(self.now, !refused);
        }
    }

    fn log_of(&mut self, epoch: Epoch) -> usize {
        // A claim's number says which log it is on.
        usize::try_from(epoch.0).unwrap() % LOGS
    }

    fn settle(&mut self, place: Place) {
        let log = self.log_of(place.epoch);
        self.logs[log].settle(place.offset, place.epoch, &self.untold);
    }

    fn accepted(&mut self, post: &Post) {
        for (place, delivery) in &post.members {
            self.settle(*place);
            self.ends[*delivery] += 1;
        }
    }

    fn written(&mut self, write: &Write) {
        self.settle(write.place);
        let log = self.log_of(write.place.epoch);
        let webhook = self.logs[log].read(write.place.offset).unwrap().webhook;
        match &write.tier {
            None => self.ends[write.delivery] += 1,
            Some((tier, progress)) => {
                let back = Written { delivery: write.delivery, webhook, progress: progress.clone() };
                self.tiers.entry(*tier).or_default().push_back((self.now + tier.delay(), back));
            }
        }
    }

    /// The group takes commits of those who own a partition.
    fn committed(&mut self, frontiers: &[Frontier]) {
        for frontier in frontiers {
            let log = self.log_of(frontier.epoch);
            if self.logs[log].owner.is_some_and(|(_, epoch)| epoch == frontier.epoch) {
                self.logs[log].commit(frontier);
            }
        }
    }

    fn release(&mut self, epochs: Vec<Epoch>) {
        for epoch in epochs {
            let log = self.log_of(epoch);
            let log = &mut self.logs[log];
            if log.owner.is_some_and(|(_, owner)| owner == epoch) {
                log.owner = None;
            }
        }
    }

    fn assign(&mut self) {
        let able: Vec<usize> =
            self.nodes.iter().filter(|(_, node)| node.stops_by.is_none()).map(|(id, _)| *id).collect();
        for number in 0..LOGS {
            let log = &mut self.logs[number];
            if log.owner.is_some() || log.free_at > self.now {
                continue;
            }
            let Some(id) = self.dice.pick(&able).copied() else { return };
            let Some(node) = self.nodes.get_mut(&id) else { return };
            self.epochs += 1;
            let epoch = Epoch(self.epochs * LOGS as u64 + number as u64);
            log.owner = Some((id, epoch));
            let (committed, completed) = log.resume();
            let next = committed.unwrap_or(Offset(0));
            node.reading.insert(epoch, Reading { log: number, next, paused: false, until: None });
            node.dispatcher.handle_assigned(epoch, committed, completed);
        }
    }

    /// Who drained for too long loses the partition, and is not told.
    fn take_back(&mut self, node: &mut Node) {
        let now = self.now;
        let late: Vec<Epoch> = node
            .reading
            .extract_if(.., |_, r| r.until.is_some_and(|until| until <= now))
            .map(|(e, _)| e)
            .collect();
        self.untold.extend(&late);
        self.release(late);
    }

    fn read(&mut self, node: &mut Node) {
        for (epoch, reading) in &mut node.reading {
            let most = if reading.paused || reading.until.is_some() { 0 } else { self.dice.below(8) };
            for _ in 0..most {
                let Some(record) = self.logs[reading.log].read(reading.next) else { break };
                let place = Place { epoch: *epoch, offset: reading.next };
                let payload = record.delivery;
                match record.webhook {
                    Some(n) => {
                        let job = Job {
                            webhook: format!("w{n}").as_str().into(),
                            delivery: format!("dlv_{payload}").as_str().into(),
                            registry: Offset(0),
                            progress: record.progress.clone(),
                            bytes: 100,
                            payload,
                        };
                        node.dispatcher.handle_delivery(self.now, place, job);
                    }
                    None => node.dispatcher.handle_stranger(self.now, place, payload, 100),
                }
                reading.next = reading.next.next();
            }
        }
    }

    fn come_back(&mut self) {
        for tier in self.tiers.values_mut() {
            while tier.front().is_some_and(|(due, _)| *due <= self.now)
                && let Some((_, record)) = tier.pop_front()
            {
                self.logs[record.delivery % LOGS].records.push(record);
            }
        }
    }

    fn perform(&mut self, node: &mut Node) {
        loop {
            let view = View { registry: &self.registry, fresh: node.fresh };
            let Some(command) = node.dispatcher.next_command(self.now, view) else { return };
            match command {
                Command::Send { members, standing, .. } => self.call(node, members, standing),
                Command::Retry { place, tier, progress, payload, .. } => {
                    let ends = self.now + self.write_takes();
                    node.writes.push(Write { ends, place, delivery: payload, tier: Some((tier, progress)) });
                }
                Command::DeadLetter { place, payload, .. } => {
                    let ends = self.now + self.write_takes();
                    node.writes.push(Write { ends, place, delivery: payload, tier: None });
                }
                Command::Health { health, .. } => {
                    self.registry.apply(self.registry.position(), Change::Health(health));
                    node.dispatcher.handle_registry();
                }
                Command::Commit(frontiers) => {
                    for frontier in &frontiers {
                        let log = self.log_of(frontier.epoch);
                        self.logs[log].check(frontier);
                    }
                    let answered = self.now + self.dice.millis(1, 300);
                    assert!(node.commit.replace((answered, frontiers)).is_none(), "two commits at once");
                }
                Command::Release(epochs) => {
                    node.reading.retain(|epoch, _| !epochs.contains(epoch));
                    self.release(epochs);
                }
                Command::Pause(epochs) => set_paused(node, &epochs, true),
                Command::Resume(epochs) => set_paused(node, &epochs, false),
            }
        }
    }

    /// Writes are repeated until they are acknowledged.
    fn write_takes(&mut self) -> Duration {
        let fails = self.now < self.heals_at && self.dice.once_in(10);
        if fails { self.dice.millis(500, 5_000) } else { self.dice.millis(1, 30) }
    }
}

fn set_paused(node: &mut Node, epochs: &[Epoch], paused: bool) {
    for epoch in epochs {
        if let Some(reading) = node.reading.get_mut(epoch) {
            reading.paused = paused;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs a test can only tell it so")]
fn told(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// As many histories as `POSTBODE_SEEDS` says, from `POSTBODE_FIRST_SEED` on.
#[test]
fn every_delivery_ends_whatever_breaks_and_twice_only_where_a_claim_ended_untold() {
    let first = told("POSTBODE_FIRST_SEED", 0);
    for seed in first..first + told("POSTBODE_SEEDS", 2_000) {
        let run = std::panic::catch_unwind(|| World::new(seed).run());
        assert!(run.is_ok(), "seen again with POSTBODE_FIRST_SEED={seed} POSTBODE_SEEDS=1");
    }
}

//! A backlog that is too much for its lane, in virtual time: a log, the tiers, and one endpoint that takes so many calls
//! a second.

use std::collections::BTreeMap;

use super::*;
use crate::Tier;

/// What a process reads at once.
const POLL: usize = 500;

/// A record that is not done: its number, and how far it came.
type Pending = (i64, Progress);

struct Backlog {
    bench: Bench,
    /// How long the endpoint takes for a call.
    takes: Duration,
    log: VecDeque<Pending>,
    next_offset: i64,
    /// The calls that run, by when they end.
    calls: VecDeque<(Timestamp, i64, Place)>,
    /// As in the topics: whoever was written first comes back first.
    tiers: BTreeMap<Tier, VecDeque<(Timestamp, Pending)>>,
    paused: bool,
    delivered: Vec<bool>,
    left: usize,
    writes: BTreeMap<Deferral, u64>,
    most_writes: u32,
}

impl Backlog {
    /// So many records for an endpoint that takes so many calls a second.
    fn new(records: usize, per_second: u32) -> Self {
        let concurrency = per_second.div_ceil(100);
        let limits = Limits { concurrency, ..Limits::default() };
        let bench = Bench::with(&[Webhook { limits, ..webhook("a", "acme", &[]) }], |settings| {
            let tiers = Tiers::new(Schedule::DEFAULT).unwrap();
            settings.schedule = Schedule::new(tiers, &Schedule::DEFAULT).unwrap();
            // What is told of a frontier costs as much as it spans, and here nobody listens.
            settings.commit_every = secs(3600);
        });
        let numbers = 0..i64::try_from(records).unwrap();
        Self {
            bench,
            takes: Duration::from_secs(1) * concurrency / per_second,
            log: numbers.map(|number| (number, Progress::default())).collect(),
            next_offset: 0,
            calls: VecDeque::new(),
            tiers: BTreeMap::new(),
            paused: false,
            delivered: vec![false; records],
            left: records,
            writes: BTreeMap::new(),
            most_writes: 0,
        }
    }

    /// Until nothing happens any more: so long it took.
    fn run(&mut self) -> Duration {
        let began = self.bench.now;
        loop {
            self.perform();
            while self.read() {
                self.perform();
            }
            let call = self.calls.front().map(|(at, ..)| *at);
            let back = self.tiers.values().filter_map(|tier| tier.front()).map(|(at, _)| *at).min();
            let Some(next) = call.into_iter().chain(back).min() else { break };
            self.bench.now = self.bench.now.max(next);
            self.end_calls();
            self.come_back();
        }
        self.bench.now.since(began)
    }

    fn end_calls(&mut self) {
        let now = self.bench.now;
        while self.calls.front().is_some_and(|(at, ..)| *at <= now)
            && let Some((_, number, place)) = self.calls.pop_front()
        {
            let fates = self.bench.dispatcher.handle_outcome(now, place, now - self.takes, &answered(200));
            assert_eq!(fates, [Fate::Delivered]);
            let delivered = &mut self.delivered[usize::try_from(number).unwrap()];
            assert!(!std::mem::replace(delivered, true), "{number} is delivered twice");
            self.left -= 1;
        }
    }

    fn come_back(&mut self) {
        for tier in self.tiers.values_mut() {
            while tier.front().is_some_and(|(at, _)| *at <= self.bench.now)
                && let Some((_, pending)) = tier.pop_front()
            {
                self.log.push_back(pending);
            }
        }
    }

    /// Says whether there was something to read.
    fn read(&mut self) -> bool {
        let before = self.next_offset;
        for _ in 0..POLL {
            if self.paused {
                break;
            }
            let Some((number, progress)) = self.log.pop_front() else { break };
            let (webhook, delivery) = ("a".into(), "dlv".into());
            let job = Job { webhook, delivery, registry: Offset(0), progress, bytes: 100, payload: number };
            self.bench.dispatcher.handle_delivery(self.bench.now, place(self.next_offset), job);
            self.next_offset += 1;
        }
        self.next_offset > before
    }

    fn perform(&mut self) {
        let now = self.bench.now;
        loop {
            let view = View { registry: &self.bench.registry, fresh: true };
            match self.bench.dispatcher.next_command(now, view) {
                Some(Command::Send { members, .. }) => {
                    let (place, number) = members[0];
                    self.calls.push_back((now + self.takes, number, place));
                }
                Some(Command::Retry { place, tier, progress, deferred: Some(why), payload }) => {
                    assert_eq!(progress.attempts, 0, "no attempt is spent");
                    *self.writes.entry(why).or_default() += 1;
                    self.most_writes = self.most_writes.max(progress.deferrals);
                    let tiers = self.tiers.entry(tier).or_default();
                    tiers.push_back((now + tier.delay(), (payload, progress)));
                    self.bench.dispatcher.handle_written(place);
                }
                Some(Command::Pause(_)) => self.paused = true,
                Some(Command::Resume(_)) => self.paused = false,
                Some(Command::Commit(_)) => self.bench.dispatcher.handle_committed(now, true),
                Some(
                    other @ (Command::Retry { .. }
                    | Command::DeadLetter { .. }
                    | Command::Health { .. }
                    | Command::Release(_)),
                ) => panic!("{other:?}"),
                None => return,
            }
        }
    }
}

/// To send them back to the shortest tier would write each of these records hundreds of times. What is moved aside before
/// the endpoint's pace is known comes back five minutes later.
#[test]
fn a_million_records_drain_at_their_lanes_rate_with_few_writes_a_record() {
    // The slowest ones take long without optimisation.
    let rates: &[_] =
        if cfg!(debug_assertions) { &[100, 1_000, 10_000] } else { &[10, 100, 500, 1_000, 10_000] };
    for per_second in rates.iter().copied() {
        let mut backlog = Backlog::new(1_000_000, per_second);
        let took = backlog.run();
        let writes = backlog.writes.values().sum::<u64>() as f64 / 1e6;
        let ideal = 1e6 / f64::from(per_second);
        println!(
            "{per_second}/s: {took:.0?} for {ideal} s of work, {writes:.1} writes a record, {} at most",
            backlog.most_writes
        );
        assert_eq!(backlog.left, 0, "something circulates for ever");
        assert!(writes <= 12.0 && backlog.most_writes <= 40, "{:?}", backlog.writes);
        assert!(took.as_secs_f64() <= 1.01 * ideal + 300.0, "{took:?} for {ideal} s of work");
        assert_eq!(backlog.writes.keys().collect::<Vec<_>>(), [&Deferral::Crowded]);
    }
}

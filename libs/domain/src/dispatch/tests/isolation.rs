//! One endpoint's trouble is its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;

use super::*;
use crate::Phase as Waited;

fn limited(id: &str, limits: Limits) -> Webhook {
    Webhook { limits, ..webhook(id, "acme", &[]) }
}

/// How many POSTs run after everything that may begin has begun.
fn running(bench: &mut Bench) -> usize {
    bench.commands();
    bench.dispatcher.open()
}

#[test]
fn a_lane_widens_with_success_and_narrows_when_its_endpoint_is_out_of_breath() {
    let limits = Limits { concurrency: 6, ..Limits::default() };
    for short in [Outcome::TimedOut(Waited::FirstByte), answered(429), answered(503)] {
        let mut bench = Bench::new(&[limited("a", limits)]);
        (0..40).for_each(|offset| bench.read(offset, "a"));
        assert_eq!(running(&mut bench), 2);
        for offset in 0..6 {
            bench.outcome(offset, &answered(200));
            running(&mut bench);
        }
        assert_eq!(bench.dispatcher.open(), 6, "up to the webhook's limit");
        let began = bench.now;
        bench.now = began + secs(1);
        for offset in 6..12 {
            bench.dispatcher.handle_outcome(bench.now, place(offset), began, &short);
        }
        assert_eq!(running(&mut bench), 4, "eight halved once: what had begun before tells nothing new");
        for offset in 12..16 {
            bench.outcome(offset, &answered(500));
        }
        assert_eq!(running(&mut bench), 4, "an error is not being out of breath");
    }
}

#[test]
fn a_rate_is_kept_and_holds_up_nobody_else() {
    let slow = Limits { per_second: NonZeroU32::new(10), ..Limits::default() };
    let mut bench = Bench::new(&[limited("slow", slow), webhook("b", "acme", &[])]);
    let mut sent = Vec::new();
    for offset in 0..30 {
        bench.read(offset, "slow");
    }
    bench.read(30, "b");
    for _ in 0..200 {
        for offset in bench.sends() {
            bench.outcome(offset, &answered(200));
            sent.push((bench.now, offset));
        }
        bench.now = bench.now + Duration::from_millis(10);
    }
    let of_slow = sent.iter().filter(|(_, offset)| *offset != 30).count();
    assert!((20..=22).contains(&of_slow), "{of_slow} in two seconds at ten a second");
    assert!(sent.contains(&(at(1_000_000), 30)), "at once");
    assert!(bench.dispatcher.poll_timeout() <= bench.now + Duration::from_millis(110));
}

#[test]
fn slow_posts_hold_at_most_half_of_the_process() {
    let mut bench = Bench::new(&[webhook("hangs", "acme", &[]), webhook("well", "acme", &[])]);
    bench.dispatcher.settings.max_open = 8;
    for offset in 0..6 {
        bench.read(offset, "hangs");
        running(&mut bench);
        if offset < 4 {
            bench.outcome(offset, &answered(200));
        }
    }
    (6..20).for_each(|offset| bench.read(offset, "hangs"));
    running(&mut bench);
    for _ in 0..10 {
        bench.now = bench.now + secs(2);
        running(&mut bench);
    }
    let hanging = bench.dispatcher.open();
    assert!(hanging <= 8, "{hanging}");
    (20..24).for_each(|offset| bench.read(offset, "hangs"));
    assert_eq!(running(&mut bench), hanging, "it begins no more while half of the process is slow");
}

#[test]
fn what_is_too_much_for_a_hanging_lane_is_moved_aside_and_whoever_is_behind_it_is_served() {
    let mut bench = Bench::new(&[webhook("hangs", "acme", &[]), webhook("well", "acme", &[])]);
    bench.dispatcher.settings.window = Window { undone: 100, span: 100_000, bytes: 1 << 30 };
    let (mut moved, mut paused) = (0, false);
    (0..2).for_each(|offset| bench.read(offset, "hangs"));
    running(&mut bench);
    bench.now = bench.now + secs(2);
    for offset in 2..500 {
        bench.read(offset, if offset % 5 == 4 { "well" } else { "hangs" });
        for command in bench.commands() {
            match command {
                Command::Send { place, standing, .. } if standing.webhook.id.as_str() == "well" => {
                    bench.outcome(place.offset.0, &answered(200));
                }
                Command::Retry { place, last: None, progress, .. } => {
                    assert_eq!((progress.attempts, progress.deferrals), (0, 1));
                    bench.dispatcher.handle_written(place);
                    moved += 1;
                }
                Command::Pause(_) => paused = true,
                Command::Send { .. } | Command::Retry { .. } | Command::Resume(_) => {}
                other @ (Command::DeadLetter { .. }
                | Command::Disable { .. }
                | Command::Commit(_)
                | Command::Release(_)) => panic!("{other:?}"),
            }
        }
    }
    assert!(!paused, "the partition is never full");
    assert!((370..=395).contains(&moved), "{moved} of 400 moved aside");
}

/// A log, tiers and one endpoint in virtual time.
struct Backlog {
    bench: Bench,
    log: VecDeque<(i64, Progress)>,
    next_offset: i64,
    /// What happens when: a POST ends, or a record comes back.
    agenda: BinaryHeap<Reverse<(Timestamp, i64, bool)>>,
    aside: BTreeMap<i64, (i64, Progress)>,
    at: BTreeMap<i64, i64>,
    takes: Duration,
    paused: bool,
    writes: u64,
    delivered: BTreeSet<i64>,
}

impl Backlog {
    /// So many records for an endpoint that takes so many POSTs a second.
    fn new(records: i64, per_second: u32) -> Self {
        let limits = Limits { concurrency: 1, ..Limits::default() };
        let mut bench = Bench::new(&[limited("a", limits)]);
        let tiers = Tiers::new(Schedule::DEFAULT).unwrap();
        bench.dispatcher.settings.schedule = Schedule::new(tiers, &Schedule::DEFAULT).unwrap();
        Self {
            bench,
            log: (0..records).map(|record| (record, Progress::default())).collect(),
            next_offset: 0,
            agenda: BinaryHeap::new(),
            aside: BTreeMap::new(),
            at: BTreeMap::new(),
            takes: Duration::from_secs(1) / per_second,
            paused: false,
            writes: 0,
            delivered: BTreeSet::new(),
        }
    }

    fn run(&mut self) -> Duration {
        let began = self.bench.now;
        loop {
            self.read();
            self.perform();
            let Some(Reverse((at, id, is_post))) = self.agenda.pop() else { break };
            self.bench.now = self.bench.now.max(at);
            if is_post {
                self.bench.outcome(id, &answered(200));
                assert!(self.delivered.insert(self.at[&id]), "delivered twice");
            } else if let Some(back) = self.aside.remove(&id) {
                self.log.push_back(back);
            }
        }
        self.bench.now.since(began)
    }

    fn read(&mut self) {
        for _ in 0..500 {
            if self.paused {
                return;
            }
            let Some((record, progress)) = self.log.pop_front() else { return };
            let offset = self.next_offset;
            self.next_offset += 1;
            self.at.insert(offset, record);
            self.bench.read_with(offset, "a", 0, progress);
        }
    }

    fn perform(&mut self) {
        for command in self.bench.commands() {
            match command {
                Command::Send { place, .. } => {
                    self.agenda.push(Reverse((self.bench.now + self.takes, place.offset.0, true)));
                }
                Command::Retry { place, tier, progress, .. } => {
                    self.writes += 1;
                    let offset = place.offset.0;
                    self.aside.insert(offset, (self.at[&offset], progress));
                    self.agenda.push(Reverse((self.bench.now + tier.delay(), offset, false)));
                    self.bench.dispatcher.handle_written(place);
                }
                Command::Pause(_) => self.paused = true,
                Command::Resume(_) => self.paused = false,
                other @ (Command::DeadLetter { .. }
                | Command::Disable { .. }
                | Command::Commit(_)
                | Command::Release(_)) => panic!("{other:?}"),
            }
        }
    }
}

/// A naive "back to the shortest tier" would write each of these records hundreds of times.
#[test]
fn a_backlog_drains_at_its_lanes_rate_with_few_writes_a_record() {
    for (records, per_second) in [(20_000, 10), (60_000, 100), (100_000, 500)] {
        let mut backlog = Backlog::new(records, per_second);
        let took = backlog.run();
        let writes = backlog.writes as f64 / records as f64;
        let ideal = records as f64 / f64::from(per_second);
        assert_eq!(backlog.delivered.len(), usize::try_from(records).unwrap());
        assert!(writes <= 32.0, "{writes} writes a record");
        assert!(took.as_secs_f64() <= 1.5 * ideal + 60.0, "{took:?} for {ideal} s of work");
    }
}

//! Every order of things, against a modelled log, consumer group and world.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::Batching;

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Happening {
    Read(u8),
    Outcome(usize, u16),
    Written(usize),
    Registry(u8, u8),
    Fresh(bool),
    /// The commit under way is answered: accepted or not.
    Commit(bool),
    Revoke,
    Lose,
}

fn happening() -> impl Strategy<Value = Happening> {
    let status = prop_oneof![3 => Just(200_u16), 2 => Just(500), 1 => Just(410), 1 => Just(429)];
    prop_oneof![
        6 => (0_u8..4).prop_map(Happening::Read),
        6 => (any::<usize>(), status).prop_map(|(index, status)| Happening::Outcome(index, status)),
        3 => any::<usize>().prop_map(Happening::Written),
        1 => (0_u8..4, 0_u8..3).prop_map(|(webhook, state)| Happening::Registry(webhook, state)),
        1 => any::<bool>().prop_map(Happening::Fresh),
        3 => any::<bool>().prop_map(Happening::Commit),
        1 => Just(Happening::Revoke),
        1 => Just(Happening::Lose),
    ]
}

/// What a log, its consumer group and the world make of a dispatcher's commands.
struct World {
    bench: Bench,
    log: i64,
    read: i64,
    committed: Frontier,
    /// The commit under way.
    asked: Option<Vec<Frontier>>,
    running: BTreeMap<Place, Vec<Place>>,
    writing: BTreeSet<Place>,
    /// What is done, by offset: sent with success, or written elsewhere.
    done: BTreeMap<i64, u32>,
    /// What was done under the present claim.
    done_here: BTreeSet<i64>,
    epoch: u64,
}

/// One of four: the last two want batches.
fn hook(n: u8) -> Webhook {
    let batching = Batching { max_events: 3, max_wait: secs(2), ..Batching::default() };
    let batch = (n > 1).then_some(batching);
    Webhook { batch, ..webhook(&format!("w{n}"), "acme", &[]) }
}

impl World {
    fn new() -> Self {
        let webhooks: Vec<_> = (0..4).map(hook).collect();
        Self {
            bench: Bench::new(&webhooks),
            log: 0,
            read: 0,
            committed: Frontier { epoch: E, offset: Offset(0), completed: Vec::new() },
            asked: None,
            running: BTreeMap::new(),
            writing: BTreeSet::new(),
            done: BTreeMap::new(),
            done_here: BTreeSet::new(),
            epoch: 1,
        }
    }

    fn place(&self, offset: i64) -> Place {
        Place { epoch: Epoch(self.epoch), offset: Offset(offset) }
    }

    fn settle(&mut self) -> Result<(), TestCaseError> {
        while let Some(command) = self.next_command() {
            match command {
                Command::Send { members, .. } => {
                    prop_assert!(self.bench.fresh, "nothing is sent without a fresh registry");
                    let places: Vec<_> = members.iter().map(|(place, _)| *place).collect();
                    for place in &places {
                        prop_assert!(place.epoch.0 == self.epoch, "sent for a claim that is gone");
                        let runs = self.running.values().any(|running| running.contains(place));
                        prop_assert!(!runs, "sent twice at once");
                    }
                    self.running.insert(places[0], places);
                }
                Command::Retry { place, .. } | Command::DeadLetter { place, .. } => {
                    prop_assert!(self.writing.insert(place), "written twice at once");
                }
                Command::Commit(frontiers) => {
                    for frontier in &frontiers {
                        let claimed = (0..frontier.offset.0).chain(frontier.completed.iter().map(|o| o.0));
                        for offset in claimed.filter(|_| frontier.epoch.0 == self.epoch) {
                            prop_assert!(self.done.contains_key(&offset), "committed past undone {offset}");
                        }
                    }
                    prop_assert!(self.asked.replace(frontiers).is_none(), "two commits at once");
                }
                Command::Release(epochs) => {
                    self.check_released(&epochs)?;
                    if epochs.contains(&Epoch(self.epoch)) {
                        self.hand_over();
                    }
                }
                Command::Health { .. } | Command::Pause(_) | Command::Resume(_) => {}
            }
        }
        Ok(())
    }

    fn next_command(&mut self) -> Option<Command<i64>> {
        let view = View { registry: &self.bench.registry, fresh: self.bench.fresh };
        self.bench.dispatcher.next_command(self.bench.now, view)
    }

    fn answer(&mut self, accepted: bool) -> Result<(), TestCaseError> {
        let Some(frontiers) = self.asked.take() else { return Ok(()) };
        for frontier in frontiers.into_iter().filter(|f| accepted && f.epoch.0 == self.epoch) {
            prop_assert!(frontier.offset >= self.committed.offset, "the frontier went back");
            self.committed = frontier;
        }
        self.bench.dispatcher.handle_committed(self.bench.now, accepted);
        Ok(())
    }

    /// What is done is committed by the time that a claim is released.
    fn check_released(&self, epochs: &[Epoch]) -> Result<(), TestCaseError> {
        for offset in self.done_here.iter().filter(|_| epochs.contains(&Epoch(self.epoch))) {
            let committed =
                *offset < self.committed.offset.0 || self.committed.completed.contains(&Offset(*offset));
            prop_assert!(committed, "{offset} is done, and the next owner does not know it");
        }
        Ok(())
    }

    /// The partition comes back under a new epoch, from what was committed.
    fn hand_over(&mut self) {
        self.epoch += 1;
        self.done_here.clear();
        self.read = self.committed.offset.0;
        let (offset, completed) = (self.committed.offset, self.committed.completed.clone());
        self.bench.dispatcher.handle_assigned(Epoch(self.epoch), Some(offset), completed);
        while self.read < self.log {
            self.deliver();
        }
    }

    fn complete(&mut self, place: Place) {
        *self.done.entry(place.offset.0).or_default() += 1;
        if place.epoch.0 == self.epoch {
            self.done_here.insert(place.offset.0);
        }
    }

    fn deliver(&mut self) {
        let offset = self.read;
        self.read += 1;
        let job = Job {
            webhook: format!("w{}", offset % 4).as_str().into(),
            delivery: format!("dlv_{offset}").as_str().into(),
            registry: Offset(0),
            progress: Progress::default(),
            bytes: 10,
            payload: offset,
        };
        let (now, place) = (self.bench.now, self.place(offset));
        self.bench.dispatcher.handle_delivery(now, place, job);
    }

    fn happen(&mut self, happening: &Happening) -> Result<(), TestCaseError> {
        match *happening {
            Happening::Read(n) => {
                for _ in 0..=n {
                    self.log += 1;
                    self.deliver();
                }
            }
            Happening::Outcome(index, status) if !self.running.is_empty() => {
                let post = *self.running.keys().nth(index % self.running.len()).unwrap();
                let places = self.running.remove(&post).unwrap();
                let now = self.bench.now;
                let fates = self.bench.dispatcher.handle_outcome(now, post, now, &answered(status));
                prop_assert_eq!(fates.len(), places.len());
                for (place, fate) in places.into_iter().zip(fates) {
                    if fate == Fate::Delivered {
                        self.complete(place);
                    }
                }
            }
            Happening::Written(index) if !self.writing.is_empty() => {
                let place = *self.writing.iter().nth(index % self.writing.len()).unwrap();
                self.writing.remove(&place);
                self.complete(place);
                self.bench.dispatcher.handle_written(place);
            }
            Happening::Registry(n, state) => {
                let state = [State::Active, State::Active, State::Paused][usize::from(state)].clone();
                let offset = self.bench.registry.position().0;
                self.bench.register(offset, Webhook { state, ..hook(n) });
            }
            Happening::Fresh(fresh) => {
                self.bench.fresh = fresh;
                self.bench.dispatcher.handle_registry();
            }
            Happening::Commit(accepted) => self.answer(accepted)?,
            Happening::Revoke => self.bench.dispatcher.handle_revoking(&[Epoch(self.epoch)]),
            Happening::Lose => {
                self.bench.dispatcher.handle_lost(&[Epoch(self.epoch)]);
                self.hand_over();
            }
            Happening::Outcome(..) | Happening::Written(_) => {}
        }
        self.bench.now = self.bench.now + secs(1);
        self.settle()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: no commit passes what is not done, nothing is sent or written twice at once
    /// under one claim, and in the end everything is done.
    #[test]
    fn nothing_is_lost_or_committed_early_whatever_happens(happenings in prop::collection::vec(happening(), 1..120)) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(&happening)?;
        }
        world.happen(&Happening::Fresh(true))?;
        world.happen(&Happening::Read(0))?;
        while !world.bench.dispatcher.is_idle() || !world.writing.is_empty() || world.asked.is_some() {
            world.happen(&Happening::Commit(true))?;
            world.happen(&Happening::Outcome(0, 200))?;
            world.happen(&Happening::Written(0))?;
        }
        for offset in 0..world.log {
            prop_assert!(world.done.contains_key(&offset), "{offset} is neither done nor under way");
        }
        prop_assert!(world.bench.dispatcher.is_idle());
    }
}

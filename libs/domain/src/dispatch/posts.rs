//! POSTs: which one is begun next, and what becomes of its records when it has ended.

use std::time::Duration;

use super::lane::PATIENCE;
use super::{Command, Dispatcher, Fate, Phase, Place, Running, View, lanes};
use crate::{
    BatchPart, DeathReason, Deferral, Outcome, Progress, Standing, State, Timestamp, Verdict, batch_id,
};

/// A view that is fresh read on past whatever was asked for within the last two seconds. If after this long it has not
/// reached the registry record that a delivery names, the registry's log holds no such record.
const VIEW_PATIENCE: Duration = Duration::from_secs(3);

impl<P: Clone> Dispatcher<P> {
    /// Takes the lanes in turn until one of them has a record that something can be done about.
    pub(super) fn dispatch(&mut self, now: Timestamp, view: View<'_>) -> Option<Command<P>> {
        while view.fresh && !self.stopping && self.open.len() < self.settings.max_open {
            let (webhook, place) = self.lanes.next(now)?;
            let Some(entry) = self.records.get(&place) else {
                self.lanes.pop(&webhook);
                continue;
            };
            if !view.registry.has_passed(entry.job.registry) {
                let until = entry.read_at + VIEW_PATIENCE;
                if now < until {
                    self.lanes.sleep(&webhook, until);
                    continue;
                }
                self.baseless += 1;
            }
            match view.registry.webhook(&webhook) {
                None => {
                    self.lanes.pop(&webhook);
                    self.bury(place, DeathReason::UnknownWebhook, None);
                }
                Some(standing) if standing.webhook.state == State::Active => {
                    match self.lanes.begin(now, standing, PATIENCE) {
                        lanes::Entry::Granted(members, batched) => {
                            return Some(self.send(now, members, batched, standing));
                        }
                        lanes::Entry::Refused => continue,
                        lanes::Entry::Shut => {
                            let wait = self.lanes.turn_in(now, &webhook);
                            self.lanes.pop(&webhook);
                            self.defer(now, place, wait, Deferral::LeftAlone);
                        }
                    }
                }
                Some(_) => {
                    self.lanes.pop(&webhook);
                    self.defer(now, place, self.settings.defer, Deferral::Inactive);
                }
            }
            return self.commands.pop_front();
        }
        None
    }

    fn send(&mut self, now: Timestamp, places: Vec<Place>, batched: bool, standing: &Standing) -> Command<P> {
        let (mut members, mut names, mut attempts) = (Vec::with_capacity(places.len()), Vec::new(), 0);
        for place in &places {
            if let Some(entry) = self.records.get_mut(place) {
                entry.phase = Phase::Sending;
                attempts = attempts.max(entry.job.progress.attempts);
                members.push((*place, entry.job.payload.clone()));
                if batched {
                    names.push(entry.job.delivery.clone());
                }
            }
        }
        let batch = batched.then(|| batch_id(&names));
        if let Some((first, _)) = members.first() {
            let webhook = standing.webhook.id.clone();
            let running = Running { webhook, overdue: false, members: places, batch: batch.clone() };
            self.open.insert(*first, running);
            self.young.push_back((now, *first));
        }
        Command::Send { members, batch, standing: standing.clone(), number: attempts.saturating_add(1) }
    }

    /// A POST ended, which is known by its first record. Says what becomes of each of its records, in order.
    pub fn handle_outcome(
        &mut self,
        now: Timestamp,
        post: Place,
        began: Timestamp,
        outcome: &Outcome,
    ) -> Vec<Fate> {
        let Some(Running { webhook, overdue, members, batch }) = self.open.remove(&post) else {
            return vec![Fate::Stale];
        };
        let tripped = self.lanes.closed(now, &webhook, began, overdue, outcome);
        self.note_tripped(webhook, tripped);
        let size = u32::try_from(members.len()).unwrap_or(u32::MAX);
        let fates = (0..).zip(members).map(|(index, place)| {
            let part = batch.clone().map(|id| BatchPart { id, index, size });
            self.settle(now, place, began, outcome, part)
        });
        fates.collect()
    }

    /// What becomes of one record of a POST that ended.
    fn settle(
        &mut self,
        now: Timestamp,
        place: Place,
        began: Timestamp,
        outcome: &Outcome,
        part: Option<BatchPart>,
    ) -> Fate {
        let Some(entry) = self.records.get_mut(&place) else {
            return Fate::Stale;
        };
        match outcome.verdict() {
            Verdict::Delivered => {
                self.finish(place);
                Fate::Delivered
            }
            Verdict::Gone => {
                entry.job.progress = entry.job.progress.attempted(began);
                self.bury(place, DeathReason::Gone, Some(outcome.clone()))
            }
            Verdict::Failed { retry_after, .. } => {
                entry.job.progress = Progress { batch: part, ..entry.job.progress.attempted(began) };
                match self.settings.schedule.after(entry.job.progress.attempts, retry_after) {
                    Some(tier) => self.move_aside(place, tier, None),
                    None if matches!(outcome, Outcome::Denied(_)) => {
                        self.bury(place, DeathReason::AddressDenied, Some(outcome.clone()))
                    }
                    None => self.bury(place, DeathReason::Exhausted, Some(outcome.clone())),
                }
            }
            Verdict::Deferred => self.defer(now, place, self.settings.defer, Deferral::Sealed),
        }
    }
}

//! What delivery does next: the whole decision, and none of the doing.
//!
//! Records come in, outcomes come in, commands come out. A record is under exactly one phase from its reading to its
//! completion: queued in its webhook's lane, being sent, or being written to a tier or a dead-letter topic. It is done,
//! and only then behind the frontier, when a POST succeeded or a write was acknowledged.
//!
//! The dispatcher reads no clock and does no I/O: `now` and the registry are arguments, and what became of a command is
//! told back to it. Everything that it needs to know about the past stands in the records' headers.

mod assembly;
mod caps;
mod command;
mod drain;
mod findings;
mod isolation;
mod lane;
mod lanes;
mod posts;
mod shares;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroU32;
use std::time::Duration;

use caps::Caps;
pub use command::{Command, Fate, Job, Place, View};
use findings::Finding;
use lane::Queued;
use lanes::Lanes;

use crate::{
    BreakerSettings, Claims, DeathReason, Deferral, DeliveryId, Epoch, Health, Offset, Outcome, Progress,
    Schedule, Sighting, Timestamp, WebhookId, Window,
};

/// What a dispatcher goes by.
#[derive(Clone, Debug)]
pub struct DispatchSettings {
    /// Which delay follows which attempt.
    pub schedule: Schedule,
    /// POSTs open at once, over all webhooks. Those that are not brisk may hold half of them.
    pub max_open: usize,
    /// POSTs open at once, over all webhooks of one account.
    pub account_open: usize,
    /// POSTs begun per second, over all webhooks of one account.
    pub account_per_second: Option<NonZeroU32>,
    /// When an endpoint is left alone.
    pub breaker: BreakerSettings,
    /// After how long of nothing but failures a webhook is disabled.
    pub give_up: Duration,
    /// How far may be read ahead.
    pub window: Window,
    /// How long a record is moved aside that may not be sent now.
    pub defer: Duration,
    /// How long a record may be moved aside in all, with no attempt in between.
    pub expire: Duration,
    /// How often the frontier is committed.
    pub commit_every: Duration,
}

impl DispatchSettings {
    /// The defaults around a schedule.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            max_open: 1024,
            account_open: 512,
            account_per_second: None,
            breaker: BreakerSettings::default(),
            give_up: Duration::from_secs(5 * 24 * 3600),
            window: Window { undone: 10_000, span: 100_000, bytes: 64 * 1024 * 1024 },
            defer: Duration::from_secs(5 * 60),
            expire: Duration::from_secs(72 * 3600),
            commit_every: Duration::from_millis(500),
        }
    }
}

/// Decides what delivery does. `P` is what the shell keeps of a record: cheap to clone.
#[derive(Debug)]
pub struct Dispatcher<P> {
    settings: DispatchSettings,
    claims: Claims,
    records: HashMap<Place, Entry<P>>,
    lanes: Lanes,
    /// POSTs that are running, whatever became of their claim.
    open: HashMap<Place, Running>,
    /// Those of them that have not been running for long, in the order of their beginning.
    young: VecDeque<(Timestamp, Place)>,
    /// What was found out about endpoints and is not told yet.
    findings: VecDeque<(WebhookId, Finding)>,
    /// What was told of them last.
    told: HashMap<WebhookId, Health>,
    /// Deliveries whose registry record does not exist.
    baseless: u64,
    /// Lanes that may hold too much, and under which claim.
    crowded: VecDeque<(Epoch, WebhookId)>,
    commands: VecDeque<Command<P>>,
    swept_at: Timestamp,
    /// Lanes that held records when they were counted last.
    busy_lanes: usize,
    counted_at: Timestamp,
    stopping: bool,
}

/// A running POST.
#[derive(Debug)]
struct Running {
    webhook: WebhookId,
    overdue: bool,
    members: Vec<Place>,
    batch: Option<DeliveryId>,
}

#[derive(Debug)]
struct Entry<P> {
    job: Job<P>,
    phase: Phase,
    read_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Queued,
    Sending,
    Writing,
}

impl<P: Clone> Dispatcher<P> {
    /// Nothing to do yet.
    pub fn new(settings: DispatchSettings) -> Self {
        let caps = Caps {
            not_brisk: settings.max_open.div_ceil(2),
            account: settings.account_open,
            account_per_second: settings.account_per_second,
            breaker: settings.breaker,
        };
        Self {
            claims: Claims::commit_every(settings.commit_every),
            settings,
            records: HashMap::new(),
            lanes: Lanes::new(caps),
            open: HashMap::new(),
            young: VecDeque::new(),
            findings: VecDeque::new(),
            told: HashMap::new(),
            baseless: 0,
            crowded: VecDeque::new(),
            swept_at: Timestamp::from_millis(0),
            busy_lanes: 0,
            counted_at: Timestamp::from_millis(0),
            commands: VecDeque::new(),
            stopping: false,
        }
    }

    /// A partition became ours.
    pub fn handle_assigned(&mut self, epoch: Epoch, committed: Option<Offset>, completed: Vec<Offset>) {
        if !self.stopping {
            self.claims.begin(epoch, committed, completed);
        }
    }

    /// A record was read.
    pub fn handle_delivery(&mut self, now: Timestamp, place: Place, job: Job<P>) {
        if self.stopping || self.claims.see(place.epoch, place.offset, job.bytes) == Sighting::Done {
            return;
        }
        let is_back = job.progress.waiting_since.is_some();
        let part = job.progress.batch.clone();
        let queued = Queued { place, bytes: job.bytes, read_at: now, part };
        self.lanes.push(now, &job.webhook, queued, is_back);
        self.note_crowded(now, place.epoch, &job.webhook);
        self.records.insert(place, Entry { job, phase: Phase::Queued, read_at: now });
        let crowded = self.claims.take_crowded(self.settings.window);
        self.tell(Command::Pause, crowded);
    }

    /// A record was read that is no delivery: it is done as soon as `payload` is written to the dead letters.
    pub fn handle_stranger(&mut self, now: Timestamp, place: Place, payload: P, bytes: usize) {
        if self.stopping || self.claims.see(place.epoch, place.offset, bytes) == Sighting::Done {
            return;
        }
        let (webhook, delivery) = ("".into(), "".into());
        let job =
            Job { webhook, delivery, registry: Offset(0), progress: Progress::default(), bytes, payload };
        self.records.insert(place, Entry { job, phase: Phase::Writing, read_at: now });
        self.bury(place, DeathReason::Malformed, None);
    }

    /// A record that was moved aside or buried is acknowledged where it was written.
    pub fn handle_written(&mut self, place: Place) {
        self.finish(place);
    }

    /// The registry changed, or is fresh again: what waited for it may go.
    pub fn handle_registry(&mut self) {
        self.lanes.wake();
    }

    /// The group wants these back: what was not begun is left to the next owner.
    pub fn handle_revoking(&mut self, epochs: &[Epoch]) {
        self.claims.revoke(epochs);
        self.drop_records(|place, phase| epochs.contains(&place.epoch) && phase == Phase::Queued);
        self.let_go();
    }

    /// These are gone: what still comes of them says nothing.
    pub fn handle_lost(&mut self, epochs: &[Epoch]) {
        self.claims.forget(epochs);
        self.drop_records(|place, _| epochs.contains(&place.epoch));
    }

    /// A commit was answered. One that was refused is repeated.
    pub fn handle_committed(&mut self, now: Timestamp, accepted: bool) {
        self.claims.committed(now, accepted);
        self.let_go();
    }

    /// Begins nothing new: what runs may finish, and everything is given back.
    pub fn handle_stop(&mut self) {
        self.stopping = true;
        self.drop_records(|_, phase| phase == Phase::Queued);
        self.claims.revoke_all();
    }

    /// Waits for nothing any more but the last commit: the next owner does again what is under way.
    pub fn handle_out_of_time(&mut self) {
        self.drop_records(|_, _| true);
        self.open.clear();
    }

    /// Whether nothing is under way, and after a stop whether everything is committed.
    pub fn is_idle(&self) -> bool {
        self.records.is_empty() && self.open.is_empty() && (!self.stopping || self.claims.is_empty())
    }

    /// Records read and not done.
    pub fn held(&self) -> usize {
        self.records.len()
    }

    /// POSTs running.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// What each claim's frontier waits for: its oldest record that is not done.
    pub fn oldest(&self) -> impl Iterator<Item = &P> {
        let places = self.claims.oldest().map(|(epoch, offset)| Place { epoch, offset });
        places.filter_map(|place| Some(&self.records.get(&place)?.job.payload))
    }

    /// How much of its window the fullest claim has used, from 0 to 1.
    pub fn window_fill(&self) -> f64 {
        self.claims.fill(self.settings.window)
    }

    /// Records that wait for this process alone: neither their endpoint nor a limit of theirs keeps them.
    pub fn due(&self) -> usize {
        self.lanes.due()
    }

    /// Breakers that are open.
    pub fn breakers_open(&self) -> usize {
        self.lanes.breakers_open()
    }

    /// Deliveries that named a registry record which the registry's log does not hold: it was made anew, or mirrored.
    pub fn baseless(&self) -> u64 {
        self.baseless
    }

    /// Bytes of the records held.
    pub fn bytes(&self) -> usize {
        self.claims.undone_bytes()
    }

    /// When to ask again at the latest.
    pub fn poll_timeout(&self) -> Timestamp {
        let commit_at = self.claims.next_commit_at();
        self.lanes.next_timed().map_or(commit_at, |then| then.min(commit_at))
    }

    /// What to do next; none until something is handled or [`Dispatcher::poll_timeout`] passes. Without a fresh registry
    /// nothing is sent, moved aside or buried that was not yet decided.
    pub fn next_command(&mut self, now: Timestamp, view: View<'_>) -> Option<Command<P>> {
        if let Some(command) = self.commands.pop_front() {
            return Some(command);
        }
        if let Some(commit) = self.commit(now) {
            return Some(commit);
        }
        let roomy = self.claims.take_roomy(self.settings.window);
        self.tell(Command::Resume, roomy);
        self.age(now);
        let next = self.commands.pop_front().or_else(|| self.report(now, view));
        next.or_else(|| self.relieve(now, view)).or_else(|| self.dispatch(now, view))
    }

    fn tell(&mut self, command: impl FnOnce(Vec<Epoch>) -> Command<P>, epochs: Vec<Epoch>) {
        if !epochs.is_empty() {
            self.commands.push_back(command(epochs));
        }
    }

    fn let_go(&mut self) {
        let released = self.claims.take_released();
        self.tell(Command::Release, released);
    }

    fn commit(&mut self, now: Timestamp) -> Option<Command<P>> {
        let records = &self.records;
        let busy = |epoch| records.keys().any(|place| place.epoch == epoch);
        self.claims.next_commit(now, busy).map(Command::Commit)
    }

    /// Moves a record aside without an attempt, to a tier no longer than the wait, unless it has waited too long in all.
    fn defer(&mut self, now: Timestamp, place: Place, wait: Duration, why: Deferral) -> Fate {
        let Some(entry) = self.records.get_mut(&place) else {
            return Fate::Stale;
        };
        let since = entry.job.progress.waiting_since;
        if since.is_some_and(|since| now.since(since) >= self.settings.expire) {
            let last = (why == Deferral::Sealed).then_some(Outcome::Sealed);
            return self.bury(place, DeathReason::Expired, last);
        }
        entry.job.progress = entry.job.progress.deferred(now);
        let tier = self.settings.schedule.tiers().at_most(wait);
        self.lanes.moved_aside(now, &entry.job.webhook, tier.delay());
        self.move_aside(place, tier, Some(why))
    }

    fn move_aside(&mut self, place: Place, tier: crate::Tier, deferred: Option<Deferral>) -> Fate {
        let Some(entry) = self.records.get_mut(&place) else {
            return Fate::Stale;
        };
        entry.phase = Phase::Writing;
        let (progress, payload) = (entry.job.progress.clone(), entry.job.payload.clone());
        self.commands.push_back(Command::Retry { place, tier, progress, deferred, payload });
        Fate::Retried(tier)
    }

    fn bury(&mut self, place: Place, reason: DeathReason, last: Option<Outcome>) -> Fate {
        let Some(entry) = self.records.get_mut(&place) else {
            return Fate::Stale;
        };
        entry.phase = Phase::Writing;
        let (progress, payload) = (entry.job.progress.clone(), entry.job.payload.clone());
        self.commands.push_back(Command::DeadLetter { place, reason, progress, last, payload });
        Fate::Died(reason)
    }

    fn finish(&mut self, place: Place) {
        if self.records.remove(&place).is_some() {
            self.claims.complete(place.epoch, place.offset);
        }
    }

    /// Drops records without completing them. Their places may stay in the lanes, which then find nothing there.
    fn drop_records(&mut self, which: impl Fn(Place, Phase) -> bool) {
        let dropped: HashSet<Place> = self
            .records
            .extract_if(|place, entry| which(*place, entry.phase))
            .map(|(place, _)| place)
            .collect();
        self.commands.retain(|command| command.place().is_none_or(|place| !dropped.contains(&place)));
        self.lanes.forget(&dropped);
    }
}

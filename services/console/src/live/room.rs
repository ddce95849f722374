//! Who listens, and what waits for them. Everything changes under one lock, so nobody who enters between two records loses
//! one of them or gets it twice.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{AccountId, Offset, Partition, Types};
use tokio::sync::Notify;
use wire::event::Decoded;

use super::places::Places;

/// An event that somebody may want, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Occurred {
    pub(super) partition: Partition,
    pub(super) offset: Offset,
    pub(super) event: Arc<Decoded>,
}

/// What a listener gets.
#[derive(Clone, Debug)]
pub(super) enum Mail {
    Event(Occurred),
    /// So many events came while the queue was full.
    Missed(u64),
    /// The reader has ended.
    Closed,
}

/// The room.
#[derive(Debug, Default)]
pub(super) struct Room(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    /// Where the reader stands; none while nobody reads.
    heads: Option<Places>,
    seats: HashMap<u64, Seat>,
    next: u64,
}

#[derive(Debug)]
struct Seat {
    account: AccountId,
    types: Types,
    queue: VecDeque<Occurred>,
    bytes: usize,
    missed: u64,
    closed: bool,
    wake: Arc<Notify>,
}

/// A listener. It leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    room: Arc<Room>,
    seat: u64,
    wake: Arc<Notify>,
    /// Where the reader stood when it entered: what comes from there on, it gets.
    pub(super) since: Places,
}

/// Events that wait for one listener, at most.
pub(super) const QUEUE: usize = 1000;
/// Bytes of them, at most; a single event may be larger.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;

impl Room {
    /// One more listener; none while nobody reads.
    pub(super) fn enter(self: &Arc<Self>, account: &AccountId, types: &Types) -> Option<Listener> {
        let mut inside = self.lock();
        let since = inside.heads.clone()?;
        let (seat, wake) = (inside.next, Arc::new(Notify::new()));
        inside.next += 1;
        let (account, types) = (account.clone(), types.clone());
        let new = Seat {
            account,
            types,
            queue: VecDeque::new(),
            bytes: 0,
            missed: 0,
            closed: false,
            wake: Arc::clone(&wake),
        };
        inside.seats.insert(seat, new);
        Some(Listener { room: Arc::clone(self), seat, wake, since })
    }

    /// A reader begins there; no if there is one.
    pub(super) fn begin(&self, at: Places) -> bool {
        let mut inside = self.lock();
        let first = inside.heads.is_none();
        inside.heads.get_or_insert(at);
        first
    }

    /// The reader ends if nobody listens.
    pub(super) fn end_if_empty(&self) -> bool {
        let mut inside = self.lock();
        let empty = inside.seats.is_empty();
        inside.heads.take_if(|_| empty);
        empty
    }

    /// The reader has ended.
    pub(super) fn end(&self) {
        let mut inside = self.lock();
        inside.heads = None;
        for seat in inside.seats.values_mut() {
            seat.closed = true;
            seat.wake.notify_one();
        }
    }

    /// The reader has passed a record; no, and it has not yet, if somebody listens to that account.
    pub(super) fn pass_unless_wanted(&self, account: &str, partition: Partition, offset: Offset) -> bool {
        let mut inside = self.lock();
        let wanted = inside.seats.values().any(|seat| seat.account.as_str() == account);
        if !wanted && let Some(heads) = &mut inside.heads {
            heads.pass(partition, offset);
        }
        !wanted
    }

    /// The reader has passed a record that was no event.
    pub(super) fn pass(&self, partition: Partition, offset: Offset) {
        if let Some(heads) = &mut self.lock().heads {
            heads.pass(partition, offset);
        }
    }

    /// The reader has passed an event: whoever wants its type gets it. Returns how many of them missed it.
    pub(super) fn offer(&self, occurred: &Occurred) -> u64 {
        let mut inside = self.lock();
        let event = &occurred.event.event;
        let wanting = |seat: &&mut Seat| seat.account == event.account && seat.types.contains(&event.kind);
        let missed = inside.seats.values_mut().filter(wanting).map(|seat| seat.offer(occurred)).sum();
        if let Some(heads) = &mut inside.heads {
            heads.pass(occurred.partition, occurred.offset);
        }
        missed
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Behind a gap nothing is queued until the gap was told: what a listener gets is in order.
    fn offer(&mut self, occurred: &Occurred) -> u64 {
        let size = occurred.event.data.len() + occurred.event.headers.size();
        let full = self.queue.len() >= QUEUE || self.bytes + size > QUEUE_BYTES;
        if self.missed > 0 || full && !self.queue.is_empty() {
            self.missed += 1;
            return 1;
        }
        self.bytes += size;
        self.queue.push_back(occurred.clone());
        self.wake.notify_one();
        0
    }

    fn take(&mut self) -> Option<Mail> {
        if let Some(occurred) = self.queue.pop_front() {
            self.bytes -= occurred.event.data.len() + occurred.event.headers.size();
            return Some(Mail::Event(occurred));
        }
        match std::mem::take(&mut self.missed) {
            0 => self.closed.then_some(Mail::Closed),
            missed => Some(Mail::Missed(missed)),
        }
    }
}

impl Listener {
    /// What came next. May be asked again after having been dropped half-way.
    pub(super) async fn next(&self) -> Mail {
        loop {
            let mail = self.room.lock().seats.get_mut(&self.seat).map_or(Some(Mail::Closed), Seat::take);
            match mail {
                Some(mail) => return mail,
                None => self.wake.notified().await,
            }
        }
    }

    /// Where the reader stands, if everything up to there was taken.
    pub(super) fn at_head(&self) -> Option<Places> {
        let inside = self.room.lock();
        let seat = inside.seats.get(&self.seat)?;
        inside.heads.clone().filter(|_| seat.queue.is_empty() && seat.missed == 0)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.room.lock().seats.remove(&self.seat);
    }
}

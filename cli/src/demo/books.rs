//! The demo's books: which deliveries were promised, one by one, and what became of each. Pure but for the lock around it.
//!
//! Deliveries of events that somebody else sent meanwhile are seen too, and count for nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::DeliveryId;
use sha2::{Digest as _, Sha256};

/// Kept by those who send, receive and read the dead letters, at once.
#[derive(Debug, Default)]
pub(super) struct Books(Mutex<Ledger>);

#[derive(Debug, Default)]
struct Ledger {
    entries: HashMap<Fingerprint, Entry>,
    balance: Balance,
}

/// 128 bits of a delivery's id: a demo may run for days.
type Fingerprint = [u8; 16];

/// What is known of one delivery. An answer of ingest may be slower than the delivery, so each may come first.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    promised: bool,
    delivered: bool,
    dead: bool,
}

/// The books at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    /// Events that ingest answered with 202.
    pub(super) accepted: u64,
    /// Deliveries that follow from them: each event times the webhooks that want its type.
    pub(super) matched: u64,
    /// Those of them that arrived, genuine, and were answered with success.
    pub(super) delivered: u64,
    /// Calls for what had arrived before.
    pub(super) duplicates: u64,
    /// Those of them that lie in the dead letters, and did not arrive after all.
    pub(super) dead_lettered: u64,
    /// Calls that were not genuine.
    pub(super) bad_signatures: u64,
    /// Calls that the failing endpoint turned down.
    pub(super) refused: u64,
}

impl Books {
    /// Ingest took so many events, and these deliveries must follow.
    pub(super) fn promised(&self, events: u64, deliveries: &[DeliveryId]) {
        let mut ledger = self.ledger();
        ledger.balance.accepted += events;
        for id in deliveries {
            ledger.note(id.as_str(), |entry| entry.promised = true);
        }
    }

    /// A genuine call was answered with success.
    pub(super) fn delivered(&self, id: &str) {
        let before = self.ledger().note(id, |entry| entry.delivered = true);
        if before.delivered {
            self.ledger().balance.duplicates += 1;
        }
    }

    /// A delivery lies in the dead letters.
    pub(super) fn dead(&self, id: &str) {
        self.ledger().note(id, |entry| entry.dead = true);
    }

    /// A genuine call was turned down.
    pub(super) fn refused(&self) {
        self.ledger().balance.refused += 1;
    }

    /// A call was not genuine.
    pub(super) fn bad_signature(&self) {
        self.ledger().balance.bad_signatures += 1;
    }

    /// Where the books stand.
    pub(super) fn balance(&self) -> Balance {
        self.ledger().balance
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Changes an entry and the sums with it; what was known before.
    fn note(&mut self, id: &str, change: impl FnOnce(&mut Entry)) -> Entry {
        let entry = self.entries.entry(fingerprint(id)).or_default();
        let before = *entry;
        change(entry);
        let (old, new) = (before.sums(), entry.sums());
        let Balance { matched, delivered, dead_lettered, .. } = &mut self.balance;
        for (sum, (old, new)) in [matched, delivered, dead_lettered].into_iter().zip(old.into_iter().zip(new))
        {
            *sum = *sum + new - old;
        }
        before
    }
}

impl Entry {
    /// What it adds to: matched, delivered, dead-lettered. A retry copied twice by a crash may have arrived and died:
    /// then it was delivered.
    fn sums(self) -> [u64; 3] {
        let Self { promised, delivered, dead } = self;
        [promised, promised && delivered, promised && dead && !delivered].map(u64::from)
    }
}

impl Balance {
    /// Deliveries that are neither here nor there: on their way, or, when all is over, lost.
    pub(super) fn open(&self) -> u64 {
        self.matched.saturating_sub(self.delivered + self.dead_lettered)
    }

    /// Whether nothing is open.
    pub(super) fn is_even(&self) -> bool {
        self.open() == 0
    }

    /// Whether nothing was lost and nothing forged.
    pub(super) fn is_good(&self) -> bool {
        self.is_even() && self.bad_signatures == 0
    }

    /// The line that changes all the time: short, and with what should not be only when it is.
    pub(super) fn line(&self) -> String {
        let Self { accepted, matched, delivered, duplicates, dead_lettered, bad_signatures, refused: _ } =
            self;
        let open = self.open();
        let mut line = format!(
            "accepted {accepted} · matched {matched} · delivered {delivered} · open {open} · dead letters {dead_lettered}"
        );
        for (name, count) in [("duplicates", duplicates), ("bad signatures", bad_signatures)] {
            if *count > 0 {
                line.push_str(&format!(" · {name} {count}"));
            }
        }
        line
    }

    /// The last line: one JSON object.
    pub(super) fn json(&self, seconds: f64) -> String {
        let Self { accepted, matched, delivered, duplicates, dead_lettered, bad_signatures, refused: _ } =
            self;
        let lost = self.open();
        format!(
            "{{\"accepted\":{accepted},\"matched\":{matched},\"delivered\":{delivered},\"duplicates\":{duplicates},\
             \"dead_lettered\":{dead_lettered},\"bad_signatures\":{bad_signatures},\"lost\":{lost},\
             \"seconds\":{seconds:.1}}}"
        )
    }
}

/// Which events a webhook wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// All.
    Everything,
    /// These types.
    Only(BTreeSet<&'static str>),
}

impl Wants {
    /// Whether it wants an event of this type.
    pub(super) fn contains(&self, kind: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(kinds) => kinds.contains(kind),
        }
    }
}

fn fingerprint(id: &str) -> Fingerprint {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&Sha256::digest(id.as_bytes())[..16]);
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise(books: &Books, ids: &[&str]) {
        let deliveries: Vec<_> = ids.iter().map(|id| DeliveryId::from(*id)).collect();
        books.promised(1, &deliveries);
    }

    #[test]
    fn the_books_count_distinct_deliveries_and_delivered_wins() {
        let books = Books::default();
        promise(&books, &["a", "b", "c", "d"]);
        ["a", "b", "b"].iter().for_each(|id| books.delivered(id));
        ["b", "c", "c"].iter().for_each(|id| books.dead(id));
        let balance = books.balance();
        assert_eq!((balance.matched, balance.delivered, balance.dead_lettered), (4, 2, 1));
        assert_eq!((balance.duplicates, balance.open(), balance.is_even()), (1, 1, false));
        books.delivered("d");
        assert!(books.balance().is_good());
    }

    #[test]
    fn a_delivery_may_be_faster_than_the_answer_of_ingest() {
        let books = Books::default();
        books.delivered("a");
        books.dead("b");
        assert_eq!(books.balance(), Balance::default());
        promise(&books, &["a", "b"]);
        let balance = books.balance();
        assert_eq!((balance.matched, balance.delivered, balance.dead_lettered), (2, 1, 1));
    }

    #[test]
    fn what_others_sent_makes_up_for_nothing() {
        let books = Books::default();
        promise(&books, &["a"]);
        books.delivered("foreign");
        books.dead("strange");
        assert_eq!((books.balance().delivered, books.balance().open()), (0, 1));
    }

    #[test]
    fn a_forgery_is_never_good() {
        let books = Books::default();
        books.bad_signature();
        assert!(books.balance().is_even() && !books.balance().is_good());
        assert!(books.balance().line().ends_with("dead letters 0 · bad signatures 1"));
    }

    #[test]
    fn the_summary_is_what_was_promised() {
        let books = Books::default();
        promise(&books, &["a", "b", "c"]);
        books.delivered("a");
        assert_eq!(
            books.balance().json(1.26),
            r#"{"accepted":1,"matched":3,"delivered":1,"duplicates":0,"dead_lettered":0,"bad_signatures":0,"lost":2,"seconds":1.3}"#
        );
    }

    #[test]
    fn a_webhook_wants_everything_or_what_it_names() {
        assert!(Wants::Everything.contains("anything"));
        let only = Wants::Only(["click"].into());
        assert!(only.contains("click") && !only.contains("open"));
    }
}

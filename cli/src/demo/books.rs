//! The demo's books: what was promised, and what became of it. Pure but for the lock around it.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

/// Counted by those who send, receive and read the dead letters, at once.
#[derive(Debug, Default)]
pub(super) struct Books(Mutex<Counts>);

/// What was counted so far.
#[derive(Debug, Default)]
struct Counts {
    accepted: u64,
    matched: u64,
    delivered: HashSet<Fingerprint>,
    duplicates: u64,
    dead: HashSet<Fingerprint>,
    bad_signatures: u64,
    refused: u64,
}

/// 128 bits of a delivery's id: a demo may run for days.
type Fingerprint = [u8; 16];

/// The books at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    /// Events that ingest answered with 202.
    pub(super) accepted: u64,
    /// Deliveries that follow from them: each event times the webhooks that want its type.
    pub(super) matched: u64,
    /// Distinct deliveries that arrived, genuine, and were answered with success.
    pub(super) delivered: u64,
    /// Deliveries that arrived again after that.
    pub(super) duplicates: u64,
    /// Distinct deliveries in the dead letters that did not arrive after all.
    pub(super) dead_lettered: u64,
    /// Calls that were not genuine.
    pub(super) bad_signatures: u64,
    /// Calls that the failing endpoint turned down.
    pub(super) refused: u64,
}

impl Books {
    /// Ingest took these events.
    pub(super) fn accepted(&self, events: u64, matches: u64) {
        let mut counts = self.counts();
        counts.accepted += events;
        counts.matched += matches;
    }

    /// A genuine call was answered with success.
    pub(super) fn delivered(&self, id: &str) {
        let mut counts = self.counts();
        if !counts.delivered.insert(fingerprint(id)) {
            counts.duplicates += 1;
        }
    }

    /// A genuine call was turned down.
    pub(super) fn refused(&self) {
        self.counts().refused += 1;
    }

    /// A call was not genuine.
    pub(super) fn bad_signature(&self) {
        self.counts().bad_signatures += 1;
    }

    /// A delivery lies in the dead letters.
    pub(super) fn dead(&self, id: &str) {
        self.counts().dead.insert(fingerprint(id));
    }

    /// Where the books stand.
    pub(super) fn balance(&self) -> Balance {
        let counts = self.counts();
        // A retry copied twice by a crash may do both: then it was delivered.
        let dead = counts.dead.difference(&counts.delivered).count();
        Balance {
            accepted: counts.accepted,
            matched: counts.matched,
            delivered: counts.delivered.len() as u64,
            duplicates: counts.duplicates,
            dead_lettered: dead as u64,
            bad_signatures: counts.bad_signatures,
            refused: counts.refused,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn the_books_count_distinct_deliveries_and_delivered_wins() {
        let books = Books::default();
        books.accepted(3, 4);
        for id in ["a", "b", "b"] {
            books.delivered(id);
        }
        for id in ["b", "c", "c"] {
            books.dead(id);
        }
        let balance = books.balance();
        assert_eq!((balance.delivered, balance.duplicates, balance.dead_lettered), (2, 1, 1));
        assert_eq!((balance.open(), balance.is_even()), (1, false));
        books.delivered("d");
        assert!(books.balance().is_good());
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
        books.accepted(2, 3);
        books.delivered("a");
        assert_eq!(
            books.balance().json(1.26),
            r#"{"accepted":2,"matched":3,"delivered":1,"duplicates":0,"dead_lettered":0,"bad_signatures":0,"lost":2,"seconds":1.3}"#
        );
    }

    #[test]
    fn a_webhook_wants_everything_or_what_it_names() {
        assert!(Wants::Everything.contains("anything"));
        let only = Wants::Only(["click"].into());
        assert!(only.contains("click") && !only.contains("open"));
    }
}

//! Copies: letters of one delivery that died once, though it lies there twice.
//!
//! Everything in Postbode happens at least once. A delivery service that is killed may bury a delivery that it had buried
//! already, and a replay that is killed may put one back twice. What tells such copies from a delivery that died, was
//! replayed and died again is the number of replays: one delivery has one death in each of its lives. A backfill, which
//! makes a delivery anew, gives it other lives. Pure.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::letter::Letter;

/// The lives that are accounted for. Sixteen bytes each, for there may be millions: 128 bits of keyed hash do not collide.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    known: HashSet<u128>,
    keys: [RandomState; 2],
}

impl Lives {
    /// This letter's life is accounted for.
    pub(crate) fn note(&mut self, letter: &Letter) {
        if let Some(life) = self.life(letter) {
            self.known.insert(life);
        }
    }

    /// Whether another letter accounted for this one's life. What has no delivery's name is never a copy.
    pub(crate) fn has(&self, letter: &Letter) -> bool {
        self.life(letter).is_some_and(|life| self.known.contains(&life))
    }

    fn life(&self, letter: &Letter) -> Option<u128> {
        let life = (letter.delivery.as_deref()?, letter.replays, letter.backfill.as_deref());
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one(life)));
        Some((high << 64) | low)
    }
}

#[cfg(test)]
mod tests {
    use super::super::letter::tests::letter;
    use super::*;

    #[test]
    fn a_copy_has_the_name_and_the_replays_of_another() {
        let mut lives = Lives::default();
        let first = letter("0-0");
        assert!(!lives.has(&first));
        lives.note(&first);
        assert!(lives.has(&letter("0-9")), "the same delivery, which died once");
        let again = Letter { replays: first.replays + 1, ..letter("0-10") };
        assert!(!lives.has(&again), "it was replayed and died again");
        let anew = Letter { backfill: Some("job_1".into()), ..letter("0-10") };
        assert!(!lives.has(&anew), "a backfill made it anew, and that one died too");
        let other = Letter { delivery: Some("dlv_2".into()), ..letter("0-11") };
        assert!(!lives.has(&other));
    }

    #[test]
    fn letters_without_a_name_are_no_copies() {
        let mut lives = Lives::default();
        let nameless = Letter { delivery: None, ..letter("0-0") };
        lives.note(&nameless);
        assert!(!lives.has(&nameless));
    }
}

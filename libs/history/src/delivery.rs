//! A delivery, by the newest word about it. No database.

use domain::Timestamp;

use crate::Text;
use crate::entry::{Attempt, DeadLetter, Member};

/// One event on its way to one webhook, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The account.
    pub account: Text,
    /// The webhook.
    pub webhook: Text,
    /// What is delivered.
    pub member: Member,
    /// Whether it was a person's test.
    pub test: bool,
    /// When it was first tried, or died untried.
    pub first_at: Timestamp,
    /// Where it stands.
    pub latest: Latest,
}

/// The newest word about a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// When it was said: an attempt's beginning, or the time of dying.
    pub at: Timestamp,
    /// Where the delivery stands.
    pub state: State,
    /// Attempts spent, since it was last taken out of the dead letters.
    pub attempts: u32,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The last outcome's class; none where it was never tried.
    pub outcome: Option<Text>,
    /// When the next attempt is due.
    pub next_due: Option<Timestamp>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The receiver took it. It stays that, whatever comes of an attempt that was made besides.
    Delivered,
    /// It was tried in vain, and will be again.
    Retrying,
    /// It is a dead letter.
    Dead,
}

impl State {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Retrying, Self::Dead];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retrying => "retrying",
            Self::Dead => "dead",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Bits of [`Latest::standing`] that hold the attempts, and the one that says delivered.
const ATTEMPT_BITS: u32 = 12;
const DELIVERED: i64 = 1 << 60;

impl Latest {
    /// Of two words about a delivery the one that stands higher counts: delivered before all else, then the later one, then
    /// the one of more attempts. In whatever order words come, and how often, the same one is left.
    pub(crate) fn standing(&self) -> i64 {
        let time = self.at.as_millis().clamp(0, DELIVERED >> (ATTEMPT_BITS + 1));
        let attempts = i64::from(self.attempts.min((1 << ATTEMPT_BITS) - 1));
        let delivered = if self.state == State::Delivered { DELIVERED } else { 0 };
        delivered + (time << ATTEMPT_BITS) + attempts
    }
}

impl Delivery {
    /// What an attempt says about one of its deliveries.
    pub(crate) fn of_attempt(attempt: &Attempt, member: &Member) -> Self {
        let state = if attempt.is_success() { State::Delivered } else { State::Retrying };
        Self {
            account: attempt.account.clone(),
            webhook: attempt.webhook.clone(),
            member: member.clone(),
            test: attempt.test,
            first_at: attempt.started_at,
            latest: Latest {
                at: attempt.started_at,
                state,
                attempts: attempt.number,
                status: attempt.status,
                outcome: Some(attempt.outcome.clone()),
                next_due: attempt.next_due,
            },
        }
    }

    /// What a dead letter says about its delivery; none if it does not say whose it was.
    pub(crate) fn of_letter(letter: &DeadLetter) -> Option<Self> {
        let (account, webhook) = (letter.account.clone()?, letter.webhook.clone()?);
        let latest = Latest {
            at: letter.died_at,
            state: State::Dead,
            attempts: letter.attempts,
            status: letter.status,
            outcome: None,
            next_due: None,
        };
        let (member, first_at) = (letter.delivery.clone()?, letter.died_at);
        Some(Self { account, webhook, member, test: false, first_at, latest })
    }

    /// Hears another word about the same delivery.
    pub(crate) fn hear(&mut self, other: Self) {
        self.first_at = self.first_at.min(other.first_at);
        self.test |= other.test;
        self.member.replays = self.member.replays.max(other.member.replays);
        let (mine, theirs) = (&mut self.member, other.member);
        for (mine, theirs) in [
            (&mut mine.message, theirs.message),
            (&mut mine.recipient, theirs.recipient),
            (&mut mine.origin, theirs.origin),
        ] {
            *mine = mine.take().or(theirs);
        }
        let mut spare = other.latest;
        if spare.standing() > self.latest.standing() {
            std::mem::swap(&mut self.latest, &mut spare);
        }
        // A dead letter does not say how the last attempt ended.
        self.latest.outcome = self.latest.outcome.take().or(spare.outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(at: i64, state: State, attempts: u32) -> Delivery {
        let outcome = match state {
            State::Delivered => Some("success".into()),
            State::Retrying => Some("server-error".into()),
            State::Dead => None,
        };
        let at = Timestamp::from_millis(at);
        Delivery {
            account: "acme".into(),
            webhook: "w1".into(),
            member: Member { delivery: "d1".into(), ..Member::default() },
            test: false,
            first_at: at,
            latest: Latest { at, state, attempts, status: None, outcome, next_due: None },
        }
    }

    #[test]
    fn in_whatever_order_words_come_the_same_one_is_left() {
        use State::{Dead, Delivered, Retrying};
        let words = [word(10, Retrying, 1), word(20, Retrying, 2), word(30, Dead, 2), word(15, Delivered, 1)];
        for (count, state, attempts) in [(2, Retrying, 2), (3, Dead, 2), (4, Delivered, 1)] {
            for start in 0..count {
                let mut heard = words[start].clone();
                (0..count).chain(0..count).for_each(|n| heard.hear(words[n].clone()));
                assert_eq!((heard.latest.state, heard.latest.attempts), (state, attempts), "from {start}");
                assert_eq!(heard.first_at, Timestamp::from_millis(10));
            }
        }
    }

    #[test]
    fn a_dead_delivery_keeps_the_outcome_of_its_last_attempt() {
        for letter_first in [true, false] {
            let (mut one, other) = (word(30, State::Dead, 2), word(20, State::Retrying, 2));
            if letter_first {
                one.hear(other);
            } else {
                one = {
                    let mut first = other;
                    first.hear(one);
                    first
                };
            }
            assert_eq!(one.latest.outcome.as_deref(), Some("server-error"));
            assert_eq!(one.latest.state, State::Dead);
        }
    }
}

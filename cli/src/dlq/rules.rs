//! Which of the letters that are meant are dealt with, and why the others stay as they are. Pure.

use wire::disposition::What;

use super::letter::Letter;
use super::lives::Lives;

/// What is done with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Put back to be tried again.
    Replay,
    /// Written down as not wanted.
    Discard,
    /// A discard taken back.
    Restore,
}

impl Act {
    /// The command's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Discard => "discard",
            Self::Restore => "restore",
        }
    }

    /// What the letter then is.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Self::Replay => "replayed",
            Self::Discard => "discarded",
            Self::Restore => "restored",
        }
    }
}

/// The rules of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) act: Act,
    /// At most so many.
    pub(crate) max: Option<u64>,
    /// A letter that was replayed so often stays where it is.
    pub(crate) max_replays: u32,
    /// Whether what was discarded may be replayed all the same.
    pub(crate) include_discarded: bool,
    /// Whether copies are replayed too.
    pub(crate) include_copies: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is to be dealt with.
    Go,
    /// Another letter stands for it: that is written down, and no more.
    Copy,
    /// It stays as it is.
    Leave(Why),
    /// It would be dealt with, were there not enough already.
    Enough,
}

/// Why a letter stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    Replayed,
    Discarded,
    NotDiscarded,
    ValueOmitted,
    TooOften,
}

impl Why {
    /// For programs.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
            Self::NotDiscarded => "not-discarded",
            Self::ValueOmitted => "value-omitted",
            Self::TooOften => "too-often",
        }
    }

    /// For people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Replayed => "replayed before",
            Self::Discarded => "discarded (replay --include-discarded, or restore)",
            Self::NotDiscarded => "not discarded",
            Self::ValueOmitted => {
                "without a value, which was too large for the dead letter: it cannot be replayed; \
                 its event stands at its postbode-origin and can be sent anew"
            }
            Self::TooOften => "replayed too often already: fix the cause, then raise --max-replays",
        }
    }
}

/// Judges letter by letter, and remembers what it chose.
#[derive(Debug)]
pub(crate) struct Judge {
    rules: Rules,
    chosen: u64,
    lives: Lives,
}

impl Judge {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, chosen: 0, lives: Lives::default() }
    }

    /// Judges the next letter.
    pub(crate) fn judge(&mut self, letter: &Letter) -> Judgement {
        let judgement = match self.rules.why_not(letter) {
            Some(why) => Judgement::Leave(why),
            None if self.rules.act == Act::Replay && !self.rules.include_copies && self.lives.has(letter) => {
                Judgement::Copy
            }
            None if self.rules.max.is_some_and(|max| self.chosen >= max) => Judgement::Enough,
            None => Judgement::Go,
        };
        match judgement {
            Judgement::Go => {
                self.chosen += 1;
                self.lives.note(letter);
            }
            Judgement::Leave(Why::Replayed) => self.lives.note(letter),
            Judgement::Copy | Judgement::Enough | Judgement::Leave(_) => {}
        }
        judgement
    }
}

impl Rules {
    fn why_not(&self, letter: &Letter) -> Option<Why> {
        let became = letter.disposition.as_ref().map(|decided| decided.what);
        match (self.act, became) {
            (_, Some(What::Replayed)) => return Some(Why::Replayed),
            (Act::Restore, Some(What::Discarded)) | (Act::Discard, None) => return None,
            (Act::Restore, None) => return Some(Why::NotDiscarded),
            (Act::Replay, Some(What::Discarded)) if self.include_discarded => {}
            (Act::Replay | Act::Discard, Some(What::Discarded)) => return Some(Why::Discarded),
            (Act::Replay, None) => {}
        }
        if letter.value_omitted {
            Some(Why::ValueOmitted)
        } else {
            (letter.replays >= self.max_replays).then_some(Why::TooOften)
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use wire::disposition::Disposition;

    use super::super::letter::tests::letter;
    use super::*;

    const RULES: Rules = Rules {
        act: Act::Replay,
        max: Some(5),
        max_replays: 3,
        include_discarded: false,
        include_copies: false,
    };

    impl Rules {
        /// What becomes of the first letter of a run.
        fn first(self, letter: &Letter) -> Judgement {
            Judge::new(self).judge(letter)
        }
    }

    /// The n-th letter, of a delivery of its own.
    fn nth(n: u32) -> Letter {
        Letter { delivery: Some(format!("dlv_{n}")), ..letter(&format!("0-{n}")) }
    }

    fn decided(what: What) -> Letter {
        let at = Timestamp::from_millis(0);
        let disposition = Disposition { what, by: String::new(), at, note: None, died: None };
        Letter { disposition: Some(disposition), ..letter("0-0") }
    }

    #[test]
    fn what_was_dealt_with_has_no_value_or_goes_in_circles_is_not_replayed() {
        let fresh = letter("0-0");
        assert_eq!(RULES.first(&fresh), Judgement::Go);
        assert_eq!(RULES.first(&decided(What::Replayed)), Judgement::Leave(Why::Replayed));
        assert_eq!(RULES.first(&decided(What::Discarded)), Judgement::Leave(Why::Discarded));
        let omitted = Letter { value_omitted: true, ..fresh.clone() };
        assert_eq!(RULES.first(&omitted), Judgement::Leave(Why::ValueOmitted));
        let circling = Letter { replays: 3, ..fresh };
        assert_eq!(RULES.first(&circling), Judgement::Leave(Why::TooOften));
    }

    #[test]
    fn at_most_so_many_are_chosen_and_what_is_left_alone_does_not_count() {
        let mut judge = Judge::new(Rules { max: Some(2), ..RULES });
        let hopeless = Letter { replays: 3, ..nth(9) };
        let seen: Vec<_> =
            [nth(0), hopeless.clone(), nth(1), hopeless, nth(2)].iter().map(|l| judge.judge(l)).collect();
        let left = Judgement::Leave(Why::TooOften);
        assert_eq!(seen, [Judgement::Go, left, Judgement::Go, left, Judgement::Enough]);
    }

    #[test]
    fn a_copy_of_what_is_or_was_replayed_is_not_sent() {
        let mut judge = Judge::new(RULES);
        assert_eq!([judge.judge(&nth(0)), judge.judge(&nth(0))], [Judgement::Go, Judgement::Copy]);
        let replayed = Letter { delivery: Some("dlv_1".into()), ..decided(What::Replayed) };
        assert_eq!(judge.judge(&replayed), Judgement::Leave(Why::Replayed));
        assert_eq!(judge.judge(&nth(1)), Judgement::Copy);
        let discarded = Letter { delivery: Some("dlv_2".into()), ..decided(What::Discarded) };
        assert_eq!(judge.judge(&discarded), Judgement::Leave(Why::Discarded));
        assert_eq!(judge.judge(&nth(2)), Judgement::Go, "nothing was sent for it");

        let mut all = Judge::new(Rules { include_copies: true, ..RULES });
        assert_eq!([all.judge(&nth(0)), all.judge(&nth(0))], [Judgement::Go, Judgement::Go]);
        let mut discard = Judge::new(Rules { act: Act::Discard, ..RULES });
        assert_eq!([discard.judge(&nth(0)), discard.judge(&nth(0))], [Judgement::Go, Judgement::Go]);
    }

    #[test]
    fn what_was_discarded_is_replayed_only_if_that_is_said_and_still_by_the_rules() {
        let rules = Rules { include_discarded: true, ..RULES };
        let discarded = decided(What::Discarded);
        assert_eq!(rules.first(&discarded), Judgement::Go);
        assert_eq!(rules.first(&decided(What::Replayed)), Judgement::Leave(Why::Replayed));
        let omitted = Letter { value_omitted: true, ..discarded };
        assert_eq!(rules.first(&omitted), Judgement::Leave(Why::ValueOmitted));
    }

    #[test]
    fn any_open_letter_can_be_discarded_and_only_a_discarded_one_restored() {
        let discard = Rules { act: Act::Discard, ..RULES };
        let hopeless = Letter { value_omitted: true, replays: 99, ..letter("0-0") };
        assert_eq!(discard.first(&hopeless), Judgement::Go);
        assert_eq!(discard.first(&decided(What::Discarded)), Judgement::Leave(Why::Discarded));
        assert_eq!(discard.first(&decided(What::Replayed)), Judgement::Leave(Why::Replayed));

        let restore = Rules { act: Act::Restore, ..RULES };
        assert_eq!(restore.first(&decided(What::Discarded)), Judgement::Go);
        assert_eq!(restore.first(&letter("0-0")), Judgement::Leave(Why::NotDiscarded));
        assert_eq!(restore.first(&decided(What::Replayed)), Judgement::Leave(Why::Replayed));
    }
}

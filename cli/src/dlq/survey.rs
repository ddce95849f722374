//! A first look: how many letters are meant, and how far they lie. What dies after it is not meant.

use std::collections::BTreeMap;

use domain::Partition;
use stream::Span;
use wire::topics::Topics;

use super::decided::Decided;
use super::filter::Filter;
use super::letter::Letter;
use super::reader::Letters;
use super::rules::{Judge, Judgement, Rules};
use super::tally::{Stop, Tally};
use super::topic::LetterTopic;
use crate::context::Context;

/// What a first look saw.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) tally: Tally,
    /// Where the letters lie that were seen: of each partition, from the first to the last.
    pub(crate) spans: BTreeMap<Partition, Span>,
}

impl Survey {
    /// Looks at every letter that is meant, and writes nothing.
    pub(crate) async fn take(
        topic: LetterTopic,
        filter: &Filter,
        rules: Rules,
        decided: &mut Decided,
        context: &Context,
        topics: &Topics,
    ) -> anyhow::Result<Self> {
        let mut survey = Self::default();
        let mut judge = Judge::new(rules);
        let mut letters = Letters::of(topic, filter, filter.spans(), context, topics)?;
        while let Some(found) = letters.next(decided).await? {
            if !survey.see(&found.letter, &mut judge) {
                break;
            }
        }
        Ok(survey)
    }

    /// Counts a letter. Says whether to look on.
    fn see(&mut self, letter: &Letter, judge: &mut Judge) -> bool {
        match judge.judge(letter) {
            Judgement::Go => self.tally.chosen.count(letter),
            Judgement::Copy => self.tally.copies += 1,
            Judgement::Leave(why) => self.tally.leave(why),
            Judgement::Enough => {
                self.tally.stopped = Some(Stop::Max);
                return false;
            }
        }
        let here = letter.place.offset;
        self.spans.entry(letter.place.partition).or_insert(Span { from: here, to: None }).to = Some(here);
        true
    }
}

#[cfg(test)]
mod tests {
    use domain::Offset;

    use super::super::letter::tests::letter;
    use super::super::rules::Act;
    use super::*;

    fn judge(max: Option<u64>) -> Judge {
        let act = Act::Discard;
        Judge::new(Rules { act, max, max_replays: 10, include_discarded: false, include_copies: false })
    }

    #[test]
    fn what_dies_after_the_first_look_is_not_meant() {
        let mut judge = judge(None);
        let mut survey = Survey::default();
        for place in ["0-3", "1-0", "0-9"] {
            assert!(survey.see(&letter(place), &mut judge));
        }
        let span = |from, to| Span { from: Offset(from), to: Some(Offset(to)) };
        assert_eq!(survey.spans, BTreeMap::from([(Partition(0), span(3, 9)), (Partition(1), span(0, 0))]));
    }

    #[test]
    fn a_look_for_at_most_so_many_ends_at_the_next_one() {
        let mut judge = judge(Some(1));
        let mut survey = Survey::default();
        assert!(survey.see(&letter("0-0"), &mut judge));
        assert!(!survey.see(&letter("0-1"), &mut judge));
        assert_eq!((survey.tally.chosen.total(), survey.tally.stopped), (1, Some(Stop::Max)));
    }
}

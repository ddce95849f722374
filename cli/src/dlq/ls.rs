//! `postbode dlq ls`: a table, or one JSON object a line, and how many there are of what.

use std::collections::{BTreeMap, VecDeque};

use clap::Args;
use domain::Clock as _;
use serde_json::json;

use super::decided::Decided;
use super::filter::{Filter, FilterArgs};
use super::histogram::Histogram;
use super::letter::{HEADINGS, Letter};
use super::reader::Letters;
use super::topic::LetterTopic;
use crate::context::Context;
use crate::output::{line, table};

/// The arguments of `dlq ls`.
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Show the newest so many; the counts are of all. With --json all are shown unless this is given
    #[arg(long, value_name = "LETTERS")]
    limit: Option<usize>,
    /// Show those that were replayed or discarded too
    #[arg(long)]
    all: bool,
}

/// How many a table shows.
const TABLE_ROWS: usize = 100;

/// Shows the letters.
pub(crate) async fn run(args: LsArgs, context: &Context) -> anyhow::Result<()> {
    let limit = args.limit.or((!context.json).then_some(TABLE_ROWS));
    let filter = Filter::new(args.filter, process::SystemClock.now())?;
    let listed = gather(&filter, args.all, limit, context).await?;
    if context.json {
        listed.print_json()
    } else {
        listed.print()
    }
    Ok(())
}

/// A table of the newest open letters, at most so many; none where there are none.
pub(crate) async fn newest(context: &Context, limit: usize) -> anyhow::Result<Option<String>> {
    let filter = Filter::new(FilterArgs::default(), process::SystemClock.now())?;
    let rows: Vec<_> =
        gather(&filter, false, Some(limit), context).await?.letters.iter().map(Letter::row).collect();
    Ok((!rows.is_empty()).then(|| table(HEADINGS, &rows)))
}

/// What is shown, and how many there are of what.
#[derive(Default)]
struct Listed {
    /// The newest that are shown, in order of dying.
    letters: Vec<Letter>,
    /// All that could be shown.
    histogram: Histogram,
    /// How many were dealt with, by how; shown or not.
    dealt_with: BTreeMap<&'static str, u64>,
    /// Whether those are among the shown.
    all: bool,
}

/// The letters that are meant.
async fn gather(
    filter: &Filter,
    all: bool,
    limit: Option<usize>,
    context: &Context,
) -> anyhow::Result<Listed> {
    let topics = context.topics()?;
    let mut decided = Decided::read(context, &topics).await?;
    let mut listed = Listed { all, ..Listed::default() };
    let mut newest = Newest::new(limit);
    for topic in filter.topic().map_or_else(|| LetterTopic::ALL.to_vec(), |topic| vec![topic]) {
        let mut letters = Letters::of(topic, filter, filter.spans(), context, &topics)?;
        while let Some(found) = letters.next(&mut decided).await? {
            if let Some(disposition) = &found.letter.disposition {
                *listed.dealt_with.entry(disposition.what.name()).or_default() += 1;
                if !all {
                    continue;
                }
            }
            listed.histogram.count(&found.letter);
            newest.keep(found.letter);
        }
    }
    listed.letters = newest.sorted();
    Ok(listed)
}

impl Listed {
    fn print_json(&self) {
        self.letters.iter().for_each(|letter| line(letter.json()));
        line(json!({"histogram": self.histogram.json(), "dealt_with": self.dealt_with}));
    }

    fn print(&self) {
        if !self.letters.is_empty() {
            let rows: Vec<_> = self.letters.iter().map(Letter::row).collect();
            line(table(HEADINGS, &rows));
        }
        let shown = self.letters.len() as u64;
        if shown < self.histogram.total() {
            line(format!("… the newest {shown}; --limit shows more"));
        }
        line(self.counts());
    }

    fn counts(&self) -> String {
        let open = if self.all { "" } else { "open: " };
        let counts = format!("{open}{}", self.histogram.line());
        if self.dealt_with.is_empty() {
            return counts;
        }
        let dealt_with: Vec<_> =
            self.dealt_with.iter().map(|(how, count)| format!("{count} {how}")).collect();
        let hint = if self.all { "" } else { " (--all shows them)" };
        format!("{counts}\ndealt with: {}{hint}", dealt_with.join(", "))
    }
}

/// The newest letters, as many as are wanted.
struct Newest {
    limit: Option<usize>,
    letters: VecDeque<Letter>,
}

impl Newest {
    fn new(limit: Option<usize>) -> Self {
        Self { limit, letters: VecDeque::new() }
    }

    /// Partitions come interleaved: twice the limit is kept, and cut to the newest now and then.
    fn keep(&mut self, letter: Letter) {
        self.letters.push_back(letter);
        if self.limit.is_some_and(|limit| self.letters.len() >= limit.saturating_mul(2).saturating_add(64)) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.letters.make_contiguous().sort_by_key(|letter| letter.at);
        if let Some(limit) = self.limit {
            let surplus = self.letters.len().saturating_sub(limit);
            self.letters.drain(..surplus);
        }
    }

    fn sorted(mut self) -> Vec<Letter> {
        self.cut();
        self.letters.into()
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::super::letter::tests::letter;
    use super::*;

    #[test]
    fn the_newest_are_kept_in_order_of_dying() {
        let mut newest = Newest::new(Some(3));
        for n in 0..1000 {
            let mut letter = letter("0-0");
            letter.at = Timestamp::from_millis((n * 7) % 1000);
            newest.keep(letter);
            assert!(newest.letters.len() <= 70);
        }
        let times: Vec<_> = newest.sorted().iter().map(|letter| letter.at.as_millis()).collect();
        assert_eq!(times, [997, 998, 999]);
    }

    #[test]
    fn what_was_dealt_with_is_counted_apart() {
        let mut listed = Listed::default();
        assert_eq!(listed.counts(), "open: no dead letters");
        listed.histogram.count(&letter("0-0"));
        listed.dealt_with = BTreeMap::from([("discarded", 2), ("replayed", 10)]);
        let open = "1 dead letter: exhausted 1; types: click 1; webhooks: wh_1 1";
        let counts = listed.counts();
        assert_eq!(counts, format!("open: {open}\ndealt with: 2 discarded, 10 replayed (--all shows them)"));
        listed.all = true;
        assert_eq!(listed.counts(), format!("{open}\ndealt with: 2 discarded, 10 replayed"));
    }

    #[test]
    fn without_a_limit_all_are_kept() {
        let mut newest = Newest::new(None);
        (0..500).for_each(|n| newest.keep(letter(&format!("0-{n}"))));
        assert_eq!(newest.sorted().len(), 500);
    }
}

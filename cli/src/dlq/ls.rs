//! `postbode dlq ls`: a table, or one JSON object a line, and how many there are of what.

use std::collections::VecDeque;

use clap::Args;
use domain::Clock as _;
use serde_json::json;

use super::filter::{Filter, FilterArgs, LetterTopic};
use super::letter::{HEADINGS, Histogram, Letter};
use super::reader::{self, Letters};
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
    /// Leave out those that were replayed or discarded
    #[arg(long)]
    open: bool,
}

/// How many a table shows.
const TABLE_ROWS: usize = 100;

/// Shows the letters.
pub(crate) async fn run(args: LsArgs, context: &Context) -> anyhow::Result<()> {
    let limit = args.limit.or((!context.json).then_some(TABLE_ROWS));
    let filter = Filter::new(args.filter, process::SystemClock.now());
    let (letters, histogram) = gather(&filter, args.open, limit, context).await?;
    show(&letters, &histogram, context.json);
    Ok(())
}

/// A table of the newest letters, at most so many; none where there are none.
pub(crate) async fn newest(context: &Context, limit: usize) -> anyhow::Result<Option<String>> {
    let filter = Filter::new(FilterArgs::default(), process::SystemClock.now());
    let (letters, _) = gather(&filter, false, Some(limit), context).await?;
    let rows: Vec<_> = letters.iter().map(Letter::row).collect();
    Ok((!rows.is_empty()).then(|| table(HEADINGS, &rows)))
}

/// The newest letters that are meant, in order of dying, and how many there are of what.
async fn gather(
    filter: &Filter,
    only_open: bool,
    limit: Option<usize>,
    context: &Context,
) -> anyhow::Result<(Vec<Letter>, Histogram)> {
    let topics = context.topics()?;
    let dispositions = reader::dispositions(context, &topics).await?;
    let mut histogram = Histogram::default();
    let mut newest = Newest::new(limit);
    for topic in filter.topics(&LetterTopic::ALL) {
        let mut letters = Letters::of(topic, filter, &dispositions, context, &topics)?;
        while let Some(found) = letters.next().await? {
            if only_open && found.letter.disposition.is_some() {
                continue;
            }
            histogram.count(&found.letter);
            newest.keep(found.letter);
        }
    }
    Ok((newest.sorted(), histogram))
}

fn show(letters: &[Letter], histogram: &Histogram, json: bool) {
    if json {
        letters.iter().for_each(|letter| line(letter.json()));
        return line(json!({"histogram": histogram.json()}));
    }
    if !letters.is_empty() {
        let rows: Vec<_> = letters.iter().map(Letter::row).collect();
        line(table(HEADINGS, &rows));
    }
    let shown = letters.len() as u64;
    if shown < histogram.total() {
        line(format!("… the newest {shown}; --limit shows more"));
    }
    line(histogram.line());
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
    fn without_a_limit_all_are_kept() {
        let mut newest = Newest::new(None);
        (0..500).for_each(|n| newest.keep(letter(&format!("0-{n}"))));
        assert_eq!(newest.sorted().len(), 500);
    }
}

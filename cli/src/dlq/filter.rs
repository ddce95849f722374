//! Which dead letters are meant. Pure.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use domain::{DeathReason, Offset, Partition, Timestamp};
use stream::Span;
use wire::topics::Topics;

use super::letter::Letter;

/// The options that choose dead letters. Several of one kind mean any of them, several kinds all of them.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which dead letters")]
pub(crate) struct FilterArgs {
    /// From which topic: events that were not understood, or deliveries that failed for good
    #[arg(long, value_enum, value_name = "TOPIC")]
    pub(crate) topic: Option<LetterTopic>,
    /// Only those that died of this
    #[arg(long, value_parser = reason, value_name = "REASON", help = reasons_help())]
    reason: Vec<DeathReason>,
    /// Only those for this webhook
    #[arg(long, value_name = "ID")]
    webhook: Vec<String>,
    /// Only those of this account
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Vec<String>,
    /// Only those that died at this time or later: RFC 3339, or so long ago (2h)
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Only those that died before this time: RFC 3339, or so long ago
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only these offsets of a partition: 3 (all), 3:17, 3:17-20, 3:17-
    #[arg(long, value_name = "PARTITION[:FROM[-TO]]")]
    offset: Vec<Offsets>,
}

/// The two kinds of dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LetterTopic {
    /// Events that cannot be understood.
    Events,
    /// Deliveries that failed for good.
    Deliveries,
}

impl LetterTopic {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Events, Self::Deliveries];

    /// How the command line calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries",
        }
    }

    /// The topic that the dead letters lie in.
    pub(crate) fn dead(self, topics: &Topics) -> &std::sync::Arc<str> {
        match self {
            Self::Events => &topics.dead_events,
            Self::Deliveries => &topics.dead_deliveries,
        }
    }

    /// The topic where they begin anew.
    pub(crate) fn alive(self, topics: &Topics) -> &std::sync::Arc<str> {
        match self {
            Self::Events => &topics.events,
            Self::Deliveries => &topics.deliveries,
        }
    }
}

/// A time: given, or so long before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Ago(std::time::Duration),
}

impl When {
    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(length) => now - length,
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ago = || domain::duration::parse(text).ok().map(Self::Ago);
        wire::text::parse_rfc3339(text).map(Self::At).or_else(ago).ok_or_else(|| {
            format!("'{text}' is neither an RFC 3339 time (2026-01-31T12:00:00Z) nor a duration (2h)")
        })
    }
}

/// Offsets of one partition, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offsets {
    partition: Partition,
    span: Span,
}

impl FromStr for Offsets {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' is not PARTITION, PARTITION:OFFSET or PARTITION:FROM-TO, for example 3:17-20")
        };
        let number = |text: &str| text.parse::<i64>().ok().filter(|n| *n >= 0).ok_or_else(wrong);
        let (partition, range) = text.split_once(':').unwrap_or((text, "0-"));
        let partition = Partition(partition.parse().ok().filter(|n| *n >= 0).ok_or_else(wrong)?);
        let (from, to) = match range.split_once('-') {
            None => (number(range)?, Some(number(range)?)),
            Some((from, "")) => (number(from)?, None),
            Some((from, to)) => (number(from)?, Some(number(to)?)),
        };
        if to.is_some_and(|to| to < from) {
            return Err(format!("'{text}' ends before it begins"));
        }
        Ok(Self { partition, span: Span { from: Offset(from), to: to.map(Offset) } })
    }
}

/// The options, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    args: FilterArgs,
    /// Not before this.
    pub(crate) since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filter {
    /// Times that are relative are worked out now.
    pub(crate) fn new(args: FilterArgs, now: Timestamp) -> Self {
        let since = args.since.map(|when| when.at(now));
        let until = args.until.map(|when| when.at(now));
        Self { args, since, until }
    }

    /// Where to look: the topics that were asked for, or these.
    pub(crate) fn topics(&self, default: &[LetterTopic]) -> Vec<LetterTopic> {
        self.args.topic.map_or_else(|| default.to_vec(), |topic| vec![topic])
    }

    /// Which offsets to read of each partition; none means all.
    pub(crate) fn spans(&self) -> Option<BTreeMap<Partition, Span>> {
        let mut spans: BTreeMap<Partition, Span> = BTreeMap::new();
        for Offsets { partition, span } in &self.args.offset {
            let joined = spans.get(partition).map_or(*span, |other| Span {
                from: other.from.min(span.from),
                to: other.to.zip(span.to).map(|(one, two)| one.max(two)),
            });
            spans.insert(*partition, joined);
        }
        (!spans.is_empty()).then_some(spans)
    }

    /// Whether a letter is meant.
    pub(crate) fn matches(&self, letter: &Letter) -> bool {
        let any = |wanted: &[String], have: Option<&str>| {
            wanted.is_empty() || have.is_some_and(|have| wanted.iter().any(|wanted| wanted == have))
        };
        let args = &self.args;
        any(&args.webhook, letter.webhook.as_deref())
            && any(&args.account, letter.account.as_deref())
            && any(&args.kind, letter.kind.as_deref())
            && (args.reason.is_empty() || letter.reason.is_some_and(|reason| args.reason.contains(&reason)))
            && self.since.is_none_or(|since| letter.at >= since)
            && self.until.is_none_or(|until| letter.at < until)
            && (args.offset.is_empty() || args.offset.iter().any(|offsets| offsets.contain(letter)))
    }
}

impl Offsets {
    fn contain(&self, letter: &Letter) -> bool {
        self.partition == letter.place.partition
            && letter.place.offset >= self.span.from
            && self.span.to.is_none_or(|to| letter.place.offset <= to)
    }
}

fn reason(text: &str) -> Result<DeathReason, String> {
    DeathReason::named(text)
        .ok_or_else(|| format!("there is no reason '{text}': the reasons are {}", reasons()))
}

fn reasons() -> String {
    DeathReason::ALL.map(DeathReason::name).join(", ")
}

fn reasons_help() -> String {
    format!("Only those that died of this: {}", reasons())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::letter::tests::letter;
    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        filter: FilterArgs,
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn filter(line: &[&str]) -> Filter {
        let line = Line::try_parse_from([&["postbode"], line].concat()).unwrap();
        Filter::new(line.filter, NOW)
    }

    #[test]
    fn without_options_every_letter_is_meant() {
        assert!(filter(&[]).matches(&letter("3-17")));
        assert_eq!(filter(&[]).spans(), None);
        assert_eq!(filter(&[]).topics(&LetterTopic::ALL), LetterTopic::ALL);
        assert_eq!(filter(&["--topic", "events"]).topics(&LetterTopic::ALL), [LetterTopic::Events]);
    }

    #[test]
    fn several_of_one_kind_mean_any_and_several_kinds_mean_all() {
        let letter = letter("3-17");
        assert!(filter(&["--type", "open", "--type", "click"]).matches(&letter));
        assert!(filter(&["--type", "click", "--webhook", "wh_1", "--reason", "exhausted"]).matches(&letter));
        assert!(!filter(&["--type", "click", "--webhook", "wh_2"]).matches(&letter));
        assert!(!filter(&["--reason", "gone"]).matches(&letter));
        assert!(!filter(&["--account", "other"]).matches(&letter));
    }

    #[test]
    fn the_time_of_dying_lies_between_since_and_until() {
        let mut letter = letter("3-17");
        letter.at = NOW - std::time::Duration::from_secs(3600);
        assert!(filter(&["--since", "1h"]).matches(&letter));
        assert!(!filter(&["--until", "1h"]).matches(&letter));
        assert!(!filter(&["--since", "59m"]).matches(&letter));
        assert!(filter(&["--until", "1970-01-13T00:00:00Z"]).matches(&letter));
    }

    #[test]
    fn offsets_choose_partitions_and_spans() {
        let seen = |spec: &str, place| filter(&["--offset", spec]).matches(&letter(place));
        assert!(
            seen("3", "3-17") && seen("3:17", "3-17") && seen("3:10-17", "3-17") && seen("3:17-", "3-99")
        );
        assert!(!seen("2", "3-17") && !seen("3:18-", "3-17") && !seen("3:10-16", "3-17"));
        let spans = filter(&["--offset", "3:1-2", "--offset", "3:9", "--offset", "4:5-"]).spans().unwrap();
        assert_eq!(spans[&Partition(3)], Span { from: Offset(1), to: Some(Offset(9)) });
        assert_eq!(spans[&Partition(4)], Span { from: Offset(5), to: None });
        assert!(!filter(&["--offset", "3:1-2", "--offset", "3:9"]).matches(&letter("3-5")));
    }

    #[test]
    fn what_makes_no_sense_is_explained() {
        for line in [["--reason", "bored"], ["--since", "soon"], ["--offset", "3:9-1"], ["--offset", "x"]] {
            let error = Line::try_parse_from([&["postbode"], &line[..]].concat()).err().unwrap();
            assert!(error.to_string().contains(line[1]), "{error}");
        }
    }
}

//! Which dead letters are meant. Pure.

use std::collections::BTreeMap;

use clap::Args;
use domain::{DeathReason, Partition, Timestamp};
use stream::Span;

use super::letter::Letter;
use super::topic::LetterTopic;
use super::values::{Answered, Offsets};
use crate::error::usage;
use crate::when::When;

/// The options that choose dead letters. Several of one kind mean any of them, several kinds all of them.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which dead letters")]
pub(crate) struct FilterArgs {
    /// Events that were not understood, or deliveries that failed for good [default: both to ls, else deliveries]
    #[arg(long, value_enum, value_name = "TOPIC")]
    topic: Option<LetterTopic>,
    /// Only those that died of this
    #[arg(long, value_parser = reason, value_name = "REASON", help = reasons_help())]
    reason: Vec<DeathReason>,
    /// Only those for this webhook
    #[arg(long, value_name = "ID")]
    webhook: Vec<String>,
    /// Only this delivery: what the receiver knows as webhook-id
    #[arg(long, value_name = "ID")]
    delivery: Vec<String>,
    /// Only those whose last attempt was answered so: 503, 5xx, or none where nobody answered
    #[arg(long, value_name = "STATUS")]
    status: Vec<Answered>,
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
    ///
    /// # Errors
    /// When the options contradict each other, so that no letter could be meant.
    pub(crate) fn new(args: FilterArgs, now: Timestamp) -> anyhow::Result<Self> {
        let since = args.since.map(|when| when.at(now));
        let until = args.until.map(|when| when.at(now));
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            let [since, until] = [since, until].map(wire::text::rfc3339);
            return Err(usage(format!("--since ({since}) is not before --until ({until}): swap them")));
        }
        let of_deliveries = [
            ("--webhook", !args.webhook.is_empty()),
            ("--delivery", !args.delivery.is_empty()),
            ("--status", !args.status.is_empty()),
        ];
        if let (Some(LetterTopic::Events), Some((option, _))) =
            (args.topic, of_deliveries.iter().find(|(_, given)| *given))
        {
            return Err(usage(format!(
                "{option} chooses among deliveries: leave out --topic events, or {option}"
            )));
        }
        Ok(Self { args, since, until })
    }

    /// Where to look, if that was said.
    pub(crate) fn topic(&self) -> Option<LetterTopic> {
        self.args.topic
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
            && any(&args.delivery, letter.delivery.as_deref())
            && any(&args.account, letter.account.as_deref())
            && any(&args.kind, letter.kind.as_deref())
            && (args.reason.is_empty() || letter.reason.is_some_and(|reason| args.reason.contains(&reason)))
            && (args.status.is_empty() || args.status.iter().any(|status| status.is(letter.last_status)))
            && self.since.is_none_or(|since| letter.at >= since)
            && self.until.is_none_or(|until| letter.at < until)
            && (args.offset.is_empty() || args.offset.iter().any(|offsets| offsets.contain(&letter.place)))
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
    use domain::Offset;

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
        Filter::new(line.filter, NOW).unwrap()
    }

    #[test]
    fn without_options_every_letter_is_meant() {
        assert!(filter(&[]).matches(&letter("3-17")));
        assert_eq!(filter(&[]).spans(), None);
        assert_eq!(filter(&[]).topic(), None);
        assert_eq!(filter(&["--topic", "events"]).topic(), Some(LetterTopic::Events));
    }

    #[test]
    fn several_of_one_kind_mean_any_and_several_kinds_mean_all() {
        let letter = letter("3-17");
        assert!(filter(&["--type", "open", "--type", "click"]).matches(&letter));
        assert!(filter(&["--type", "click", "--webhook", "wh_1", "--reason", "exhausted"]).matches(&letter));
        assert!(!filter(&["--type", "click", "--webhook", "wh_2"]).matches(&letter));
        assert!(!filter(&["--reason", "gone"]).matches(&letter));
        assert!(!filter(&["--account", "other"]).matches(&letter));
        assert!(filter(&["--delivery", "dlv_1", "--status", "5xx"]).matches(&letter));
        assert!(!filter(&["--delivery", "dlv_2"]).matches(&letter));
        assert!(!filter(&["--status", "4xx", "--status", "none"]).matches(&letter));
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
    fn offsets_of_one_partition_are_read_in_one_go_and_chosen_one_by_one() {
        let spans = filter(&["--offset", "3:1-2", "--offset", "3:9", "--offset", "4:5-"]).spans().unwrap();
        assert_eq!(spans[&Partition(3)], Span { from: Offset(1), to: Some(Offset(9)) });
        assert_eq!(spans[&Partition(4)], Span { from: Offset(5), to: None });
        assert!(!filter(&["--offset", "3:1-2", "--offset", "3:9"]).matches(&letter("3-5")));
    }

    #[test]
    fn what_makes_no_sense_is_explained() {
        let wrong = [["--reason", "bored"], ["--since", "soon"], ["--offset", "3:9-1"], ["--status", "6xx"]];
        for line in wrong {
            let error = Line::try_parse_from([&["postbode"], &line[..]].concat()).err().unwrap().to_string();
            assert!(error.contains(line[0]) && error.contains(line[1]), "{error}");
        }
    }

    #[test]
    fn options_that_leave_nothing_are_misuse() {
        for (line, named) in [
            (["--since", "1h", "--until", "2h"], "swap"),
            (["--topic", "events", "--webhook", "wh_1"], "--webhook"),
            (["--topic", "events", "--status", "500"], "--status"),
        ] {
            let args = Line::try_parse_from([&["postbode"], &line[..]].concat()).unwrap().filter;
            let error = Filter::new(args, NOW).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}

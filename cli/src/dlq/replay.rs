//! `postbode dlq replay`: puts dead letters back, each under its own name and with fresh attempts.
//!
//! A letter counts as replayed when the broker has acknowledged both the record and, after it, the disposition. So a run
//! that is cut short is simply started again: what it had done is skipped, and at most what was on its way is sent twice,
//! under the same `webhook-id`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use domain::Clock as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::json;
use stream::{Sink, SinkOptions};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use wire::disposition::{Disposition, What};
use wire::topics::Topics;
use wire::{OutRecord, dead_letter};

use super::filter::{Filter, FilterArgs, LetterTopic};
use super::letter::{Histogram, Letter};
use super::reader::{self, Found, Letters};
use crate::context::Context;
use crate::output::{Progress, line};
use crate::signals::Interrupts;

/// The arguments of `dlq replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Only say what would be replayed
    #[arg(long)]
    dry_run: bool,
    /// At most so many a second
    #[arg(long, value_name = "PER SECOND", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
    /// At most so many in all
    #[arg(long, value_name = "LETTERS")]
    max: Option<u64>,
    /// Leave alone what was replayed so often before: it would go round in circles
    #[arg(long, value_name = "TIMES", default_value_t = 10)]
    max_replays: u32,
    /// Who does it: goes into the record of what became of each letter
    #[arg(long, env = "USER", default_value = "unknown", hide_env_values = true, value_name = "NAME")]
    by: String,
}

/// How many records may be on their way at once.
const IN_FLIGHT: usize = 64;

/// Replays what the filter means.
pub(crate) async fn run(args: ReplayArgs, context: &Context) -> anyhow::Result<()> {
    let topics = context.topics()?;
    let filter = Filter::new(args.filter, process::SystemClock.now());
    let rules = Rules { max: args.max, max_replays: args.max_replays };
    let dispositions = reader::dispositions(context, &topics).await?;
    let mut tally = Tally::default();
    let mut post = match args.dry_run {
        true => None,
        false => Some(Post::new(context, &topics, args.by, args.rate)?),
    };
    let mut interrupts = Interrupts::listen()?;
    'topics: for topic in filter.topics(&[LetterTopic::Deliveries]) {
        let mut letters = Letters::of(topic, &filter, &dispositions, context, &topics)?;
        loop {
            let found = tokio::select! {
                found = letters.next() => found?,
                () = interrupts.next() => break 'topics,
            };
            let Some(found) = found else { break };
            match rules.judge(&found.letter, tally.chosen.total()) {
                Judgement::Replay => tally.chosen.count(&found.letter),
                Judgement::Skip(why) => {
                    tally.skip(why);
                    continue;
                }
                Judgement::Enough => break 'topics,
            }
            if let Some(post) = &mut post {
                post.send(topic, found, &mut tally).await?;
            }
        }
    }
    if let Some(mut post) = post {
        post.finish(&mut tally).await;
    }
    tally.report(args.dry_run, context.json)
}

/// Which letters may be replayed. Pure.
struct Rules {
    max: Option<u64>,
    max_replays: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    Replay,
    Skip(Skip),
    Enough,
}

/// Why a letter stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Skip {
    Replayed,
    Discarded,
    ValueOmitted,
    TooOften,
}

impl Skip {
    /// For programs.
    const fn code(self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
            Self::ValueOmitted => "value-omitted",
            Self::TooOften => "too-often",
        }
    }

    /// For people.
    const fn name(self) -> &'static str {
        match self {
            Self::Replayed => "replayed before",
            Self::Discarded => "discarded",
            Self::ValueOmitted => "without a value (it was too large for the dead letter)",
            Self::TooOften => "replayed too often (--max-replays)",
        }
    }
}

impl Rules {
    fn judge(&self, letter: &Letter, chosen: u64) -> Judgement {
        if let Some(disposition) = &letter.disposition {
            return Judgement::Skip(match disposition.what {
                What::Replayed => Skip::Replayed,
                What::Discarded => Skip::Discarded,
            });
        }
        if letter.value_omitted {
            return Judgement::Skip(Skip::ValueOmitted);
        }
        if letter.replays >= self.max_replays {
            return Judgement::Skip(Skip::TooOften);
        }
        if self.max.is_some_and(|max| chosen >= max) { Judgement::Enough } else { Judgement::Replay }
    }
}

/// What was done and what was not.
#[derive(Default)]
struct Tally {
    chosen: Histogram,
    skipped: BTreeMap<Skip, u64>,
    replayed: u64,
    failed: u64,
    first_error: Option<String>,
}

impl Tally {
    fn skip(&mut self, why: Skip) {
        *self.skipped.entry(why).or_default() += 1;
    }

    fn note(&mut self, result: anyhow::Result<()>) {
        match result {
            Ok(()) => self.replayed += 1,
            Err(error) => {
                self.failed += 1;
                self.first_error.get_or_insert(format!("{error:#}"));
            }
        }
    }

    fn report(&self, dry_run: bool, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            let skipped: BTreeMap<_, _> = self.skipped.iter().map(|(why, n)| (why.code(), n)).collect();
            line(json!({
                "dry_run": dry_run,
                "chosen": self.chosen.json(),
                "replayed": self.replayed,
                "failed": self.failed,
                "skipped": skipped,
            }));
        } else {
            line(format!("{}{}", if dry_run { "would replay " } else { "" }, self.chosen.line()));
            for (why, count) in &self.skipped {
                line(format!("left alone: {count} {}", why.name()));
            }
            if !dry_run {
                line(format!("{} replayed", self.replayed));
            }
        }
        match &self.first_error {
            None => Ok(()),
            Some(error) => {
                anyhow::bail!(
                    "{} not replayed; say the same command again. The first error: {error}",
                    self.failed
                )
            }
        }
    }
}

/// Sends letters back and writes down that they were.
struct Post {
    sink: Sink,
    topics: Topics,
    by: Arc<str>,
    pace: Option<Interval>,
    in_flight: FuturesUnordered<futures::future::BoxFuture<'static, anyhow::Result<()>>>,
    progress: Progress,
}

impl Post {
    fn new(context: &Context, topics: &Topics, by: String, rate: Option<u32>) -> anyhow::Result<Self> {
        let sink = Sink::new(&context.kafka, SinkOptions::new(topics.delivery_record_bytes()))
            .context("section kafka")?;
        let pace = rate.map(|rate| {
            let mut pace = interval(Duration::from_secs(1) / rate);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        let progress = Progress::new(None, "letters replayed");
        Ok(Self {
            sink,
            topics: topics.clone(),
            by: by.into(),
            pace,
            in_flight: FuturesUnordered::new(),
            progress,
        })
    }

    async fn send(&mut self, topic: LetterTopic, found: Found, tally: &mut Tally) -> anyhow::Result<()> {
        if let Some(pace) = &mut self.pace {
            pace.tick().await;
        }
        while self.in_flight.len() >= IN_FLIGHT {
            self.one_done(tally).await;
        }
        if let Some(why) = self.sink.fatal() {
            anyhow::bail!("the producer failed for good: {why}");
        }
        let again = revived(topic, &found, &self.topics);
        let (sink, by, place) = (self.sink.clone(), Arc::clone(&self.by), found.letter.place);
        let dispositions = Arc::clone(&self.topics.dispositions);
        self.in_flight.push(Box::pin(async move {
            sink.send(&again).await?;
            let disposition =
                Disposition { what: What::Replayed, by: by.to_string(), at: process::SystemClock.now() };
            sink.send(&disposition.to_record(&dispositions, &place)).await?;
            Ok(())
        }));
        Ok(())
    }

    async fn one_done(&mut self, tally: &mut Tally) {
        if let Some(result) = self.in_flight.next().await {
            tally.note(result);
            self.progress.advance(1);
        }
    }

    async fn finish(&mut self, tally: &mut Tally) {
        let began = Instant::now();
        while !self.in_flight.is_empty() {
            self.one_done(tally).await;
        }
        tracing::info!(seconds = began.elapsed().as_secs_f64(), "all acknowledged");
        self.progress.finish();
    }
}

/// The same key and bytes under the same name, for another life.
fn revived(topic: LetterTopic, found: &Found, topics: &Topics) -> OutRecord {
    OutRecord {
        topic: Arc::clone(topic.alive(topics)),
        key: found.record.key.clone(),
        value: found.record.value.clone(),
        headers: dead_letter::revive(&found.record.headers),
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use wire::names;
    use wire::topics::TopicSettings;

    use super::super::letter::tests::{letter, record};
    use super::*;

    const RULES: Rules = Rules { max: Some(5), max_replays: 3 };

    #[test]
    fn what_was_dealt_with_has_no_value_or_goes_in_circles_is_left_alone() {
        let fresh = letter("0-0");
        assert_eq!(RULES.judge(&fresh, 0), Judgement::Replay);
        assert_eq!(RULES.judge(&fresh, 5), Judgement::Enough);

        let decided = |what| Some(Disposition { what, by: String::new(), at: Timestamp::from_millis(0) });
        let replayed = Letter { disposition: decided(What::Replayed), ..fresh.clone() };
        assert_eq!(RULES.judge(&replayed, 0), Judgement::Skip(Skip::Replayed));
        let discarded = Letter { disposition: decided(What::Discarded), ..fresh.clone() };
        assert_eq!(RULES.judge(&discarded, 0), Judgement::Skip(Skip::Discarded));
        let omitted = Letter { value_omitted: true, ..fresh.clone() };
        assert_eq!(RULES.judge(&omitted, 0), Judgement::Skip(Skip::ValueOmitted));
        let circling = Letter { replays: 3, ..fresh };
        assert_eq!(RULES.judge(&circling, 5), Judgement::Skip(Skip::TooOften));
    }

    #[test]
    fn a_replayed_letter_keeps_its_name_key_and_bytes_and_starts_afresh() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        let found = Found { letter: letter("3-17"), record: record("3-17") };
        let again = revived(LetterTopic::Deliveries, &found, &topics);
        assert_eq!(&*again.topic, "postbode.deliveries");
        assert_eq!((&again.key, &again.value), (&found.record.key, &found.record.value));
        assert_eq!(again.headers.text(names::DELIVERY), Some("dlv_1"));
        assert_eq!(again.headers.text(names::REPLAY), Some("3"));
        for gone in [names::REASON, names::ATTEMPT, names::DLQ_COUNT, names::LAST_ERROR] {
            assert_eq!(again.headers.get(gone), None, "{gone}");
        }
        assert_eq!(&*revived(LetterTopic::Events, &found, &topics).topic, "postbode.events");
    }

    #[test]
    fn a_failure_fails_the_command_and_says_what_to_do() {
        let mut tally = Tally::default();
        tally.note(Ok(()));
        assert!(tally.report(false, false).is_ok());
        tally.note(Err(anyhow::anyhow!("not acknowledged")));
        let error = tally.report(false, false).unwrap_err().to_string();
        assert!(error.contains("1 not replayed; say the same command again"), "{error}");
    }
}

//! `postbode dlq show`: one dead letter, every header and all bytes, shown safely.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use stream::{Scan, ScanOptions, Span};
use wire::Record;
use wire::disposition::Place;
use wire::topics::Topics;

use super::decided::Decided;
use super::letter::{Letter, disposition_json};
use super::topic::LetterTopic;
use crate::context::Context;
use crate::error::usage;
use crate::output::{hex, line, safe, style};

/// The arguments of `dlq show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Which one, as `dlq ls` names it
    #[arg(value_name = "PARTITION-OFFSET")]
    place: String,
    /// From which topic
    #[arg(long, value_enum, default_value = "deliveries", value_name = "TOPIC")]
    topic: LetterTopic,
    /// Write the value's bytes to standard output as they are, and nothing else
    #[arg(long)]
    raw: bool,
}

/// Shows one letter.
pub(crate) async fn run(args: ShowArgs, context: &Context) -> anyhow::Result<()> {
    let topics = context.topics()?;
    let (topic, place) = place(&args, &topics)?;
    let record = fetch(&place, context, &topics).await?;
    if args.raw {
        return Ok(std::io::stdout().write_all(record.value.as_deref().unwrap_or_default())?);
    }
    let decided = Decided::read(context, &topics).await?;
    let letter = Letter::read(topic, &record, decided.of(&record));
    if context.json {
        line(as_json(&letter, &record));
    } else {
        line(as_text(&letter, &record));
    }
    Ok(())
}

/// `<partition>-<offset>`, or a whole `<topic>-<partition>-<offset>`, whose topic then counts.
fn place(args: &ShowArgs, topics: &Topics) -> anyhow::Result<(LetterTopic, Place)> {
    let whole = Place::parse(&args.place).and_then(|place| {
        LetterTopic::ALL.into_iter().find(|t| *t.dead(topics) == place.topic).map(|t| (t, place))
    });
    let short = || {
        Place::parse(&format!("{}-{}", args.topic.dead(topics), args.place)).map(|place| (args.topic, place))
    };
    let is_short = args.place.matches('-').count() == 1;
    whole
        .or_else(|| is_short.then(short).flatten())
        .ok_or_else(|| usage(format!("'{}' is not PARTITION-OFFSET, for example 3-17", args.place)))
}

async fn fetch(place: &Place, context: &Context, topics: &Topics) -> anyhow::Result<Record> {
    let all = ScanOptions::all(place.topic.clone(), topics.delivery_record_bytes());
    let span = Span { from: place.offset, to: Some(place.offset) };
    let options = ScanOptions { spans: Some([(place.partition, span)].into()), ..all };
    let mut scan = Scan::start(&context.kafka, options).context("section kafka")?;
    match scan.next().await {
        Some(record) => Ok(record?),
        None => bail!("there is no dead letter {place} (any more)"),
    }
}

fn as_json(letter: &Letter, record: &Record) -> Value {
    let headers: Vec<_> =
        record.headers.iter().map(|(name, value)| json!([name, text_or_base64(value)])).collect();
    let mut shown = letter.json();
    shown["key"] = record.key.as_deref().map_or(Value::Null, text_or_base64);
    shown["headers"] = headers.into();
    shown["value"] = record.value.as_deref().map_or(Value::Null, text_or_base64);
    shown
}

/// A text as it is, other bytes as `{"base64": …}`.
fn text_or_base64(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({"base64": STANDARD.encode(bytes)}),
    }
}

fn as_text(letter: &Letter, record: &Record) -> String {
    let mut lines = vec![style::strong(&letter.place.to_string())];
    lines.push(format!("died       {} ({})", wire::text::rfc3339(letter.at), letter.reason_name()));
    let became = letter.disposition.as_ref().map(disposition_json);
    lines.push(format!("became     {}", became.map_or_else(|| "nothing yet".to_owned(), |b| b.to_string())));
    lines.push(format!("key        {}", record.key.as_deref().map_or_else(|| "none".to_owned(), inline)));
    lines.push("headers".to_owned());
    lines.extend(record.headers.iter().map(|(name, value)| format!("  {}: {}", safe(name), inline(value))));
    lines.push(match &record.value {
        None if letter.value_omitted => {
            "value      omitted: it was too large for the dead letter; the event is at postbode-origin"
                .to_owned()
        }
        None => "value      none".to_owned(),
        Some(value) => format!("value      {} bytes\n{}", value.len(), block(value)),
    });
    lines.join("\n")
}

/// One line: text with control characters written out, other bytes in hexadecimal.
fn inline(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| format!("0x{}", hex(bytes)), safe)
}

/// Text line by line, other bytes as a hexadecimal dump.
fn block(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.lines().map(|line| format!("  {}", safe(line))).collect::<Vec<_>>().join("\n"),
        Err(_) => bytes.chunks(16).enumerate().map(dump_row).collect::<Vec<_>>().join("\n"),
    }
}

fn dump_row((row, bytes): (usize, &[u8])) -> String {
    let pairs = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let letters = bytes.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' });
    format!("  {:08x}  {pairs:47}  {}", row * 16, letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wire::topics::TopicSettings;

    use super::super::letter::tests::record;
    use super::*;

    fn shown(value: &'static [u8]) -> (Value, String) {
        let mut record = record("3-17");
        record.value = Some(Bytes::from_static(value));
        record.headers.push("strange", &b"\xff\x00"[..]);
        let letter = Letter::read(LetterTopic::Deliveries, &record, None);
        (as_json(&letter, &record), as_text(&letter, &record))
    }

    #[test]
    fn text_is_shown_line_by_line_without_steering_the_terminal() {
        let (json, text) = shown(b"{\"a\":\n\"\x1b[2J\"}");
        assert!(text.ends_with("value      13 bytes\n  {\"a\":\n  \"\\u{1b}[2J\"}"), "{text}");
        assert!(
            text.contains("  strange: 0xff00") && text.contains("  postbode-reason: exhausted"),
            "{text}"
        );
        assert_eq!(json["value"], "{\"a\":\n\"\x1b[2J\"}");
        let last = json["headers"].as_array().unwrap().last().unwrap();
        assert_eq!(*last, json!(["strange", {"base64": "/wA="}]));
    }

    #[test]
    fn bytes_that_are_no_text_are_dumped() {
        let (json, text) = shown(b"poison \xff\xfe bytes longer than a row");
        assert!(
            text.contains("  00000000  70 6f 69 73 6f 6e 20 ff fe 20 62 79 74 65 73 20  poison....bytes."),
            "{text}"
        );
        assert!(json["value"]["base64"].is_string());
    }

    #[test]
    fn a_place_is_short_or_whole() {
        let topics = Topics::new(&TopicSettings::default()).unwrap();
        let parse = |text: &str| {
            let args = ShowArgs { place: text.into(), topic: LetterTopic::Deliveries, raw: false };
            place(&args, &topics).map(|(topic, place)| (topic, place.to_string()))
        };
        let whole = "postbode.dead-letters.deliveries-3-17".to_owned();
        assert_eq!(parse("3-17").unwrap(), (LetterTopic::Deliveries, whole.clone()));
        assert_eq!(parse(&whole).unwrap(), (LetterTopic::Deliveries, whole));
        assert_eq!(parse("postbode.dead-letters.events-0-1").unwrap().0, LetterTopic::Events);
        for wrong in ["", "3", "x-y", "other-3-17", "-3-17"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

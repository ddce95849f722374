//! Records written straight into a topic, as the service before it would have written them, and fast.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use bytes::Bytes;
use domain::{Event, EventId, Timestamp};
use stream::{KafkaSettings, Sink, SinkOptions};
use tokio::time::{Instant, sleep};
use wire::topics::Topics;
use wire::{Headers, OutRecord, names};

use super::payload::KIND;
use super::seed::Hook;

/// What the benchmark's events name as their source.
const SOURCE: &str = "/bench";
/// Records on their way at once: less than the client's queue takes.
const WINDOW: u64 = 50_000;

/// Writes so many records, the nth of which `record` makes, and waits for every acknowledgement.
pub(super) async fn write(
    kafka: &KafkaSettings,
    topics: &Topics,
    count: u64,
    limit: Duration,
    record: impl Fn(u64) -> OutRecord,
) -> anyhow::Result<()> {
    let sink = Sink::new(kafka, SinkOptions::new(topics.delivery_record_bytes()))?;
    let (written, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let until = Instant::now() + limit;
    let mut sent = 0;
    while written.load(Ordering::Relaxed) < count {
        while sent < count && sent - written.load(Ordering::Relaxed) < WINDOW {
            let (written, failed) = (Arc::clone(&written), Arc::clone(&failed));
            sink.send_then(&record(sent), move |result| {
                let tally = if result.is_ok() { &written } else { &failed };
                tally.fetch_add(1, Ordering::Relaxed);
            });
            sent += 1;
        }
        sleep(Duration::from_millis(2)).await;
        let (lost, done) = (failed.load(Ordering::Relaxed), written.load(Ordering::Relaxed));
        if lost > 0 || Instant::now() > until {
            bail!("of {count} records for a backlog {done} were written, {lost} refused, in {limit:?}");
        }
    }
    Ok(())
}

/// The record that ingest would write.
pub(super) fn event(topics: &Topics, number: u64, hook: &Hook, data: &[u8], time: Timestamp) -> OutRecord {
    OutRecord {
        topic: Arc::clone(&topics.events),
        key: Some(format!("message-{number}").into()),
        value: Some(Bytes::copy_from_slice(data)),
        headers: headers(&described(number, hook), time),
    }
}

/// The record that fan-out would write.
pub(super) fn delivery(topics: &Topics, number: u64, hook: &Hook, data: &[u8], time: Timestamp) -> OutRecord {
    let event = described(number, hook);
    let mut headers = headers(&event, time);
    headers.push(names::ORIGIN, format!("{}-{number}", number % 12));
    headers.push(names::WEBHOOK, hook.id.to_string());
    headers.push(names::DELIVERY, event.delivery_to(&hook.id).to_string());
    // Every view has passed the first record.
    headers.push(names::REGISTRY, "0");
    OutRecord {
        topic: Arc::clone(&topics.deliveries),
        key: Some(hook.id.to_string().into()),
        value: Some(Bytes::copy_from_slice(data)),
        headers,
    }
}

fn described(number: u64, hook: &Hook) -> Event {
    let id = EventId::new(format!("0198c1f2-7f3e-7000-8000-{number:012x}"));
    Event { id, source: SOURCE.into(), kind: KIND.into(), account: hook.account.clone() }
}

fn headers(event: &Event, time: Timestamp) -> Headers {
    let mut headers = Headers::with_capacity(11);
    headers.push(names::CONTENT_TYPE, "application/json");
    headers.push(names::CE_SPECVERSION, "1.0");
    headers.push(names::CE_ID, event.id.to_string());
    headers.push(names::CE_SOURCE, SOURCE);
    headers.push(names::CE_TYPE, KIND);
    headers.push(names::CE_TIME, wire::text::rfc3339(time));
    headers.push(names::CE_ACCOUNT, event.account.to_string());
    headers
}

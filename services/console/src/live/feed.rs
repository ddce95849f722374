//! The one reader of `events` that serves all streams.

use std::sync::Arc;
use std::time::Duration;

use domain::AccountId;
use futures::StreamExt as _;
use tokio::time::interval;
use wire::event::{self, Decoded};
use wire::{Record, names};

use super::Wanted;
use super::places::Places;
use super::room::{Listener, Occurred};
use crate::problem::Refusal;
use crate::world::{Console, World};

/// How often the reader looks whether anybody still listens: streams that come again find it reading.
const LINGER: Duration = Duration::from_secs(5);
/// How often it looks for new partitions.
const LOOK: Duration = Duration::from_secs(60);

/// Joins those who listen; the first one starts the reader.
///
/// # Errors
/// When Kafka does not say where the log ends.
pub(super) async fn join<W: World>(console: &Arc<Console<W>>, wanted: &Wanted) -> Result<Listener, Refusal> {
    loop {
        if let Some(listener) = console.streams.room.enter(&wanted.account, &wanted.types) {
            return Ok(listener);
        }
        let ends = console.world.event_bounds().await.map_err(Refusal::no_events)?.ends();
        if console.streams.room.begin(ends.clone()) {
            tokio::spawn(read(Arc::clone(console), ends));
        }
    }
}

/// An event as it is understood, if it is one and that account's.
pub(super) fn of_account<W: World>(
    console: &Console<W>,
    record: &Record,
    account: &AccountId,
) -> Option<Decoded> {
    if named(record).is_some_and(|named| named != account.as_str()) {
        return None;
    }
    let decoded = event::decode(record, console.event_max_bytes).ok()?;
    (decoded.event.account == *account).then_some(decoded)
}

/// The account that a record's headers name: known without reading the value.
fn named(record: &Record) -> Option<&str> {
    record.headers.text(names::CE_ACCOUNT)
}

async fn read<W: World>(console: Arc<Console<W>>, from: Places) {
    let (room, partitions) = (&console.streams.room, from.iter().len());
    let mut log = console.world.read_events(&from, None);
    let (mut linger, mut look) = (interval(LINGER), interval(LOOK));
    linger.reset();
    look.reset();
    loop {
        tokio::select! {
            record = log.next() => match record {
                Some(Ok(record)) => pass(&console, &record),
                Some(Err(why)) => {
                    tracing::warn!(error = why, "the events cannot be read: all streams of them end");
                    break;
                }
                None => break,
            },
            _ = linger.tick() => if room.end_if_empty() { return },
            // Who listens comes again, and reads the new partitions from their beginning.
            _ = look.tick() => if console.world.event_bounds().await.is_ok_and(|it| it.0.len() > partitions) { break },
        }
    }
    room.end();
}

fn pass<W: World>(console: &Console<W>, record: &Record) {
    let room = &console.streams.room;
    let (partition, offset) = (record.partition, record.offset);
    if named(record).is_some_and(|account| room.pass_unless_wanted(account, partition, offset)) {
        return;
    }
    match event::decode(record, console.event_max_bytes) {
        Ok(decoded) => {
            let missed = room.offer(&Occurred { partition, offset, event: Arc::new(decoded) });
            console.telemetry.stream_missed(missed);
        }
        // Fan-out buries it.
        Err(_) => room.pass(partition, offset),
    }
}

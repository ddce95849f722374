//! A file's records, gathered into requests on a thread of its own: the next one is read while ingest takes the one before.

use std::io::Read;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::SendError;

use super::identities::Identities;
use super::kinds::{self, Kind};
use super::rows::{self, Row, Unreadable};
use crate::events::Batch;
use crate::events::batch::Batcher;

/// A request of this size is as good as a larger one; a single event may be larger.
const BATCH_BYTES: usize = 1024 * 1024;

/// What a file's reader has to know.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// What the records are about, where they do not say it themselves.
    pub(super) kind: Option<Kind>,
    pub(super) account: Option<String>,
    pub(super) source: String,
    /// Records that were taken by earlier runs.
    pub(super) done: u64,
    /// Events in one request, at most.
    pub(super) batch: usize,
}

/// What a file holds, in its order.
pub(super) enum Found {
    Batch(Batch),
    Unreadable(Unreadable),
}

/// How many records there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) records: u64,
    /// Of those, taken by earlier runs.
    pub(super) before: u64,
}

impl Reader {
    /// Reads a file to its end and counts its records. Waits for whoever takes what is found, and ends early when nobody
    /// does any more.
    pub(super) fn read(&self, from: impl Read, to: &Sender<Found>) -> Result<Count, SendError<Found>> {
        let mut count = Count::default();
        let mut identities = Identities::new(&self.source, self.account.as_deref());
        // Ids stand in the events themselves: the requests' own names mean nothing.
        let mut batcher = Batcher::new("import".to_owned(), self.batch, BATCH_BYTES);
        for row in rows::read(from, self.kind) {
            count.records += 1;
            match row.and_then(|row| event(row, &mut identities)) {
                Err(unreadable) => to.blocking_send(Found::Unreadable(unreadable))?,
                Ok(_) if count.records <= self.done => count.before += 1,
                Ok(event) => {
                    if let Some(batch) = batcher.add(count.records, &event) {
                        to.blocking_send(Found::Batch(batch))?;
                    }
                }
            }
        }
        if let Some(batch) = batcher.take() {
            to.blocking_send(Found::Batch(batch))?;
        }
        Ok(count)
    }
}

/// The event that a record becomes, named and written out. Those of earlier runs are named too: names count.
pub(super) fn event(row: Row, identities: &mut Identities<'_>) -> Result<String, Unreadable> {
    let Row { line, kind, fields } = row;
    let event = kinds::event(kind, fields).map_err(|why| Unreadable { line, why })?;
    identities.name(&event).map_err(|error| Unreadable { line, why: error.to_string() })
}

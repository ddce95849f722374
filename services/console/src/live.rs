//! An account's events as they happen, for developers who listen from their own desk.
//!
//! One reader of `events` serves all streams: it starts with the first and ends with the last, reads as nobody's group from
//! the end, and commits nothing (`feed`). What it reads goes into a bounded queue of each stream that wants the type
//! (`room`); each stream runs its own filter and writes at its own pace (`talk`). One that goes on where it stood before
//! reads what it missed by itself, a few such at a time, and joins the others then (`places`).
//!
//! Nothing is lost silently. A stream whose queue is full goes on with what is new once it has emptied it, and is told how
//! many events it missed; one whose place lies too far back, or was deleted, is told that it missed some. A client that
//! takes nothing for a minute is hung up on, and goes on where it stood when it comes again.

mod door;
mod feed;
pub mod places;
mod room;
mod talk;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::{AccountId, Types};
use process::Lifecycle;
use tokio::sync::{Semaphore, mpsc};

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};
use door::Door;
use places::Places;
use room::Room;
use talk::Talk;

/// Which events a stream has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub account: AccountId,
    /// Of which types.
    pub types: Types,
    /// A CEL expression that was found fit.
    pub filter: Option<Arc<str>>,
}

/// What a stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// An event: its type, and itself as a CloudEvent in JSON.
    Event {
        /// Where the stream goes on behind it.
        id: String,
        /// Its type.
        kind: String,
        /// The CloudEvent.
        data: String,
    },
    /// Events that this stream will not have; none is an unknown number.
    Missed {
        /// Where the stream goes on.
        id: String,
        /// How many.
        missed: Option<u64>,
    },
    /// The filter failed, and why.
    FilterFailed(String),
    /// Nothing new; the stream is alive.
    Beat {
        /// Where the stream goes on.
        id: String,
    },
}

/// The streams of one console.
#[derive(Debug)]
pub struct Streams {
    door: Arc<Door>,
    room: Arc<Room>,
    catching_up: Arc<Semaphore>,
    pub(crate) lifecycle: Lifecycle,
}

/// So many streams read for themselves what they missed; others wait until one of them has.
const CATCHING_UP: usize = 4;
/// What is said and not yet written.
const UNWRITTEN: usize = 4;

impl Streams {
    /// None yet; at most `per_account` of one account, and `in_all`. They end at the soft stop.
    pub fn new(per_account: usize, in_all: usize, lifecycle: Lifecycle) -> Self {
        Self {
            door: Arc::new(Door::new(per_account, in_all)),
            room: Arc::default(),
            catching_up: Arc::new(Semaphore::new(CATCHING_UP)),
            lifecycle,
        }
    }
}

/// Opens a stream: from now on, or from where it stood. It ends with the key, the process, or its reader.
///
/// # Errors
/// When there are too many already, or Kafka does not answer.
pub async fn open<W: World>(
    console: &Arc<Console<W>>,
    actor: Actor,
    wanted: Wanted,
    from: Option<Places>,
) -> Result<mpsc::Receiver<Said>, Refusal> {
    let pass = console.streams.door.enter(&wanted.account, &console.telemetry)?;
    let (say, said) = mpsc::channel(UNWRITTEN);
    let talk = Talk::begin(Arc::clone(console), actor, wanted, from, say).await?;
    tokio::spawn(async move {
        talk.run().await;
        drop(pass);
    });
    Ok(said)
}

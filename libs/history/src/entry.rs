//! What is read into the history: the records of its topics, understood.

use std::sync::Arc;

use domain::{DeathReason, Offset, Partition, Timestamp};

use crate::Text;

/// A record that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
    /// When it was written.
    pub timestamp: Timestamp,
    /// What it says; none of a record that nobody understood, which is only stepped over.
    pub entry: Option<Entry>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Something was tried.
    Attempt(Attempt),
    /// Something died.
    DeadLetter(DeadLetter),
    /// Something became of a dead letter; none where that was taken back.
    Disposition(Text, Option<Disposition>),
    /// Somebody did something in the console.
    Audit(Audit),
}

/// An attempt: one POST.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The name under which it was sent: the delivery's, or the batch's.
    pub name: Text,
    /// The webhook.
    pub webhook: Text,
    /// The account.
    pub account: Text,
    /// Which attempt it was, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// The outcome's class: `success`, `timeout-connect`, …
    pub outcome: Text,
    /// The HTTP status.
    pub status: Option<u16>,
    /// When the next one is due.
    pub next_due: Option<Timestamp>,
    /// Whether it was a person's test.
    pub test: bool,
    /// What was sent: one delivery, or a batch's.
    pub members: Vec<Member>,
    /// The record, as it was read.
    pub record: String,
}

/// The outcome's class of what the receiver took.
pub const SUCCESS: &str = "success";

impl Attempt {
    /// Whether the receiver took it.
    pub fn is_success(&self) -> bool {
        self.outcome == SUCCESS
    }
}

/// A delivery in an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The delivery's id.
    pub delivery: Text,
    /// The event's id.
    pub event: Text,
    /// The event's type.
    pub kind: Text,
    /// The mail message's id.
    pub message: Option<Text>,
    /// The mail's recipient.
    pub recipient: Option<Text>,
    /// Where the event stands in `events`: `<partition>-<offset>`.
    pub origin: Option<Text>,
    /// How often it was taken out of the dead letters.
    pub replays: u32,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it stands: `<topic>-<partition>-<offset>`.
    pub place: Text,
    /// When it died.
    pub died_at: Timestamp,
    /// Whether it is an event that was never fanned out: the operator's problem, and no account's.
    pub is_event: bool,
    /// The account; an event that nobody understood may have none.
    pub account: Option<Text>,
    /// The webhook, of a delivery.
    pub webhook: Option<Text>,
    /// What it was to deliver, as far as it says.
    pub delivery: Option<Member>,
    /// The event's id, as far as it says.
    pub event: Option<Text>,
    /// The event's type, as far as it says.
    pub kind: Option<Text>,
    /// Why it died.
    pub reason: DeathReason,
    /// The same in words.
    pub explanation: Text,
    /// Attempts spent.
    pub attempts: u32,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The last error in words.
    pub error: Option<Text>,
}

/// Something that somebody did in the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Its name.
    pub id: Text,
    /// When it was done.
    pub at: Timestamp,
    /// What was done.
    pub action: Text,
    /// Whose things it was done to.
    pub account: Option<Text>,
    /// What it was done to.
    pub object: Option<Text>,
    /// Who did it.
    pub by: Option<Text>,
    /// The record, as it was read.
    pub record: String,
}

/// What became of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// `replayed` or `discarded`.
    pub what: Text,
    /// Who decided.
    pub by: Text,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub note: Option<Text>,
    /// When the letter died that it is about; none of those that do not say.
    pub died: Option<Timestamp>,
}

//! Commits, synchronously and on a thread of their own: of an asynchronous one this client's event interface never tells
//! what became of it, and the thread that polls must not wait.
//!
//! Only what was read of one and the same log is committed. Where a topic is deleted and made again, the client goes on
//! at its old place in the new log, and tells nobody (it knows the topic's new id, and does not begin anew). So before
//! every commit each log is asked whether it still is the one that the commit before was about: see `identity`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::{Epoch, Offset, Timestamp};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::context::{Context, Place};
use super::convert::committed_at;
use super::identity::is_other;

/// How long logs may take to answer. A node that does not answer holds up no commits beyond that.
const ASK: Duration = Duration::from_secs(1);

/// How far a log was read at some moment: every record before that offset is as old as that time or older.
pub(super) type ReadTo = (Offset, Timestamp);

/// What is to be committed of one claim.
pub(super) struct Commit {
    pub(super) epoch: Epoch,
    pub(super) place: Place,
    pub(super) offset: Offset,
    pub(super) metadata: String,
    /// Known of the log that the claim is on; none where it is not known, which is no proof against it.
    pub(super) sure: Option<ReadTo>,
    /// How far the claim is read now, of whichever log.
    pub(super) read: Option<ReadTo>,
}

/// What became of it.
pub(super) struct Answer {
    pub(super) result: Result<(), String>,
    /// Claims whose log is the same as before, and was when they were read so far.
    pub(super) same: Vec<(Epoch, Option<ReadTo>)>,
    /// Claims whose log is another one. Nothing was committed of them.
    pub(super) other: Vec<Epoch>,
}

/// What a log said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    Same,
    Other,
    /// It did not say. Commits go on, but prove nothing.
    Silent,
}

/// Starts the thread. It ends when nobody asks any more.
pub(super) fn start(
    client: Arc<BaseConsumer<Context>>,
) -> KafkaResult<(Sender<Vec<Commit>>, JoinHandle<()>)> {
    let (ask, asked) = std::sync::mpsc::channel();
    let started = std::thread::Builder::new()
        .name("kafka-commit".to_owned())
        .spawn(move || answer_all(&client, &asked))
        .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    Ok((ask, started))
}

fn answer_all(client: &BaseConsumer<Context>, asked: &Receiver<Vec<Commit>>) {
    for commits in asked {
        client.context().answered(answer(client, commits));
    }
}

fn answer(client: &BaseConsumer<Context>, commits: Vec<Commit>) -> Answer {
    let logs = look(client, &commits);
    let (mut same, mut other, mut list) = (Vec::new(), Vec::new(), TopicPartitionList::new());
    for (commit, log) in commits.into_iter().zip(logs) {
        match log {
            Log::Other => {
                other.push(commit.epoch);
                continue;
            }
            Log::Same => same.push((commit.epoch, commit.read)),
            Log::Silent => {}
        }
        let mut element = list.add_partition(&commit.place.0, commit.place.1);
        element.set_metadata(commit.metadata);
        if let Err(error) = element.set_offset(KafkaOffset::Offset(commit.offset.0)) {
            return Answer { result: Err(error.to_string()), same: Vec::new(), other };
        }
    }
    let result = match list.count() {
        0 => Ok(()),
        _ => client.commit(&list, CommitMode::Sync).map_err(|error| error.to_string()),
    };
    if result.is_ok() && list.count() > 0 {
        crate::access::answered();
    }
    Answer { result, same, other }
}

/// Asks each log for its first record that is newer than what the commit before had read of it.
fn look(client: &BaseConsumer<Context>, commits: &[Commit]) -> Vec<Log> {
    let mut list = TopicPartitionList::new();
    for Commit { place: (topic, partition), sure, .. } in commits {
        let Some((_, newest)) = sure else { continue };
        let after = KafkaOffset::Offset(newest.as_millis() + 1);
        if list.add_partition_offset(topic, *partition, after).is_err() {
            return vec![Log::Silent; commits.len()];
        }
    }
    let found = match list.count() {
        0 => TopicPartitionList::new(),
        _ => match client.offsets_for_times(list, ASK) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(kafka.error = %error, "a log cannot be told from another now: what was read is committed");
                return vec![Log::Silent; commits.len()];
            }
        },
    };
    let said = |commit: &Commit| {
        let Some((next, _)) = commit.sure else { return Log::Same };
        match found.find_partition(&commit.place.0, commit.place.1) {
            Some(element) if element.error().is_err() => Log::Silent,
            Some(element) if is_other(next, committed_at(&element)) => Log::Other,
            Some(_) => Log::Same,
            None => Log::Silent,
        }
    };
    commits.iter().map(said).collect()
}

//! Whether a topic may be read, found out by reading where nothing is.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::Instant;

use crate::KafkaSettings;
use crate::places::Places;

/// Whether a topic may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayRead {
    /// It was read.
    Yes,
    /// Kafka refused.
    No,
    /// It could not be found out.
    Unclear(String),
}

/// The end of a topic tells as much as its records, and there are few of them.
const MAX_BYTES: usize = 64 * 1024;
const POLL: Duration = Duration::from_millis(100);

/// Reads at the end of a topic's first partition, in nobody's group: nothing is committed, and nothing is seen.
pub async fn may_read(settings: &KafkaSettings, topic: Arc<str>, patience: Duration) -> MayRead {
    let settings = settings.clone();
    let asked = tokio::task::spawn_blocking(move || try_to_read(&settings, &topic, patience)).await;
    match asked {
        Ok(Ok(may)) => may,
        Ok(Err(why)) => MayRead::Unclear(why),
        Err(error) => MayRead::Unclear(error.to_string()),
    }
}

fn try_to_read(settings: &KafkaSettings, topic: &Arc<str>, patience: Duration) -> Result<MayRead, String> {
    let until = Instant::now() + patience;
    let given_up = move || Instant::now() >= until;
    let places = Places::new(settings, Arc::clone(topic), MAX_BYTES, given_up).map_err(|e| e.to_string())?;
    let first = *places.partitions().map_err(|e| e.to_string())?.first().ok_or("it has no partitions")?;
    let mut end = TopicPartitionList::new();
    end.add_partition_offset(topic, first.0, Offset::End).map_err(|e| e.to_string())?;
    places.client().assign(&end).map_err(|e| e.to_string())?;
    let mut last = "no answer in time".to_owned();
    while Instant::now() < until {
        match places.client().poll(POLL) {
            None => {}
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(MayRead::Yes),
            Some(Err(error)) if refuses(&error) => return Ok(MayRead::No),
            Some(Err(error)) => last = error.to_string(),
        }
    }
    Ok(MayRead::Unclear(last))
}

/// The client also asks for the coordinator of the group that it is in by name only: a refusal of that says nothing of the topic.
fn refuses(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed)
}

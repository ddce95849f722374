//! One batch to ingest, again and again until it is taken or refused for good.

use std::time::Duration;

use anyhow::bail;
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use super::Batch;
use crate::output::safe;
use crate::rest::{Answer, Rest};

/// Sends batches for an account.
#[derive(Clone)]
pub(crate) struct Sender {
    rest: Rest,
    path: String,
    content_type: &'static str,
    patience: Duration,
}

/// A batch that ingest has taken: 202, after Kafka's acknowledgement.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The events' ids, in order.
    pub(crate) ids: Vec<String>,
    /// How often it had to be sent again.
    pub(crate) retries: u32,
}

/// Waits between tries double from this …
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// … to this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How many of the faults in a batch are shown.
const FAULTS_SHOWN: usize = 10;

impl Sender {
    /// Sends through `rest`; an operator's key names the account. Gives up on a batch after `patience`.
    pub(crate) fn new(rest: Rest, account: Option<&str>, patience: Duration) -> Self {
        let query = account.map(|account| {
            let encoded: String = url::form_urlencoded::byte_serialize(account.as_bytes()).collect();
            format!("?account={encoded}")
        });
        let path = format!("/v1/events{}", query.unwrap_or_default());
        Self { rest, path, content_type: "application/json", patience }
    }

    /// Sends CloudEvents, which name themselves, in place of flat records.
    pub(crate) fn of_cloud_events(self) -> Self {
        Self { content_type: "application/cloudevents-batch+json", ..self }
    }

    /// Sends a batch. Where the outcome is unknown (no answer, 503) it is sent again under the same key, so that every
    /// event keeps its id.
    pub(crate) async fn send(&self, batch: &Batch) -> anyhow::Result<Taken> {
        let began = Instant::now();
        let mut retries = 0;
        loop {
            let headers = [("content-type", self.content_type), ("idempotency-key", batch.key.as_str())];
            let answer = self.rest.call(Method::POST, &self.path, &headers, batch.body.clone()).await;
            let trouble = match answer {
                Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                    return Ok(Taken { ids: ids(&answer), retries });
                }
                Ok(answer) if !is_passing(answer.status) => bail!(refusal(&answer, batch)),
                Ok(answer) => Trouble { wait: answer.retry_after(), error: answer.refused().into() },
                Err(error) => Trouble { wait: None, error },
            };
            let wait = trouble.wait.unwrap_or_else(|| backoff(retries));
            if began.elapsed() + wait > self.patience {
                return Err(trouble.error.context(gave_up(retries + 1, batch)));
            }
            tracing::info!(error = %trouble.error, ?wait, "sending again");
            tokio::time::sleep(wait).await;
            retries += 1;
        }
    }
}

/// A try that failed and may be repeated.
struct Trouble {
    wait: Option<Duration>,
    error: anyhow::Error,
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

fn backoff(retries: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << retries.min(16)).min(LONGEST_WAIT)
}

fn ids(answer: &Answer) -> Vec<String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let ids = body["ids"].as_array().into_iter().flatten();
    ids.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn gave_up(tries: u32, batch: &Batch) -> String {
    let run = run_of(&batch.key);
    format!(
        "gave up after {tries} tries (send the same input again with --idempotency-key {run}: ids stay the same)"
    )
}

/// The run that a batch belongs to.
fn run_of(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(run, _)| run)
}

/// Why a batch was refused, with the events' numbers in the input in place of those in the batch.
fn refusal(answer: &Answer, batch: &Batch) -> String {
    let refused = answer.refused();
    let faults = refused.problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![refused.headline()];
    lines.extend(faults.iter().take(FAULTS_SHOWN).map(|fault| {
        let index = fault["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        let number = index.and_then(|index| batch.numbers.get(index));
        let number = number.map_or_else(|| "?".to_owned(), u64::to_string);
        let text = |name: &str| safe(fault[name].as_str().unwrap_or_default());
        format!("  event {number}: {} {}", text("field"), text("message"))
    }));
    if faults.len() > FAULTS_SHOWN {
        lines.push(format!("  and {} more", faults.len() - FAULTS_SHOWN));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn faults_are_named_by_the_events_numbers_in_the_input() {
        let body = br#"{"detail":"2 errors","errors":[{"index":1,"field":"type","message":"is missing"},{"index":9,"field":"x","message":"y"}]}"#;
        let answer = Answer {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            headers: HeaderMap::new(),
            body: body.to_vec(),
        };
        let batch = Batch { key: "k-0".into(), body: Default::default(), numbers: vec![501, 502] };
        assert_eq!(
            refusal(&answer, &batch),
            "422 Unprocessable Entity: 2 errors\n  event 502: type is missing\n  event ?: x y"
        );
    }

    #[test]
    fn waits_grow_to_a_limit() {
        assert_eq!((backoff(0), backoff(1), backoff(40)), (FIRST_WAIT, 2 * FIRST_WAIT, LONGEST_WAIT));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let passing: Vec<_> = (100..600).filter(|s| is_passing(StatusCode::from_u16(*s).unwrap())).collect();
        assert_eq!(passing, [408, 429, 502, 503, 504]);
        assert_eq!(run_of("0198-ab-3"), "0198-ab");
    }
}

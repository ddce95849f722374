//! The stream of events over a connection that may break: it is made again, and goes on where it stood.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::anyhow;
use http::StatusCode;
use tokio::time::timeout;

use super::sse::{Message, Parser};
use crate::rest::{Refused, Rest};

/// The stream.
pub(super) struct Connection {
    rest: Rest,
    path: String,
    open: Option<reqwest::Response>,
    parser: Parser,
    read: VecDeque<Message>,
    last_id: String,
    /// Connections in a row that failed or said nothing.
    tries: u32,
    wait: Duration,
}

/// What happened.
#[derive(Debug)]
pub(super) enum News {
    Said(Message),
    /// The connection broke; it is made again after that time.
    Lost {
        why: String,
        wait: Duration,
    },
    /// It stands again.
    Regained,
}

/// Waits double from this …
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// … to this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The console says something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

impl Connection {
    /// Connects for the first time: whatever goes wrong now is told, and not tried again.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub(super) async fn open(rest: Rest, path: String) -> anyhow::Result<Self> {
        let mut connection = Self {
            rest,
            path,
            open: None,
            parser: Parser::default(),
            read: VecDeque::new(),
            last_id: String::new(),
            tries: 0,
            wait: FIRST_WAIT,
        };
        connection.connect().await?;
        Ok(connection)
    }

    /// What happens next.
    ///
    /// # Errors
    /// When the console refuses for good to go on: the key was revoked, say.
    pub(super) async fn next(&mut self) -> anyhow::Result<News> {
        loop {
            if let Some(message) = self.read.pop_front() {
                return Ok(News::Said(message));
            }
            if self.open.is_some() {
                if let Err(why) = self.read_on().await {
                    self.open = None;
                    let wait = self.next_wait(None);
                    return Ok(News::Lost { why, wait });
                }
                continue;
            }
            tokio::time::sleep(self.wait).await;
            match self.connect().await {
                Ok(()) => return Ok(News::Regained),
                Err(error) if !may_pass(&error) => return Err(error),
                Err(error) => {
                    let wait = self.next_wait(asked_to_wait(&error));
                    return Ok(News::Lost { why: format!("{error:#}"), wait });
                }
            }
        }
    }

    async fn connect(&mut self) -> anyhow::Result<()> {
        let last = self.last_id.clone();
        let headers = [("accept", "text/event-stream"), ("last-event-id", &last)];
        let headers = if last.is_empty() { &headers[..1] } else { &headers[..] };
        self.open = Some(self.rest.open(&self.path, headers).await?);
        self.parser = Parser::default();
        Ok(())
    }

    async fn read_on(&mut self) -> Result<(), String> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let chunk = match timeout(SILENCE, open.chunk()).await {
            Err(_) => return Err(format!("nothing was heard for {} s", SILENCE.as_secs())),
            Ok(Err(error)) => return Err(crate::rest::innermost(&error)),
            Ok(Ok(None)) => return Err("the console ended it".to_owned()),
            Ok(Ok(Some(chunk))) => chunk,
        };
        self.read.extend(self.parser.read(&chunk).map_err(|error| error.to_string())?);
        if !self.parser.last_id().is_empty() {
            self.parser.last_id().clone_into(&mut self.last_id);
            self.tries = 0;
        }
        Ok(())
    }

    fn next_wait(&mut self, asked: Option<Duration>) -> Duration {
        self.wait = wait(self.tries, rand::random::<f64>()).max(asked.unwrap_or_default());
        self.tries += 1;
        self.wait
    }
}

/// Half of it by chance, so that those who were cut off together do not come back together.
fn wait(tries: u32, chance: f64) -> Duration {
    FIRST_WAIT.saturating_mul(1 << tries.min(16)).min(LONGEST_WAIT).mul_f64(0.5 + chance / 2.0)
}

/// What is no refusal was no answer.
fn may_pass(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_none_or(|refused| {
        refused.status.is_server_error()
            || matches!(refused.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    })
}

fn asked_to_wait(error: &anyhow::Error) -> Option<Duration> {
    error.downcast_ref::<Refused>().and_then(|refused| refused.retry_after)
}

/// What a message that is not understood was.
pub(super) fn not_understood(message: &Message) -> anyhow::Error {
    anyhow!(
        "the console said something that is not understood: {}",
        crate::output::clipped(&message.data, 200)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_are_spread() {
        assert_eq!((wait(0, 1.0), wait(1, 1.0), wait(40, 1.0)), (FIRST_WAIT, 2 * FIRST_WAIT, LONGEST_WAIT));
        assert_eq!(wait(40, 0.0), LONGEST_WAIT / 2);
    }
}

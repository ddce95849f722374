//! Requests that may be said again: of all that go by one name the first is done, and the others get its answer.
//!
//! Whoever does it holds a lease. One that ran out without an answer was a console that died: the request is free again.

use std::time::Duration;

use domain::Timestamp;
use sqlx::FromRow;

use crate::{Error, History};

/// A request that asks for its turn.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What makes it the same one when it is said again.
    pub name: &'a str,
    /// What tells it from others of that name.
    pub fingerprint: &'a str,
    /// Who would do it now.
    pub owner: &'a str,
}

/// What a request finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the first: to be done, and answered by [`History::answer_turn`] or given up.
    Ours,
    /// Another with this fingerprint is being done.
    Running(String),
    /// Another with this fingerprint was answered.
    Answered(String, Answer),
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Answer {
    /// The HTTP status.
    pub status: i64,
    /// Its headers, in the console's own words.
    pub headers: String,
    /// The key that sealed the body.
    pub sealed_by: String,
    /// The body, sealed.
    pub body: String,
}

#[derive(FromRow)]
struct Row {
    fingerprint: String,
    status: Option<i64>,
    headers: Option<String>,
    sealed_by: Option<String>,
    body: Option<String>,
}

impl Row {
    fn answer(self) -> Option<Answer> {
        let Self { status, headers, sealed_by, body, .. } = self;
        Some(Answer { status: status?, headers: headers?, sealed_by: sealed_by?, body: body? })
    }
}

impl History {
    /// Takes a request's turn, unless another of its name has had it. Of two that come at once, one gets it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_turn(
        &self,
        now: Timestamp,
        request: Request<'_>,
        lease: Duration,
        keep: Duration,
    ) -> Result<Turn, Error> {
        let taken = sqlx::query(
            "INSERT INTO idempotency (name, fingerprint, owner, leased_until, expires_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, owner = excluded.owner,
                 leased_until = excluded.leased_until, expires_at = excluded.expires_at,
                 status = NULL, headers = NULL, sealed_by = NULL, body = NULL
             WHERE idempotency.expires_at <= $6 OR (idempotency.status IS NULL AND idempotency.leased_until <= $6)",
        );
        let taken = taken.bind(request.name).bind(request.fingerprint).bind(request.owner);
        let taken =
            taken.bind((now + lease).as_millis()).bind((now + keep).as_millis()).bind(now.as_millis());
        if taken.execute(self.pool()).await?.rows_affected() == 1 {
            return Ok(Turn::Ours);
        }
        let found = sqlx::query_as(
            "SELECT fingerprint, status, headers, sealed_by, body FROM idempotency WHERE name = $1",
        );
        let found: Option<Row> = found.bind(request.name).fetch_optional(self.pool()).await?;
        // What was given up just now is free for who asks next.
        let Some(row) = found else { return Ok(Turn::Running(request.fingerprint.to_owned())) };
        let fingerprint = row.fingerprint.clone();
        Ok(match row.answer() {
            Some(answer) => Turn::Answered(fingerprint, answer),
            None => Turn::Running(fingerprint),
        })
    }

    /// Keeps an answer, for those who ask again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn answer_turn(&self, request: Request<'_>, answer: &Answer) -> Result<(), Error> {
        let kept = sqlx::query(
            "UPDATE idempotency SET status = $1, headers = $2, sealed_by = $3, body = $4
             WHERE name = $5 AND owner = $6",
        );
        let kept = kept.bind(answer.status).bind(&answer.headers).bind(&answer.sealed_by).bind(&answer.body);
        kept.bind(request.name).bind(request.owner).execute(self.pool()).await?;
        Ok(())
    }

    /// Leaves a turn to who asks next: nothing was answered that is to be said again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn give_up_turn(&self, request: Request<'_>) -> Result<(), Error> {
        let gone = sqlx::query("DELETE FROM idempotency WHERE name = $1 AND owner = $2");
        gone.bind(request.name).bind(request.owner).execute(self.pool()).await?;
        Ok(())
    }
}

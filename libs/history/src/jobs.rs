//! Jobs: what people set going and does not end at once, such as a backfill. A job belongs to an account, outlives the
//! console that works on it, and says how far it is.
//!
//! Whoever works on a job holds a lease, and extends it with each report. A lease that ran out is another console's to
//! take: what the last report said was done need not be done again, what came after it may be.

use std::time::Duration;

use domain::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use crate::{Error, History};

/// A job to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Unique for ever.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// The webhook it is about; at most one job of a kind at a time for a webhook.
    pub webhook: Option<String>,
    /// What is to be done: `backfill`, …
    pub kind: String,
    /// What exactly, in the kind's own words.
    pub request: Value,
    /// The id of the key that asked for it.
    pub asked_by: String,
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What was asked for.
    pub asked: NewJob,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, in the kind's own words; `null` until the first report.
    pub progress: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last said something.
    pub updated_at: Timestamp,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Nobody has begun.
    Waiting,
    /// Somebody works on it.
    Running,
    /// It is done.
    Done,
    /// It could not be done.
    Failed,
    /// Somebody did not want it any more.
    Cancelled,
}

impl JobState {
    const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// Whether who works on a job shall go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Go on.
    Held,
    /// It was cancelled, or is another's by now: stop.
    Lost,
}

impl History {
    /// Adds a job.
    ///
    /// # Errors
    /// [`Error::Busy`] when one of its kind for the same webhook has not ended.
    pub async fn add_job(&self, now: Timestamp, job: NewJob) -> Result<Job, Error> {
        let mut transaction = self.begin().await?;
        let added = sqlx::query(
            "INSERT INTO jobs (id, account, webhook, kind, request, asked_by, state, progress, leased_until, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 'null', 0, $7, $7) ON CONFLICT DO NOTHING",
        )
        .bind(&job.id)
        .bind(&job.account)
        .bind(&job.webhook)
        .bind(&job.kind)
        .bind(job.request.to_string())
        .bind(&job.asked_by)
        .bind(now.as_millis())
        .execute(&mut *transaction)
        .await?;
        if added.rows_affected() == 0 {
            let busy: Option<(String,)> = sqlx::query_as(
                "SELECT id FROM jobs WHERE kind = $1 AND webhook = $2 AND state IN ('waiting', 'running')",
            )
            .bind(&job.kind)
            .bind(&job.webhook)
            .fetch_optional(&mut *transaction)
            .await?;
            return Err(Error::Busy(busy.map_or(job.id, |(id,)| id)));
        }
        transaction.commit().await?;
        let progress = Value::Null;
        Ok(Job {
            asked: job,
            state: JobState::Waiting,
            progress,
            error: None,
            created_at: now,
            updated_at: now,
        })
    }

    /// A job, whoever's it is: the caller looks at its account.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, Error> {
        Ok(sqlx::query_as("SELECT * FROM jobs WHERE id = $1").bind(id).fetch_optional(self.pool()).await?)
    }

    /// The latest jobs of an account, or of all of them, of one webhook if it is given, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn jobs(
        &self,
        account: Option<&str>,
        webhook: Option<&str>,
        most: u32,
    ) -> Result<Vec<Job>, Error> {
        let found = sqlx::query_as(
            "SELECT * FROM jobs WHERE ($1 IS NULL OR account = $1) AND ($2 IS NULL OR webhook = $2)
             ORDER BY created_at DESC, id DESC LIMIT $3",
        );
        Ok(found.bind(account).bind(webhook).bind(i64::from(most)).fetch_all(self.pool()).await?)
    }

    /// Takes the oldest job of these kinds that nobody works on, for so long. A console leaves those of a later version
    /// alone, whose kinds it does not know.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_job(
        &self,
        now: Timestamp,
        owner: &str,
        kinds: &[&str],
        lease: Duration,
    ) -> Result<Option<Job>, Error> {
        // Neither database takes a list that the other one does.
        let kinds = format!(",{},", kinds.join(","));
        let claimed = sqlx::query_as(
            "UPDATE jobs SET state = 'running', owner = $1, leased_until = $2, updated_at = $3
             WHERE id = (SELECT id FROM jobs WHERE (state = 'waiting' OR (state = 'running' AND leased_until < $3))
                           AND $4 LIKE '%,' || kind || ',%'
                         ORDER BY created_at, id LIMIT 1)
               AND (state = 'waiting' OR leased_until < $3)
             RETURNING *",
        );
        let claimed = claimed.bind(owner).bind((now + lease).as_millis()).bind(now.as_millis()).bind(kinds);
        Ok(claimed.fetch_optional(self.pool()).await?)
    }

    /// Says how far a job is, and holds it for so long again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report_job(
        &self,
        now: Timestamp,
        (id, owner): (&str, &str),
        progress: &Value,
        lease: Duration,
    ) -> Result<Lease, Error> {
        let told = sqlx::query(
            "UPDATE jobs SET progress = $1, leased_until = $2, updated_at = $3
             WHERE id = $4 AND owner = $5 AND state = 'running'",
        );
        let told = told.bind(progress.to_string()).bind((now + lease).as_millis()).bind(now.as_millis());
        let told = told.bind(id).bind(owner).execute(self.pool()).await?;
        Ok(if told.rows_affected() == 1 { Lease::Held } else { Lease::Lost })
    }

    /// Ends a job: done, or failed for a reason.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_job(
        &self,
        now: Timestamp,
        (id, owner): (&str, &str),
        progress: &Value,
        outcome: Result<(), &str>,
    ) -> Result<Lease, Error> {
        let state = if outcome.is_ok() { JobState::Done } else { JobState::Failed };
        let told = sqlx::query(
            "UPDATE jobs SET state = $1, progress = $2, error = $3, updated_at = $4
             WHERE id = $5 AND owner = $6 AND state = 'running'",
        );
        let told =
            told.bind(state.as_str()).bind(progress.to_string()).bind(outcome.err()).bind(now.as_millis());
        let told = told.bind(id).bind(owner).execute(self.pool()).await?;
        Ok(if told.rows_affected() == 1 { Lease::Held } else { Lease::Lost })
    }

    /// Gives a job back before its lease runs out, for the next to take: what a console does that stops.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn release_job(
        &self,
        now: Timestamp,
        (id, owner): (&str, &str),
        progress: &Value,
    ) -> Result<(), Error> {
        let told = sqlx::query(
            "UPDATE jobs SET state = 'waiting', owner = NULL, progress = $1, updated_at = $2
             WHERE id = $3 AND owner = $4 AND state = 'running'",
        );
        told.bind(progress.to_string())
            .bind(now.as_millis())
            .bind(id)
            .bind(owner)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Cancels a job that has not ended. Who works on it is told with its next report.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cancel_job(&self, now: Timestamp, id: &str) -> Result<bool, Error> {
        let told = sqlx::query(
            "UPDATE jobs SET state = 'cancelled', updated_at = $1 WHERE id = $2 AND state IN ('waiting', 'running')",
        );
        Ok(told.bind(now.as_millis()).bind(id).execute(self.pool()).await?.rows_affected() == 1)
    }

    /// Forgets jobs that ended before a time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_jobs(&self, before: Timestamp) -> Result<u64, Error> {
        let gone = sqlx::query(
            "DELETE FROM jobs WHERE updated_at < $1 AND state IN ('done', 'failed', 'cancelled')",
        );
        Ok(gone.bind(before.as_millis()).execute(self.pool()).await?.rows_affected())
    }
}

impl FromRow<'_, AnyRow> for Job {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let json = |column: &str| {
            let text: String = row.try_get(column)?;
            serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))
        };
        let state: String = row.try_get("state")?;
        let state = JobState::ALL.into_iter().find(|known| known.as_str() == state);
        Ok(Self {
            asked: NewJob {
                id: row.try_get("id")?,
                account: row.try_get("account")?,
                webhook: row.try_get("webhook")?,
                kind: row.try_get("kind")?,
                request: json("request")?,
                asked_by: row.try_get("asked_by")?,
            },
            state: state.ok_or_else(|| sqlx::Error::Decode("a job in a state that we do not know".into()))?,
            progress: json("progress")?,
            error: row.try_get("error")?,
            created_at: Timestamp::from_millis(row.try_get("created_at")?),
            updated_at: Timestamp::from_millis(row.try_get("updated_at")?),
        })
    }
}

//! What is too old, or too much, is deleted: in small slices, so that nobody waits for it.

use std::time::Duration;

use domain::Timestamp;
use sqlx::AssertSqlSafe;

use crate::erase::remove;
use crate::statement::places;
use crate::{Error, History};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// How long attempts, deliveries and dead letters are.
    pub retention: Duration,
    /// How many attempts are, at most.
    pub max_attempts: u64,
    /// How long is kept who did what in the console.
    pub audit: Duration,
}

/// What is deleted by time: a table, and its column with the time.
const AGING: [(&str, &str); 5] = [
    ("attempts", "started_at"),
    ("batches", "at"),
    ("deliveries", "last_at"),
    ("dead_letters", "died_at"),
    ("dispositions", "decided_at"),
];
/// Rows in a slice, about.
const SLICE: i64 = 500;
/// How long the roll-ups of an hour are kept.
const HOURS: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long jobs are kept that have ended.
const JOBS: Duration = Duration::from_secs(30 * 24 * 3600);

impl History {
    /// Deletes what is not to be kept any more, slice after slice; between two of them others have their turn. Says how many
    /// rows are gone.
    ///
    /// # Errors
    /// When the database does not answer; what is gone by then stays gone.
    pub async fn trim(&self, now: Timestamp, keep: Keep) -> Result<u64, Error> {
        let too_old = now - keep.retention;
        let before = self.surplus(keep.max_attempts).await?.map_or(too_old, |surplus| surplus.max(too_old));
        let mut gone = 0;
        for (table, time) in AGING {
            gone += self.forget(table, time, before).await?;
        }
        for sums in ["hours", "volumes"] {
            gone += self.forget(sums, "hour", now - HOURS).await?;
        }
        gone += self.forget("audit", "at", now - keep.audit).await?;
        gone += self.forget("idempotency", "expires_at", now).await?;
        gone += self.forget_jobs(now - JOBS).await?;
        self.forget_sessions(now).await?;
        Ok(gone)
    }

    /// Deletes what an account does not want to be kept any more: its deliveries whose last word is older, with their
    /// attempts, and its dead letters, slice after slice. Says how many rows are gone.
    ///
    /// # Errors
    /// When the database does not answer; what is gone by then stays gone.
    pub async fn trim_account(&self, account: &str, before: Timestamp) -> Result<u64, Error> {
        let mut gone = 0;
        loop {
            let mut transaction = self.begin().await?;
            let found: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT id FROM deliveries WHERE account = $1 AND first_at < $2 AND last_at < $2 LIMIT {SLICE}"
            )))
            .bind(account)
            .bind(before.as_millis())
            .fetch_all(&mut *transaction)
            .await?;
            let ids: Vec<&str> = found.iter().map(|(id,)| id.as_str()).collect();
            if ids.is_empty() {
                break;
            }
            let batches = format!(
                "DELETE FROM attempts WHERE started_at < ${} AND delivery IN
                 (SELECT batch FROM batches WHERE delivery IN ({}))",
                ids.len() + 1,
                places(1..ids.len() + 1)
            );
            let batches = ids.iter().fold(sqlx::query(AssertSqlSafe(batches)), |query, id| query.bind(*id));
            let batches = batches.bind(before.as_millis()).execute(&mut *transaction).await?;
            let removed = remove(&mut transaction, &ids).await?;
            transaction.commit().await?;
            gone += batches.rows_affected() + removed.attempts + removed.dead_letters + removed.deliveries;
        }
        let letters = sqlx::query("DELETE FROM dead_letters WHERE account = $1 AND died_at < $2");
        let letters = letters.bind(account).bind(before.as_millis()).execute(self.pool()).await?;
        Ok(gone + letters.rows_affected())
    }

    /// Where there are more attempts than are kept: the time before which the surplus lies.
    async fn surplus(&self, max: u64) -> Result<Option<Timestamp>, Error> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM attempts").fetch_one(self.pool()).await?;
        if count <= max {
            return Ok(None);
        }
        let oldest_kept: Option<(i64,)> =
            sqlx::query_as("SELECT started_at FROM attempts ORDER BY started_at LIMIT 1 OFFSET $1")
                .bind(count - max)
                .fetch_optional(self.pool())
                .await?;
        Ok(oldest_kept.map(|(at,)| Timestamp::from_millis(at)))
    }

    async fn forget(&self, table: &str, time: &str, before: Timestamp) -> Result<u64, Error> {
        let end =
            format!("SELECT {time} FROM {table} WHERE {time} < $1 ORDER BY {time} LIMIT 1 OFFSET {SLICE}");
        let delete = format!("DELETE FROM {table} WHERE {time} < $1");
        let mut gone = 0;
        loop {
            let end: Option<(i64,)> = sqlx::query_as(AssertSqlSafe(end.clone()))
                .bind(before.as_millis())
                .fetch_optional(self.pool())
                .await?;
            // Rows of one moment go together.
            let until = end.map_or(before.as_millis(), |(at,)| (at + 1).min(before.as_millis()));
            let slice = sqlx::query(AssertSqlSafe(delete.clone())).bind(until);
            gone += slice.execute(self.pool()).await?.rows_affected();
            if end.is_none() {
                return Ok(gone);
            }
            tokio::task::yield_now().await;
        }
    }
}

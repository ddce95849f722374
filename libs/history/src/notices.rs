//! Notices: what accounts were told about their webhooks, so that nobody is told twice, or too often.

use std::time::Duration;

use domain::Timestamp;

use crate::{Error, History};

impl History {
    /// Takes it upon the caller to tell a webhook's account something: whether it is the caller's to do. It is not where
    /// that was told before, or something else so shortly ago.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_notice(
        &self,
        webhook: &str,
        what: &str,
        now: Timestamp,
        apart: Duration,
    ) -> Result<bool, Error> {
        let claimed = sqlx::query(
            "INSERT INTO notices (webhook, told, told_at) VALUES ($1, $2, $3)
             ON CONFLICT (webhook) DO UPDATE SET told = excluded.told, told_at = excluded.told_at
             WHERE notices.told <> excluded.told AND notices.told_at <= $4",
        )
        .bind(webhook)
        .bind(what)
        .bind(now.as_millis())
        .bind((now - apart).as_millis())
        .execute(self.pool())
        .await?;
        Ok(claimed.rows_affected() > 0)
    }

    /// It could not be told: somebody may try again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdraw_notice(&self, webhook: &str, what: &str) -> Result<(), Error> {
        let withdrawn = sqlx::query("DELETE FROM notices WHERE webhook = $1 AND told = $2");
        withdrawn.bind(webhook).bind(what).execute(self.pool()).await?;
        Ok(())
    }
}

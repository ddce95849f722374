//! Who is signed in on the pages, and links that sign somebody in once.
//!
//! What names a session (a cookie) or a link is kept as a hash: whoever reads the database cannot be anybody.

use domain::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use crate::{Error, History};

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The cookie's hash.
    pub id_hash: String,
    /// Who it is, in the console's own words.
    pub subject: Value,
    /// What forms must carry.
    pub csrf: String,
    /// When it began.
    pub created_at: Timestamp,
    /// From when on it is over.
    pub expires_at: Timestamp,
}

impl History {
    /// Signs somebody in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_session(&self, session: &Session) -> Result<(), Error> {
        let added = sqlx::query(
            "INSERT INTO sessions (id_hash, subject, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        );
        let added = added.bind(&session.id_hash).bind(session.subject.to_string()).bind(&session.csrf);
        let (from, to) = (session.created_at.as_millis(), session.expires_at.as_millis());
        added.bind(from).bind(to).execute(self.pool()).await?;
        Ok(())
    }

    /// The session of a cookie, unless it is over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(&self, id_hash: &str, now: Timestamp) -> Result<Option<Session>, Error> {
        let found = sqlx::query_as("SELECT * FROM sessions WHERE id_hash = $1 AND expires_at > $2");
        Ok(found.bind(id_hash).bind(now.as_millis()).fetch_optional(self.pool()).await?)
    }

    /// Signs somebody out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_session(&self, id_hash: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM sessions WHERE id_hash = $1").bind(id_hash).execute(self.pool()).await?;
        Ok(())
    }

    /// Keeps a link until it is used.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_link(
        &self,
        token_hash: &str,
        subject: &Value,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        let added =
            sqlx::query("INSERT INTO portal_links (token_hash, subject, expires_at) VALUES ($1, $2, $3)");
        added
            .bind(token_hash)
            .bind(subject.to_string())
            .bind(expires_at.as_millis())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Whom a link would sign in, without using it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn peek_link(&self, token_hash: &str, now: Timestamp) -> Result<Option<Value>, Error> {
        let found =
            sqlx::query_as("SELECT subject FROM portal_links WHERE token_hash = $1 AND expires_at > $2");
        let found: Option<(String,)> =
            found.bind(token_hash).bind(now.as_millis()).fetch_optional(self.pool()).await?;
        found.map(|(subject,)| read(&subject)).transpose()
    }

    /// Uses a link up: of two who come at once, one gets it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_link(&self, token_hash: &str, now: Timestamp) -> Result<Option<Value>, Error> {
        let taken = sqlx::query_as(
            "DELETE FROM portal_links WHERE token_hash = $1 AND expires_at > $2 RETURNING subject",
        );
        let taken: Option<(String,)> =
            taken.bind(token_hash).bind(now.as_millis()).fetch_optional(self.pool()).await?;
        taken.map(|(subject,)| read(&subject)).transpose()
    }

    /// Forgets what is over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_sessions(&self, now: Timestamp) -> Result<(), Error> {
        let over = now.as_millis();
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(over).execute(self.pool()).await?;
        sqlx::query("DELETE FROM portal_links WHERE expires_at <= $1")
            .bind(over)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

fn read(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Unreadable(error.to_string()))
}

impl FromRow<'_, AnyRow> for Session {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let subject: String = row.try_get("subject")?;
        Ok(Self {
            id_hash: row.try_get("id_hash")?,
            subject: serde_json::from_str(&subject).map_err(|error| sqlx::Error::Decode(error.into()))?,
            csrf: row.try_get("csrf")?,
            created_at: Timestamp::from_millis(row.try_get("created_at")?),
            expires_at: Timestamp::from_millis(row.try_get("expires_at")?),
        })
    }
}

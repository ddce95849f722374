//! How much each account does, hour by hour: what is asked for all accounts at once, however many webhooks they have.

use std::collections::BTreeMap;

use domain::Timestamp;
use sqlx::AnyConnection;

use crate::hours::{Count, count, hour_of};
use crate::statement::Insert;
use crate::{Error, History, Text};

/// An account, and an hour: its beginning, in milliseconds since the epoch.
pub(crate) type Place = (Text, i64);

/// The place of an attempt.
pub(crate) fn place(account: &Text, at: Timestamp) -> Place {
    (account.clone(), hour_of(at))
}

impl History {
    /// How many attempts each account had from the hour of a time on, by how they ended: successes, failures. Accounts without
    /// any are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn volumes(&self, since: Timestamp) -> Result<BTreeMap<String, (u64, u64)>, Error> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT account, CAST(SUM(successes) AS BIGINT), CAST(SUM(failures) AS BIGINT)
             FROM volumes WHERE hour >= $1 GROUP BY account",
        )
        .bind(hour_of(since))
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(account, good, bad)| (account, (count(good), count(bad)))).collect())
    }
}

/// Adds to what was counted before.
pub(crate) async fn write(
    connection: &mut AnyConnection,
    places: &BTreeMap<Place, Count>,
) -> Result<(), Error> {
    let insert = Insert {
        into: "volumes (account, hour, successes, failures)",
        columns: 4,
        conflict: "ON CONFLICT (account, hour) DO UPDATE SET
            successes = volumes.successes + excluded.successes, failures = volumes.failures + excluded.failures",
    };
    let rows: Vec<_> = places.iter().collect();
    insert
        .run(connection, &rows, |query, ((account, hour), count)| {
            query.bind(&**account).bind(*hour).bind(count.successes).bind(count.failures)
        })
        .await
}

//! Erasing a person: what the history holds of a mail's recipient.

use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::statement::places;
use crate::{Error, History};

/// How many rows are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Deliveries of events about the recipient.
    pub deliveries: u64,
    /// Their attempts.
    pub attempts: u64,
    /// Attempts of batches that hold other deliveries, too: only the recipient is gone from them.
    pub batches: u64,
    /// Their dead letters.
    pub dead_letters: u64,
}

/// Deliveries in one transaction.
const SLICE: usize = 500;

impl History {
    /// Erases what is known of an account's mails to a recipient, whichever way the address is written, slice after slice.
    /// Hours' statistics stay: nobody can be told from them.
    ///
    /// # Errors
    /// When the database does not answer; what is gone by then stays gone.
    pub async fn erase_recipient(&self, account: &str, recipient: &str) -> Result<Erased, Error> {
        let mut erased = Erased::default();
        loop {
            let mut transaction = self.begin().await?;
            let found: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT id FROM deliveries WHERE account = $1 AND LOWER(recipient) = LOWER($2) LIMIT {SLICE}"
            )))
            .bind(account)
            .bind(recipient)
            .fetch_all(&mut *transaction)
            .await?;
            let ids: Vec<&str> = found.iter().map(|(id,)| id.as_str()).collect();
            if ids.is_empty() {
                return Ok(erased);
            }
            erased.batches += blank(&mut transaction, &ids, recipient).await?;
            let gone = remove(&mut transaction, &ids).await?;
            erased.attempts += gone.attempts;
            erased.dead_letters += gone.dead_letters;
            erased.deliveries += gone.deliveries;
            transaction.commit().await?;
        }
    }
}

/// Deletes deliveries with their own attempts and their dead letters. Attempts of batches stay.
pub(crate) async fn remove(connection: &mut AnyConnection, ids: &[&str]) -> Result<Erased, Error> {
    delete(connection, "batches", "delivery", ids).await?;
    Ok(Erased {
        attempts: delete(connection, "attempts", "delivery", ids).await?,
        dead_letters: delete(connection, "dead_letters", "delivery", ids).await?,
        deliveries: delete(connection, "deliveries", "id", ids).await?,
        batches: 0,
    })
}

/// Takes a recipient out of the attempts of the batches that these deliveries were sent in. Says how many there are.
async fn blank(connection: &mut AnyConnection, ids: &[&str], recipient: &str) -> Result<u64, Error> {
    let text = format!(
        "SELECT delivery, started_at, number, record FROM attempts
         WHERE delivery IN (SELECT batch FROM batches WHERE delivery IN ({}))",
        places(1..ids.len() + 1)
    );
    let asked = sqlx::query_as(AssertSqlSafe(text));
    let asked = ids.iter().fold(asked, |asked, id| asked.bind(*id));
    let rows: Vec<(String, i64, i64, String)> = asked.fetch_all(&mut *connection).await?;
    let mut blanked = 0;
    for (delivery, started_at, number, record) in rows {
        let Ok(mut record) = serde_json::from_str::<Value>(&record) else { continue };
        if !forget(&mut record, recipient) {
            continue;
        }
        sqlx::query(
            "UPDATE attempts SET record = $1 WHERE delivery = $2 AND started_at = $3 AND number = $4",
        )
        .bind(record.to_string())
        .bind(delivery)
        .bind(started_at)
        .bind(number)
        .execute(&mut *connection)
        .await?;
        blanked += 1;
    }
    Ok(blanked)
}

/// Takes a recipient out of an attempt's record and its members'. Says whether it stood there.
fn forget(record: &mut Value, recipient: &str) -> bool {
    let of = |member: &mut Value| {
        let Some(member) = member.as_object_mut() else { return false };
        let stands = member.get("recipient").and_then(Value::as_str);
        let stands = stands.is_some_and(|it| it.eq_ignore_ascii_case(recipient));
        if stands {
            member.remove("recipient");
        }
        stands
    };
    let mut stood = of(record);
    for member in record.get_mut("members").and_then(Value::as_array_mut).into_iter().flatten() {
        stood |= of(member);
    }
    stood
}

async fn delete(
    connection: &mut AnyConnection,
    table: &str,
    column: &str,
    ids: &[&str],
) -> Result<u64, Error> {
    let text = format!("DELETE FROM {table} WHERE {column} IN ({})", places(1..ids.len() + 1));
    let deleted = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(*id));
    Ok(deleted.execute(&mut *connection).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_recipient_is_taken_out_of_a_batch_and_others_stay() {
        let mut record = json!({"delivery": "b", "recipient": "A@example.com", "members": [
            {"delivery": "d1", "recipient": "a@example.com"}, {"delivery": "d2", "recipient": "b@example.com"}]});
        assert!(forget(&mut record, "a@example.com"));
        let left = json!({"delivery": "b", "members": [{"delivery": "d1"}, {"delivery": "d2", "recipient": "b@example.com"}]});
        assert_eq!(record, left);
        assert!(!forget(&mut record, "a@example.com"));
    }
}

//! How far each partition is in the database. The row is locked by whoever advances it, to the end of its transaction: of two
//! consoles that read the same record one writes it, and the other finds it written.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Offset, Partition, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::row::Columns;
use crate::{Error, History};

/// A partition of a topic.
pub type Place = (Arc<str>, Partition);

/// How far a partition is in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Every record before this offset is.
    pub next: Offset,
    /// When the newest of them was written.
    pub newest: Timestamp,
}

impl Position {
    /// Nothing is in the database.
    const START: Self = Self { next: Offset(0), newest: Timestamp::from_millis(i64::MIN) };

    /// Takes a record in; false if it was before. A topic that was deleted and made again begins anew, and its records are
    /// newer than whatever was read of the old one.
    pub(crate) fn takes(&mut self, offset: Offset, written: Timestamp) -> bool {
        let is_new = offset >= self.next || written > self.newest;
        if is_new {
            *self = Self { next: offset.next(), newest: self.newest.max(written) };
        }
        is_new
    }
}

impl History {
    /// How far each partition is that was ever read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn positions(&self) -> Result<BTreeMap<Place, Position>, Error> {
        let rows =
            sqlx::query("SELECT topic, part, next, newest FROM positions").fetch_all(self.pool()).await?;
        let read = |row: &AnyRow| {
            let row = Columns(row);
            let place = (Arc::from(&*row.text("topic")?), Partition(row.count("part")?));
            let position = Position { next: Offset(row.number("next")?), newest: row.time("newest")? };
            Ok::<_, sqlx::Error>((place, position))
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

/// Locks a partition's row, and says how far it is.
pub(crate) async fn lock(connection: &mut AnyConnection, place: &Place) -> Result<Position, Error> {
    let (topic, part) = (&*place.0, i64::from(place.1.0));
    let lock = "UPDATE positions SET next = next WHERE topic = $1 AND part = $2 RETURNING next, newest";
    let locked = async |connection: &mut AnyConnection| {
        sqlx::query_as::<_, (i64, i64)>(lock).bind(topic).bind(part).fetch_optional(connection).await
    };
    let row = match locked(&mut *connection).await? {
        Some(row) => Some(row),
        None => {
            let begin = "INSERT INTO positions (topic, part, next, newest) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            let Position { next, newest } = Position::START;
            let begin = sqlx::query(begin).bind(topic).bind(part).bind(next.0).bind(newest.as_millis());
            begin.execute(&mut *connection).await?;
            locked(&mut *connection).await?
        }
    };
    let (next, newest) = row.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Position { next: Offset(next), newest: Timestamp::from_millis(newest) })
}

/// Writes how far a locked partition is now.
pub(crate) async fn advance(
    connection: &mut AnyConnection,
    place: &Place,
    to: Position,
) -> Result<(), Error> {
    let advance = sqlx::query("UPDATE positions SET next = $1, newest = $2 WHERE topic = $3 AND part = $4");
    let advance = advance.bind(to.next.0).bind(to.newest.as_millis());
    advance.bind(&*place.0).bind(i64::from(place.1.0)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_record_is_taken_once_and_a_gap_is_none_of_ours() {
        let mut position = Position::START;
        assert!(position.takes(Offset(0), at(5)));
        assert!(!position.takes(Offset(0), at(5)));
        assert!(position.takes(Offset(9), at(4)), "compaction leaves gaps, and clocks differ");
        assert!(!position.takes(Offset(7), at(5)));
        assert_eq!(position, Position { next: Offset(10), newest: at(5) });
    }

    #[test]
    fn a_topic_made_anew_is_read_from_its_beginning() {
        let mut position = Position { next: Offset(1000), newest: at(50) };
        assert!(position.takes(Offset(0), at(60)));
        assert!(position.takes(Offset(1), at(60)));
        assert!(!position.takes(Offset(0), at(60)));
    }
}

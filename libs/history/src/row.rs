//! Reading a row's columns into what they mean.

use domain::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::Text;

/// A row.
pub(crate) struct Columns<'r>(pub(crate) &'r AnyRow);

type Read<T> = Result<T, sqlx::Error>;

impl Columns<'_> {
    pub(crate) fn text(&self, column: &str) -> Read<Text> {
        Ok(self.0.try_get::<String, _>(column)?.into())
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Read<Option<Text>> {
        Ok(self.0.try_get::<Option<String>, _>(column)?.map(Text::from))
    }

    pub(crate) fn number(&self, column: &str) -> Read<i64> {
        self.0.try_get(column)
    }

    pub(crate) fn flag(&self, column: &str) -> Read<bool> {
        Ok(self.number(column)? != 0)
    }

    pub(crate) fn count<N: TryFrom<i64> + Default>(&self, column: &str) -> Read<N> {
        Ok(N::try_from(self.number(column)?).unwrap_or_default())
    }

    pub(crate) fn time(&self, column: &str) -> Read<Timestamp> {
        Ok(Timestamp::from_millis(self.number(column)?))
    }

    pub(crate) fn maybe_time(&self, column: &str) -> Read<Option<Timestamp>> {
        Ok(self.0.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
    }

    /// An HTTP status.
    pub(crate) fn status(&self) -> Read<Option<u16>> {
        Ok(self.0.try_get::<Option<i64>, _>("status")?.and_then(|status| u16::try_from(status).ok()))
    }
}

/// What is no value of ours.
pub(crate) fn unknown(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} that this version does not know").into())
}

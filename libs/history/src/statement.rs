//! Statements whose text depends on how much there is to say. The text is ours alone: whatever comes from outside is bound.

use std::fmt::Write as _;
use std::ops::Range;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use crate::Error;

pub(crate) type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

/// An `INSERT` of many rows at once.
pub(crate) struct Insert {
    /// `table (column, …)`.
    pub(crate) into: &'static str,
    /// How many columns.
    pub(crate) columns: usize,
    /// What to do about rows that are there already: `ON CONFLICT …`.
    pub(crate) conflict: &'static str,
}

/// Rows in one statement: few different texts, so that the database knows them again, and not many rows, since the driver
/// looks up the name of each variable in SQLite, which goes through all that come before.
const ROWS: [usize; 3] = [16, 4, 1];

/// `$1, $2, …`
pub(crate) fn places(numbers: Range<usize>) -> String {
    numbers.map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

impl Insert {
    /// Inserts all rows, in order. `bind` binds one row's columns.
    pub(crate) async fn run<'r, T>(
        &self,
        connection: &mut AnyConnection,
        rows: &'r [T],
        bind: impl Fn(AnyQuery<'r>, &'r T) -> AnyQuery<'r>,
    ) -> Result<(), Error> {
        let mut left = rows;
        for size in ROWS {
            while left.len() >= size {
                let (these, rest) = left.split_at(size);
                let query = sqlx::query(AssertSqlSafe(self.text(size)));
                these.iter().fold(query, &bind).execute(&mut *connection).await?;
                left = rest;
            }
        }
        Ok(())
    }

    fn text(&self, rows: usize) -> String {
        let mut text = format!("INSERT INTO {} VALUES ", self.into);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                let comma = if column == 0 { "" } else { ", " };
                // Writing to a string does not fail.
                let _ = write!(text, "{comma}${}", row * self.columns + column + 1);
            }
            text.push(')');
        }
        text + " " + self.conflict
    }
}

/// What is asked for: conditions that all must hold, and what is bound in them.
#[derive(Default)]
pub(crate) struct Conditions {
    text: String,
    values: Vec<Bound>,
}

/// A value in a condition.
#[derive(Clone)]
pub(crate) enum Bound {
    Text(String),
    Number(i64),
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Bound {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Conditions {
    /// Adds a condition as it stands.
    pub(crate) fn plain(&mut self, condition: &str) {
        self.text.push_str(if self.text.is_empty() { " WHERE " } else { " AND " });
        self.text.push_str(condition);
    }

    /// Adds `left` with what it is compared to, such as `state =`; nothing where there is none.
    pub(crate) fn compare(&mut self, left: &str, value: Option<impl Into<Bound>>) {
        if let Some(value) = value {
            let place = self.place(value.into());
            self.plain(&format!("{left} {place}"));
        }
    }

    /// Adds that a pair of columns stands before a pair of values.
    pub(crate) fn before(&mut self, columns: &str, pair: Option<(i64, &str)>) {
        if let Some((number, text)) = pair {
            let (number, text) = (self.place(number.into()), self.place(text.into()));
            self.plain(&format!("({columns}) < ({number}, {text})"));
        }
    }

    /// A value's place in the text.
    pub(crate) fn place(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// The clause, with its leading ` WHERE `.
    pub(crate) fn clause(&self) -> &str {
        &self.text
    }

    /// A statement with everything bound.
    pub(crate) fn query<'q>(self, text: String) -> AnyQuery<'q> {
        self.values.into_iter().fold(sqlx::query(AssertSqlSafe(text)), |query, value| match value {
            Bound::Text(text) => query.bind(text),
            Bound::Number(number) => query.bind(number),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_on_through_a_statement() {
        let insert = Insert { into: "t (a, b)", columns: 2, conflict: "ON CONFLICT DO NOTHING" };
        assert_eq!(
            insert.text(3),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4), ($5, $6) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn conditions_hold_together_and_name_their_values_in_order() {
        let mut asked = Conditions::default();
        assert_eq!(asked.clause(), "");
        asked.compare("account =", Some("acme"));
        asked.compare("status =", None::<i64>);
        asked.plain("state <> 'delivered'");
        asked.before("first_at, id", Some((7, "d")));
        assert_eq!(
            asked.clause(),
            " WHERE account = $1 AND state <> 'delivered' AND (first_at, id) < ($2, $3)"
        );
    }
}

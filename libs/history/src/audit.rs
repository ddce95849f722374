//! Who did what in the console, in the database.

use domain::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row as _};

use crate::entry::Audit;
use crate::row::Columns;
use crate::statement::{Conditions, Insert};
use crate::{Error, History, Text};

/// Which entries; what is left out is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// Done to this account's things.
    pub account: Option<Text>,
    /// Done to this.
    pub object: Option<Text>,
    /// Of this kind.
    pub action: Option<Text>,
    /// Done with this key, or by the guest of this link.
    pub by: Option<Text>,
    /// Done then or later.
    pub since: Option<Timestamp>,
    /// Done before then.
    pub until: Option<Timestamp>,
}

impl History {
    /// A page of what was done: the latest comes first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(
        &self,
        search: &AuditSearch,
        after: Option<&(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<Audit>, Error> {
        let mut asked = Conditions::default();
        for (left, text) in [
            ("account =", &search.account),
            ("object =", &search.object),
            ("action =", &search.action),
            ("done_by =", &search.by),
        ] {
            asked.compare(left, text.as_deref());
        }
        asked.compare("at >=", search.since.map(Timestamp::as_millis));
        asked.compare("at <", search.until.map(Timestamp::as_millis));
        asked.before("at, id", after.map(|(at, id)| (at.as_millis(), id.as_str())));
        let limit = asked.place(i64::from(limit).into());
        let text = format!("SELECT * FROM audit{} ORDER BY at DESC, id DESC LIMIT {limit}", asked.clause());
        let rows = asked.query(text).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(Audit::from_row).collect::<Result<_, _>>()?)
    }
}

impl FromRow<'_, AnyRow> for Audit {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let columns = Columns(row);
        Ok(Self {
            id: columns.text("id")?,
            at: columns.time("at")?,
            action: columns.text("action")?,
            account: columns.maybe_text("account")?,
            object: columns.maybe_text("object")?,
            by: columns.maybe_text("done_by")?,
            record: row.try_get("record")?,
        })
    }
}

pub(crate) async fn write(connection: &mut AnyConnection, audits: &[&Audit]) -> Result<(), Error> {
    let insert = Insert {
        into: "audit (id, at, action, account, object, done_by, record)",
        columns: 7,
        conflict: "ON CONFLICT DO NOTHING",
    };
    insert
        .run(connection, audits, |query, audit| {
            let query = query.bind(&*audit.id).bind(audit.at.as_millis()).bind(&*audit.action);
            let query = query.bind(audit.account.as_deref()).bind(audit.object.as_deref());
            query.bind(audit.by.as_deref()).bind(&*audit.record)
        })
        .await
}

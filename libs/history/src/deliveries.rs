//! Deliveries in the database: written by the newest word, found by whatever people know of them.

use std::collections::BTreeMap;

use domain::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};

use crate::delivery::{Delivery, Latest, State};
use crate::entry::{Member, SUCCESS};
use crate::row::{Columns, unknown};
use crate::statement::{Conditions, Insert};
use crate::{Error, History, Text};

/// Which deliveries; what is left out is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Of this account.
    pub account: Option<Text>,
    /// Of this webhook.
    pub webhook: Option<Text>,
    /// Of this mail message.
    pub message: Option<Text>,
    /// Of mail to this recipient.
    pub recipient: Option<Text>,
    /// Of the event with this id.
    pub event: Option<Text>,
    /// Of events of this type.
    pub kind: Option<Text>,
    /// That stand so.
    pub state: Option<State>,
    /// Whose last attempt ended so.
    pub outcome: Option<Text>,
    /// Whose last attempt was answered so.
    pub status: Option<u16>,
    /// First tried then or later.
    pub since: Option<Timestamp>,
    /// First tried before then.
    pub until: Option<Timestamp>,
}

/// Behind this one a page begins: when it was first tried, and its id.
pub type Cursor = (Timestamp, String);

/// An attempt as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Kept {
    /// The name under which it was sent: the delivery's, or a batch's.
    #[sqlx(rename = "delivery")]
    pub name: String,
    /// The record of the topic `attempts`: JSON.
    pub record: String,
}

impl History {
    /// A page of deliveries: those first tried last come first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliveries(
        &self,
        search: &Search,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let mut asked = search.conditions();
        asked.before("first_at, id", after.map(|(at, id)| (at.as_millis(), id.as_str())));
        let limit = asked.place(i64::from(limit).into());
        let text = format!(
            "SELECT * FROM deliveries{} ORDER BY first_at DESC, id DESC LIMIT {limit}",
            asked.clause()
        );
        let rows = asked.query(text).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(Delivery::from_row).collect::<Result<_, _>>()?)
    }

    /// The newest delivery of each of several webhooks; those that have none are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_of(&self, webhooks: &[&str]) -> Result<BTreeMap<String, Delivery>, Error> {
        let mut newest = BTreeMap::new();
        for webhook in webhooks {
            let found = sqlx::query_as(
                "SELECT * FROM deliveries WHERE webhook = $1 ORDER BY first_at DESC, id DESC LIMIT 1",
            );
            if let Some(found) = found.bind(*webhook).fetch_optional(self.pool()).await? {
                newest.insert((*webhook).to_owned(), found);
            }
        }
        Ok(newest)
    }

    /// One delivery.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delivery(&self, id: &Text) -> Result<Option<Delivery>, Error> {
        let found = sqlx::query_as("SELECT * FROM deliveries WHERE id = $1").bind(&**id);
        Ok(found.fetch_optional(self.pool()).await?)
    }

    /// The attempts of one delivery, alone or in batches, in order; at most a thousand.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn attempts(&self, id: &Text) -> Result<Vec<Kept>, Error> {
        let found = sqlx::query_as(
            "SELECT delivery, record FROM attempts
             WHERE delivery = $1 OR delivery IN (SELECT batch FROM batches WHERE delivery = $1)
             ORDER BY started_at, number LIMIT 1000",
        );
        Ok(found.bind(&**id).fetch_all(self.pool()).await?)
    }
}

impl Search {
    fn conditions(&self) -> Conditions {
        let mut asked = Conditions::default();
        for (left, text) in [
            ("account =", &self.account),
            ("webhook =", &self.webhook),
            ("message =", &self.message),
            ("recipient =", &self.recipient),
            ("event =", &self.event),
            ("kind =", &self.kind),
            ("outcome =", &self.outcome),
        ] {
            asked.compare(left, text.as_deref());
        }
        asked.compare("state =", self.state.map(State::as_str));
        asked.compare("status =", self.status.map(i64::from));
        asked.compare("first_at >=", self.since.map(Timestamp::as_millis));
        asked.compare("first_at <", self.until.map(Timestamp::as_millis));
        if self.is_of_the_open() {
            // Said in the words of the indices of what is open, so that they are used.
            asked.plain("state <> 'delivered'");
        }
        asked
    }

    /// Whether nothing delivered can be among what is asked for.
    fn is_of_the_open(&self) -> bool {
        self.state.is_some_and(|state| state != State::Delivered)
            || self.outcome.as_ref().is_some_and(|outcome| *outcome != SUCCESS)
            || self.status.is_some_and(|status| !(200..300).contains(&status))
    }
}

impl FromRow<'_, AnyRow> for Delivery {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let row = Columns(row);
        Ok(Self {
            account: row.text("account")?,
            webhook: row.text("webhook")?,
            member: Member {
                delivery: row.text("id")?,
                event: row.text("event")?,
                kind: row.text("kind")?,
                message: row.maybe_text("message")?,
                recipient: row.maybe_text("recipient")?,
                origin: row.maybe_text("origin")?,
                replays: row.count("replays")?,
            },
            test: row.flag("test")?,
            first_at: row.time("first_at")?,
            latest: Latest {
                at: row.time("last_at")?,
                state: State::named(&row.text("state")?).ok_or_else(|| unknown("a delivery in a state"))?,
                attempts: row.count("attempts")?,
                status: row.status()?,
                outcome: row.maybe_text("outcome")?,
                next_due: row.maybe_time("next_due")?,
            },
        })
    }
}

/// The same as [`Delivery::hear`], for what is in the database.
const HEAR: &str = "ON CONFLICT (id) DO UPDATE SET
    message = COALESCE(deliveries.message, excluded.message),
    recipient = COALESCE(deliveries.recipient, excluded.recipient),
    origin = COALESCE(deliveries.origin, excluded.origin),
    replays = CASE WHEN excluded.replays > deliveries.replays THEN excluded.replays ELSE deliveries.replays END,
    test = CASE WHEN excluded.test > deliveries.test THEN excluded.test ELSE deliveries.test END,
    first_at = CASE WHEN excluded.first_at < deliveries.first_at THEN excluded.first_at ELSE deliveries.first_at END,
    last_at = CASE WHEN excluded.standing > deliveries.standing THEN excluded.last_at ELSE deliveries.last_at END,
    standing = CASE WHEN excluded.standing > deliveries.standing THEN excluded.standing ELSE deliveries.standing END,
    state = CASE WHEN excluded.standing > deliveries.standing THEN excluded.state ELSE deliveries.state END,
    attempts = CASE WHEN excluded.standing > deliveries.standing THEN excluded.attempts ELSE deliveries.attempts END,
    status = CASE WHEN excluded.standing > deliveries.standing THEN excluded.status ELSE deliveries.status END,
    next_due = CASE WHEN excluded.standing > deliveries.standing THEN excluded.next_due ELSE deliveries.next_due END,
    outcome = CASE WHEN excluded.standing > deliveries.standing
        THEN COALESCE(excluded.outcome, deliveries.outcome) ELSE COALESCE(deliveries.outcome, excluded.outcome) END";

/// Lets the database hear what a batch says.
pub(crate) async fn write(
    connection: &mut AnyConnection,
    deliveries: &BTreeMap<Text, Delivery>,
) -> Result<(), Error> {
    let insert = Insert {
        into: "deliveries (id, account, webhook, event, kind, message, recipient, origin, replays, test, first_at,
            last_at, standing, state, attempts, status, outcome, next_due)",
        columns: 18,
        conflict: HEAR,
    };
    let rows: Vec<&Delivery> = deliveries.values().collect();
    insert
        .run(connection, &rows, |query, delivery| {
            let Delivery { account, webhook, member, test, first_at, latest } = delivery;
            let query = query.bind(&*member.delivery).bind(&**account).bind(&**webhook);
            let query = query.bind(&*member.event).bind(&*member.kind);
            let query = query.bind(member.message.as_deref()).bind(member.recipient.as_deref());
            let query = query.bind(member.origin.as_deref()).bind(i64::from(member.replays));
            let query = query.bind(i64::from(*test)).bind(first_at.as_millis());
            let query = query.bind(latest.at.as_millis()).bind(latest.standing());
            let query = query.bind(latest.state.as_str()).bind(i64::from(latest.attempts));
            let query = query.bind(latest.status.map(i64::from)).bind(latest.outcome.as_deref());
            query.bind(latest.next_due.map(Timestamp::as_millis))
        })
        .await
}

//! Dead letters in the database, and what became of them.

use std::collections::BTreeMap;

use domain::{DeathReason, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};

use crate::entry::{DeadLetter, Disposition, Member};
use crate::row::{Columns, unknown};
use crate::statement::{Conditions, Insert};
use crate::{Error, History, Text};

/// Which dead letters; what is left out is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterSearch {
    /// Of this account: those of its deliveries, and with `events` its events too.
    pub account: Option<Text>,
    /// Whether events that nobody understood are among them.
    pub events: bool,
    /// Of this webhook.
    pub webhook: Option<Text>,
    /// Of this delivery.
    pub delivery: Option<Text>,
    /// Of events of this type.
    pub kind: Option<Text>,
    /// That died for this.
    pub reason: Option<DeathReason>,
    /// Of which became this.
    pub disposition: Option<Decided>,
    /// That died then or later.
    pub since: Option<Timestamp>,
    /// That died before then.
    pub until: Option<Timestamp>,
}

/// Whether something became of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Nothing yet.
    Open,
    /// It was put back.
    Replayed,
    /// It is not wanted any more.
    Discarded,
}

impl Decided {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Open, Self::Replayed, Self::Discarded].into_iter().find(|decided| decided.as_str() == name)
    }
}

/// How many dead letters of a webhook died for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterCount {
    /// The webhook; none for events.
    pub webhook: Option<Text>,
    /// The reason.
    pub reason: Text,
    /// Of which nothing became.
    pub open: u64,
    /// That were put back.
    pub replayed: u64,
    /// That are not wanted any more.
    pub discarded: u64,
}

/// A letter and what became of it. A disposition about an older letter in the same place says nothing.
const LETTERS: &str =
    "dead_letters l LEFT JOIN dispositions d ON d.place = l.place AND (d.died IS NULL OR d.died = l.died_at)";

impl History {
    /// A page of dead letters with what became of them: those that died last come first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn dead_letters(
        &self,
        search: &LetterSearch,
        after: Option<&(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<(DeadLetter, Option<Disposition>)>, Error> {
        let mut asked = search.conditions();
        asked.before("l.died_at, l.place", after.map(|(at, place)| (at.as_millis(), place.as_str())));
        let limit = asked.place(i64::from(limit).into());
        let text = format!(
            "SELECT l.place, l.died_at, l.is_event, l.account, l.webhook, l.delivery, l.event, l.kind, l.origin,
                l.reason, l.explanation, l.attempts, l.status, l.error,
                d.disposition, d.decided_by, d.decided_at, d.note, d.died
             FROM {LETTERS}{} ORDER BY l.died_at DESC, l.place DESC LIMIT {limit}",
            asked.clause()
        );
        let rows = asked.query(text).fetch_all(self.pool()).await?;
        let read =
            |row: &AnyRow| Ok::<_, sqlx::Error>((DeadLetter::from_row(row)?, disposition(&Columns(row))?));
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// How many there are, by webhook and reason.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_dead_letters(&self, search: &LetterSearch) -> Result<Vec<LetterCount>, Error> {
        let asked = search.conditions();
        let text = format!(
            "SELECT l.webhook, l.reason, COUNT(*) AS letters,
                COUNT(CASE WHEN d.disposition = 'replayed' THEN 1 END) AS replayed,
                COUNT(CASE WHEN d.disposition = 'discarded' THEN 1 END) AS discarded
             FROM {LETTERS}{} GROUP BY l.webhook, l.reason ORDER BY l.webhook, l.reason",
            asked.clause()
        );
        let rows = asked.query(text).fetch_all(self.pool()).await?;
        let read = |row: &AnyRow| {
            let row = Columns(row);
            let [letters, replayed, discarded] =
                [row.count("letters")?, row.count("replayed")?, row.count("discarded")?];
            Ok::<_, sqlx::Error>(LetterCount {
                webhook: row.maybe_text("webhook")?,
                reason: row.text("reason")?,
                open: u64::saturating_sub(letters, replayed + discarded),
                replayed,
                discarded,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

impl LetterSearch {
    fn conditions(&self) -> Conditions {
        let mut asked = Conditions::default();
        asked.compare("l.account =", self.account.as_deref());
        asked.compare("l.webhook =", self.webhook.as_deref());
        asked.compare("l.delivery =", self.delivery.as_deref());
        asked.compare("l.kind =", self.kind.as_deref());
        asked.compare("l.reason =", self.reason.map(DeathReason::name));
        asked.compare("l.died_at >=", self.since.map(Timestamp::as_millis));
        asked.compare("l.died_at <", self.until.map(Timestamp::as_millis));
        if !self.events {
            asked.plain("l.is_event = 0");
        }
        match self.disposition {
            None => {}
            Some(Decided::Open) => asked.plain("d.place IS NULL"),
            Some(decided) => asked.compare("d.disposition =", Some(decided.as_str())),
        }
        asked
    }
}

impl FromRow<'_, AnyRow> for DeadLetter {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let row = Columns(row);
        let (event, kind, origin) =
            (row.maybe_text("event")?, row.maybe_text("kind")?, row.maybe_text("origin")?);
        let of = |delivery| Member {
            delivery,
            event: event.clone().unwrap_or_default(),
            kind: kind.clone().unwrap_or_default(),
            origin,
            ..Member::default()
        };
        Ok(Self {
            place: row.text("place")?,
            died_at: row.time("died_at")?,
            is_event: row.flag("is_event")?,
            account: row.maybe_text("account")?,
            webhook: row.maybe_text("webhook")?,
            delivery: row.maybe_text("delivery")?.map(of),
            reason: DeathReason::named(&row.text("reason")?).ok_or_else(|| unknown("a reason"))?,
            explanation: row.text("explanation")?,
            attempts: row.count("attempts")?,
            status: row.status()?,
            error: row.maybe_text("error")?,
            event,
            kind,
        })
    }
}

fn disposition(row: &Columns<'_>) -> Result<Option<Disposition>, sqlx::Error> {
    let Some(what) = row.maybe_text("disposition")? else { return Ok(None) };
    Ok(Some(Disposition {
        what,
        by: row.text("decided_by")?,
        at: row.time("decided_at")?,
        note: row.maybe_text("note")?,
        died: row.maybe_time("died")?,
    }))
}

/// Another letter in the same place stands there instead: its topic was made anew.
const REPLACE: &str = "ON CONFLICT (place) DO UPDATE SET
    died_at = excluded.died_at, is_event = excluded.is_event, account = excluded.account, webhook = excluded.webhook,
    delivery = excluded.delivery, event = excluded.event, kind = excluded.kind, origin = excluded.origin,
    reason = excluded.reason, explanation = excluded.explanation, attempts = excluded.attempts,
    status = excluded.status, error = excluded.error";

pub(crate) async fn write(
    connection: &mut AnyConnection,
    letters: &BTreeMap<&Text, &DeadLetter>,
) -> Result<(), Error> {
    let insert = Insert {
        into:
            "dead_letters (place, died_at, is_event, account, webhook, delivery, event, kind, origin, reason,
            explanation, attempts, status, error)",
        columns: 14,
        conflict: REPLACE,
    };
    let rows: Vec<&DeadLetter> = letters.values().copied().collect();
    insert
        .run(connection, &rows, |query, letter| {
            let member = letter.delivery.as_ref();
            let query = query.bind(&*letter.place).bind(letter.died_at.as_millis());
            let query = query.bind(i64::from(letter.is_event)).bind(letter.account.as_deref());
            let query = query.bind(letter.webhook.as_deref()).bind(member.map(|it| &*it.delivery));
            let query = query.bind(letter.event.as_deref()).bind(letter.kind.as_deref());
            let query = query.bind(member.and_then(|it| it.origin.as_deref())).bind(letter.reason.name());
            let query = query.bind(&*letter.explanation).bind(i64::from(letter.attempts));
            query.bind(letter.status.map(i64::from)).bind(letter.error.as_deref())
        })
        .await
}

pub(crate) async fn write_dispositions(
    connection: &mut AnyConnection,
    dispositions: &BTreeMap<&Text, Option<&Disposition>>,
) -> Result<(), Error> {
    let insert = Insert {
        into: "dispositions (place, disposition, decided_by, decided_at, note, died)",
        columns: 6,
        conflict: "ON CONFLICT (place) DO UPDATE SET disposition = excluded.disposition,
            decided_by = excluded.decided_by, decided_at = excluded.decided_at, note = excluded.note,
            died = excluded.died",
    };
    let made: Vec<(&Text, &Disposition)> =
        dispositions.iter().filter_map(|(place, made)| Some((*place, (*made)?))).collect();
    insert
        .run(connection, &made, |query, (place, made)| {
            let query = query.bind(&***place).bind(&*made.what).bind(&*made.by).bind(made.at.as_millis());
            query.bind(made.note.as_deref()).bind(made.died.map(Timestamp::as_millis))
        })
        .await?;
    for (place, _) in dispositions.iter().filter(|(_, made)| made.is_none()) {
        let taken_back = sqlx::query("DELETE FROM dispositions WHERE place = $1").bind(&***place);
        taken_back.execute(&mut *connection).await?;
    }
    Ok(())
}

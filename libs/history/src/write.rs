//! Writing what was read: everything a batch comes to, and how far it came, in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::AnyConnection;

use crate::entry::{Attempt, Read};
use crate::fold::Rows;
use crate::positions::{self, Place};
use crate::statement::Insert;
use crate::{Error, History, Text, audit, dead_letters, deliveries, hours, volumes};

/// What a transaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Records that were new.
    pub records: usize,
    /// Rows that they came to.
    pub rows: usize,
}

impl History {
    /// Writes records, in order per partition. Those that are in the database already are stepped over, whoever wrote them.
    /// Nothing is written where it fails.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn write(&self, batch: &[Read]) -> Result<Written, Error> {
        let mut transaction = self.begin().await?;
        let mut places = BTreeMap::new();
        for read in batch {
            places.entry((Arc::clone(&read.topic), read.partition)).or_insert(None);
        }
        for (place, position) in &mut places {
            *position = Some(positions::lock(&mut transaction, place).await?);
        }
        let (mut rows, mut records) = (Rows::default(), 0);
        for read in batch {
            let position = places.get_mut(&(Arc::clone(&read.topic), read.partition));
            if position.and_then(Option::as_mut).is_some_and(|it| it.takes(read.offset, read.timestamp)) {
                records += 1;
                read.entry.iter().for_each(|entry| rows.add(entry));
            }
        }
        write_rows(&mut transaction, &rows).await?;
        advance(&mut transaction, places).await?;
        transaction.commit().await?;
        Ok(Written { records, rows: rows.len() })
    }
}

async fn write_rows(connection: &mut AnyConnection, rows: &Rows<'_>) -> Result<(), Error> {
    write_attempts(connection, &rows.attempts).await?;
    write_batches(connection, rows).await?;
    deliveries::write(connection, &rows.deliveries).await?;
    hours::write(connection, &rows.hours).await?;
    volumes::write(connection, &rows.volumes).await?;
    dead_letters::write(connection, &rows.letters).await?;
    dead_letters::write_dispositions(connection, &rows.dispositions).await?;
    audit::write(connection, &rows.audits).await
}

async fn advance(
    connection: &mut AnyConnection,
    places: BTreeMap<Place, Option<positions::Position>>,
) -> Result<(), Error> {
    for (place, position) in places {
        if let Some(position) = position {
            positions::advance(connection, &place, position).await?;
        }
    }
    Ok(())
}

async fn write_attempts(connection: &mut AnyConnection, attempts: &[&Attempt]) -> Result<(), Error> {
    let insert = Insert {
        into: "attempts (delivery, started_at, number, record)",
        columns: 4,
        conflict: "ON CONFLICT DO NOTHING",
    };
    insert
        .run(connection, attempts, |query, attempt| {
            let query = query.bind(&*attempt.name).bind(attempt.started_at.as_millis());
            query.bind(i64::from(attempt.number)).bind(&*attempt.record)
        })
        .await
}

async fn write_batches(connection: &mut AnyConnection, rows: &Rows<'_>) -> Result<(), Error> {
    let insert = Insert {
        into: "batches (delivery, batch, at)",
        columns: 3,
        conflict: "ON CONFLICT (delivery, batch) DO UPDATE SET at = excluded.at",
    };
    let batches: Vec<(&Text, &Text, i64)> =
        rows.batches.iter().map(|((delivery, batch), at)| (delivery, batch, at.as_millis())).collect();
    insert
        .run(connection, &batches, |query, (delivery, batch, at)| {
            query.bind(&***delivery).bind(&***batch).bind(*at)
        })
        .await
}

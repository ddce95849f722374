//! How a webhook did, hour by hour: attempts and their latencies in buckets, of which each is a fifth wider than the one
//! before. A day's percentiles cost a few hundred rows, whatever the traffic.

use std::collections::BTreeMap;

use domain::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::statement::{Insert, places};
use crate::{Error, History, Text};

/// A webhook, an hour (its beginning, in milliseconds since the epoch) and a bucket.
pub(crate) type Slot = (Text, i64, i64);

/// Attempts in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) successes: i64,
    pub(crate) failures: i64,
}

impl Count {
    pub(crate) fn add(&mut self, success: bool) {
        *(if success { &mut self.successes } else { &mut self.failures }) += 1;
    }
}

/// An hour's or a whole time's attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What the receiver took.
    pub successes: u64,
    /// What it did not.
    pub failures: u64,
    buckets: BTreeMap<i64, u64>,
}

/// An hour in milliseconds.
pub const HOUR: i64 = 3_600_000;

/// Buckets to each doubling.
const PER_DOUBLING: f64 = 4.0;
/// The last one: from a minute and a half on.
const LAST: i64 = 66;

impl Tally {
    /// All attempts.
    pub fn attempts(&self) -> u64 {
        self.successes + self.failures
    }

    /// The latency in milliseconds that this part of all attempts (0.95) took no longer than, right to a tenth; none of no
    /// attempts.
    pub fn percentile(&self, part: f64) -> Option<f64> {
        let wanted = part * self.attempts() as f64;
        let mut before = 0.0;
        for (bucket, count) in &self.buckets {
            let count = *count as f64;
            if before + count >= wanted {
                let within = (wanted - before) / count;
                return Some(((*bucket as f64 + within) / PER_DOUBLING).exp2());
            }
            before += count;
        }
        None
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.successes += other.successes;
        self.failures += other.failures;
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }
}

/// How a webhook did over some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Each hour that had attempts. Of several webhooks at once without latencies.
    pub hours: BTreeMap<Timestamp, Tally>,
    /// All of it, with latencies.
    pub total: Tally,
}

impl Course {
    /// Of hours with their latencies.
    pub fn of(hours: BTreeMap<Timestamp, Tally>) -> Self {
        let mut total = Tally::default();
        hours.values().for_each(|tally| total.add(tally));
        Self { hours, total }
    }
}

impl History {
    /// A webhook's attempts by hour, from the hour of a time on; hours without any are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hours(&self, webhook: &str, since: Timestamp) -> Result<BTreeMap<Timestamp, Tally>, Error> {
        let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT hour, bucket, successes, failures FROM hours WHERE webhook = $1 AND hour >= $2",
        )
        .bind(webhook)
        .bind(hour_of(since))
        .fetch_all(self.pool())
        .await?;
        let mut hours: BTreeMap<Timestamp, Tally> = BTreeMap::new();
        for (hour, bucket, successes, failures) in rows {
            let (successes, failures) = (count(successes), count(failures));
            let buckets = BTreeMap::from([(bucket, successes + failures)]);
            let tally = hours.entry(Timestamp::from_millis(hour)).or_default();
            tally.add(&Tally { successes, failures, buckets });
        }
        Ok(hours)
    }

    /// How several webhooks did from the hour of a time on; those without any attempt are left out. The database adds up, so that
    /// a list of webhooks does not read each bucket of each hour.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn courses(
        &self,
        webhooks: &[&str],
        since: Timestamp,
    ) -> Result<BTreeMap<String, Course>, Error> {
        let mut courses: BTreeMap<String, Course> = BTreeMap::new();
        let by_hour = "hour, CAST(SUM(successes) AS BIGINT), CAST(SUM(failures) AS BIGINT)";
        let rows: Vec<(String, i64, i64, i64)> =
            self.summed(by_hour, "GROUP BY webhook, hour", webhooks, since).await?;
        for (webhook, hour, successes, failures) in rows {
            let (successes, failures) = (count(successes), count(failures));
            let tally = Tally { successes, failures, buckets: BTreeMap::new() };
            let course = courses.entry(webhook).or_default();
            course.total.add(&tally);
            course.hours.insert(Timestamp::from_millis(hour), tally);
        }
        let by_bucket = "bucket, CAST(SUM(successes + failures) AS BIGINT)";
        let rows: Vec<(String, i64, i64)> =
            self.summed(by_bucket, "GROUP BY webhook, bucket", webhooks, since).await?;
        for (webhook, bucket, attempts) in rows {
            courses.entry(webhook).or_default().total.buckets.insert(bucket, count(attempts));
        }
        Ok(courses)
    }

    /// Sums of webhooks' slots. They are asked for by name: a webhook's hours lie beside each other in the table, and those of
    /// one hour are all over it.
    async fn summed<R>(
        &self,
        sums: &str,
        group: &str,
        webhooks: &[&str],
        since: Timestamp,
    ) -> Result<Vec<R>, Error>
    where
        R: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let mut all = Vec::new();
        for some in webhooks.chunks(AT_ONCE) {
            let places = places(2..some.len() + 2);
            let text = format!(
                "SELECT webhook, {sums} FROM hours WHERE hour >= $1 AND webhook IN ({places}) {group}"
            );
            let asked = sqlx::query_as(AssertSqlSafe(text)).bind(hour_of(since));
            let asked = some.iter().fold(asked, |asked, webhook| asked.bind(*webhook));
            all.extend(asked.fetch_all(self.pool()).await?);
        }
        Ok(all)
    }
}

/// Webhooks in one statement.
const AT_ONCE: usize = 500;

pub(crate) fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}

/// The slot of an attempt.
pub(crate) fn slot(webhook: &Text, at: Timestamp, took_ms: f64) -> Slot {
    let bucket = (took_ms.max(1.0).log2() * PER_DOUBLING).floor();
    (webhook.clone(), hour_of(at), (bucket as i64).clamp(0, LAST))
}

pub(crate) fn hour_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(HOUR) * HOUR
}

/// Adds to what was counted before.
pub(crate) async fn write(
    connection: &mut AnyConnection,
    slots: &BTreeMap<Slot, Count>,
) -> Result<(), Error> {
    let insert = Insert {
        into: "hours (webhook, hour, bucket, successes, failures)",
        columns: 5,
        conflict: "ON CONFLICT (webhook, hour, bucket) DO UPDATE SET
            successes = hours.successes + excluded.successes, failures = hours.failures + excluded.failures",
    };
    let rows: Vec<_> = slots.iter().collect();
    insert
        .run(connection, &rows, |query, ((webhook, hour, bucket), count)| {
            query.bind(&**webhook).bind(*hour).bind(*bucket).bind(count.successes).bind(count.failures)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(latencies: impl IntoIterator<Item = f64>) -> Tally {
        let mut tally = Tally::default();
        for latency in latencies {
            let (_, _, bucket) = slot(&"w".into(), Timestamp::from_millis(0), latency);
            tally.add(&Tally { successes: 1, failures: 0, buckets: BTreeMap::from([(bucket, 1)]) });
        }
        tally
    }

    #[test]
    fn a_percentile_is_right_to_a_tenth() {
        let even = tally((1..=10_000).map(|n| f64::from(n) / 10.0));
        for (part, exact) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let told = even.percentile(part).unwrap_or_default();
            assert!((told / exact - 1.0).abs() < 0.1, "{part}: {told}");
        }
        assert_eq!(Tally::default().percentile(0.5), None);
    }

    #[test]
    fn what_takes_no_time_or_for_ever_has_a_bucket_too() {
        let at = Timestamp::from_millis(HOUR + 5);
        assert_eq!(slot(&"w".into(), at, 0.0), ("w".into(), HOUR, 0));
        assert_eq!(slot(&"w".into(), at, f64::NAN).2, 0);
        assert_eq!(slot(&"w".into(), at, 1e12).2, LAST);
    }
}

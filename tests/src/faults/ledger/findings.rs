//! What the ledger says of duplicates, bodies, early retries and waiting times.

use std::time::Duration;

use tokio::time::Instant;

use super::{Arrivals, Ledger};

/// Due times are whole milliseconds, and two processes read two clocks.
const TOLERANCE: Duration = Duration::from_millis(3);

impl Ledger {
    /// Owed deliveries that were taken.
    pub(crate) fn delivered(&self) -> usize {
        let books = self.books();
        books.owed.keys().filter(|id| books.took(id)).count()
    }

    /// POSTs that were taken although that delivery had been taken before.
    pub(crate) fn duplicates(&self) -> usize {
        let books = self.books();
        let taken = |arrivals: &Arrivals| arrivals.posts.iter().filter(|post| post.taken).count();
        books.arrived.values().map(|arrivals| taken(arrivals).saturating_sub(1)).sum()
    }

    /// Those, and how long after the first one the last one came.
    pub(crate) fn repeated(&self) -> Vec<(String, Duration)> {
        let books = self.books();
        let mut repeated = Vec::new();
        for (id, arrivals) in &books.arrived {
            let taken = || arrivals.posts.iter().filter(|post| post.taken).map(|post| post.at);
            if let (Some(first), Some(last), true) = (taken().min(), taken().max(), taken().count() > 1) {
                repeated.push((id.clone(), last - first));
            }
        }
        repeated
    }

    /// Deliveries that came with more than one body.
    pub(crate) fn altered(&self) -> Vec<String> {
        let books = self.books();
        books.arrived.iter().filter(|(_, arrivals)| arrivals.altered).map(|(id, _)| id.clone()).collect()
    }

    /// POSTs that came sooner after a refused one of the same delivery than the schedule allows: the shortest delay
    /// where a crash may have repeated attempts, else the delay of that very attempt.
    pub(crate) fn early(&self, schedule: &[Duration], may_repeat: bool) -> Vec<String> {
        let books = self.books();
        let shortest = schedule.iter().min().copied().unwrap_or_default();
        let mut early = Vec::new();
        for (id, arrivals) in &books.arrived {
            let mut posts = arrivals.posts.clone();
            posts.sort_by_key(|post| post.at);
            for (n, pair) in posts.windows(2).enumerate().filter(|(_, pair)| !pair[0].taken) {
                let planned = schedule.get(n).copied().unwrap_or(shortest);
                let least = if may_repeat { shortest } else { planned };
                let waited = pair[1].at - pair[0].at;
                if waited + TOLERANCE < least {
                    early.push(format!("{id}: attempt {} came {waited:?} after the one before", n + 2));
                }
            }
        }
        early
    }

    /// How long an account's deliveries took from acceptance to arrival, of what was accepted in a span of time: the
    /// middle one and the ninety-ninth of a hundred.
    pub(crate) fn latency(&self, account: &str, from: Instant, to: Instant) -> Option<(Duration, Duration)> {
        let books = self.books();
        let hooks: Vec<&str> =
            books.hooks.iter().filter(|(h, _)| h.account == account).map(|(h, _)| &*h.id).collect();
        let mut took: Vec<Duration> = books
            .owed
            .iter()
            .filter(|(_, owed)| hooks.contains(&&*owed.hook) && from <= owed.at && owed.at < to)
            .filter_map(|(id, owed)| Some(books.first_taken(id)?.saturating_duration_since(owed.at)))
            .collect();
        took.sort();
        Some((*took.get(took.len() / 2)?, *took.get(took.len() * 99 / 100)?))
    }
}

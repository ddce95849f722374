//! How long a healthy receiver got nothing while something was owed to it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Books, Ledger, Role};

impl Ledger {
    /// The longest such while between two moments, and whose it was.
    pub(crate) fn longest_stall(&self, from: Instant, to: Instant) -> (Duration, String) {
        let books = self.books();
        let healthy = books.hooks.iter().filter(|(_, role)| *role == Role::Healthy);
        let stalls = healthy.map(|(hook, _)| (stall(&books, &hook.id, from, to), hook.id.clone()));
        stalls.max().unwrap_or_default()
    }
}

/// Walks through acceptances and arrivals in their order. The clock runs from the later of the last arrival and the
/// moment when something became owed.
fn stall(books: &Books, hook: &str, from: Instant, to: Instant) -> Duration {
    let mut steps: Vec<(Instant, i64)> = Vec::new();
    for (id, owed) in books.owed.iter().filter(|(_, owed)| owed.hook == hook) {
        let arrived = books.first_taken(id);
        // A receiver may be faster than the answer to the producer.
        let accepted = arrived.map_or(owed.at, |arrived| owed.at.min(arrived));
        steps.push((accepted, 1));
        steps.extend(arrived.map(|arrived| (arrived, -1)));
    }
    steps.sort_by_key(|(at, step)| (*at, -step));
    let (mut open, mut since, mut longest) = (0, from, Duration::ZERO);
    for (at, step) in steps {
        let at = at.clamp(from, to);
        if step < 0 {
            longest = longest.max(at.saturating_duration_since(since));
            since = at;
        } else if open == 0 {
            since = at;
        }
        open += step;
    }
    if open > 0 { longest.max(to.saturating_duration_since(since)) } else { longest }
}

//! Under load, what comes next is waited for a moment: what is written together costs a broker one request a partition,
//! and a request costs it more than the records in it.

use std::time::Duration;

use tokio::time::Instant;

/// How long is waited.
const PAUSE: Duration = Duration::from_millis(5);
/// The rate from which it pays, in records a millisecond.
const BUSY: u128 = 2;
/// A rate is told from so many records.
const ENOUGH: usize = 10;

/// Measures the rate of what is read.
pub(super) struct Gather {
    taken: usize,
    since: Instant,
}

impl Gather {
    pub(super) fn new(now: Instant) -> Self {
        Self { taken: 0, since: now }
    }

    pub(super) fn took(&mut self, records: usize) {
        self.taken += records;
    }

    /// How long to wait before reading on, if at all.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Duration> {
        if self.taken < ENOUGH {
            return None;
        }
        let taken = std::mem::take(&mut self.taken) as u128;
        let took = now.duration_since(std::mem::replace(&mut self.since, now)).as_millis();
        (taken >= took * BUSY).then_some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(records: usize, millis: u64) -> Option<Duration> {
        let begin = Instant::now();
        let mut gather = Gather::new(begin);
        gather.took(records);
        gather.pause(begin + Duration::from_millis(millis))
    }

    #[test]
    fn only_a_busy_flow_waits_for_company() {
        assert_eq!(after(1, 0), None);
        assert_eq!(after(10, 10), None);
        assert_eq!(after(20, 10), Some(PAUSE));
        assert_eq!(after(5_000, 100), Some(PAUSE));
    }
}

//! At most so many per second, spread evenly, with a short burst after silence.

use std::time::Duration;

use crate::Timestamp;

/// A burst of so much time's worth is let through at once.
const BURST: Duration = Duration::from_millis(100);

/// A pace (the generic cell rate algorithm: one number of state).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// When the next one would be on time, in microseconds since the epoch.
    on_time_us: i64,
}

impl Pace {
    /// Lets one through now, or says when to come back.
    ///
    /// # Errors
    /// The time from which on one is let through.
    pub fn admit(&mut self, now: Timestamp, per_second: u32) -> Result<(), Timestamp> {
        self.look(now)?;
        self.take(now, per_second);
        Ok(())
    }

    /// Whether one would be let through now; none is.
    ///
    /// # Errors
    /// The time from which on one is let through.
    pub fn look(&self, now: Timestamp) -> Result<(), Timestamp> {
        let burst_us = i64::try_from(BURST.as_micros()).unwrap_or(0);
        let early = self.on_time_us - burst_us;
        if early > micros(now) { Err(Timestamp::from_millis(early.div_euclid(1000) + 1)) } else { Ok(()) }
    }

    /// Counts one that goes through now.
    pub fn take(&mut self, now: Timestamp, per_second: u32) {
        self.on_time_us = self.on_time_us.max(micros(now)) + 1_000_000 / i64::from(per_second.max(1));
    }
}

fn micros(time: Timestamp) -> i64 {
    time.as_millis().saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(per_second: u32, millis: i64) -> usize {
        let mut pace = Pace::default();
        (0..millis)
            .map(|ms| {
                (0..1000).take_while(|_| pace.admit(Timestamp::from_millis(ms), per_second).is_ok()).count()
            })
            .sum()
    }

    #[test]
    fn no_second_sees_more_than_the_rate_and_a_short_burst() {
        for rate in [1, 50, 500, 5_000] {
            let count = admitted(rate, 10_000);
            let expected = usize::try_from(rate).unwrap() * 10;
            assert!((expected..=expected + expected / 50 + 2).contains(&count), "{count} at {rate}/s");
        }
    }

    #[test]
    fn whoever_is_early_is_told_when_to_come_back() {
        let mut pace = Pace::default();
        let now = Timestamp::from_millis(1_000);
        while pace.admit(now, 10).is_ok() {}
        let then = pace.admit(now, 10).unwrap_err();
        assert!(then > now);
        assert!(pace.admit(then, 10).is_ok());
    }
}

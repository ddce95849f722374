//! How often somebody may ask.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::{KeyHash, WebhookId};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

/// Requests, counted by their keys.
#[derive(Debug)]
pub struct Rates {
    /// None where nothing is limited.
    limit: Option<(Limiter<KeyHash>, Pace)>,
}

/// Verification codes that are sent, counted by their webhooks: each is a call to somebody who may not have asked for it.
#[derive(Debug)]
pub struct Codes {
    limiter: Limiter<WebhookId>,
}

/// How much room is left for one's next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Requests at once, at most.
    pub limit: u32,
    /// What is left of them.
    pub remaining: u32,
    /// In how many seconds there will be room for all of them again.
    pub reset: u64,
    /// How many seconds to wait where there is no room now.
    pub wait: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

pub(crate) type Limiter<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// So many codes at once, …
const CODES: NonZeroU32 = NonZeroU32::new(3).expect("not zero");
/// … and one every so often from then on.
const CODE_EVERY: Duration = Duration::from_secs(60);
/// When those are counted that have been quiet for long enough to be forgotten.
const MANY: usize = 10_000;

impl Rates {
    /// So many a second, and so many at once; 0 of either limits nothing.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let pace = NonZeroU32::new(per_second).zip(NonZeroU32::new(burst));
        let limit = pace.map(|(per_second, burst)| {
            let quota = Quota::per_second(per_second).allow_burst(burst);
            (limiter(quota), Pace { per_second, burst })
        });
        Self { limit }
    }

    /// Counts a request with a key that is known; none where nothing is limited.
    pub fn ask(&self, key: KeyHash) -> Option<Room> {
        let (limiter, Pace { per_second, burst }) = self.limit.as_ref()?;
        let counted = count(limiter, &key);
        let (remaining, wait) = counted.map_or_else(|wait| (0, Some(wait)), |remaining| (remaining, None));
        let used = burst.get().saturating_sub(remaining);
        let reset = u64::from(used.div_ceil(per_second.get()));
        Some(Room { limit: burst.get(), remaining, reset, wait })
    }
}

impl Default for Codes {
    fn default() -> Self {
        let every = Quota::with_period(CODE_EVERY).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
        Self { limiter: limiter(every.allow_burst(CODES)) }
    }
}

impl Codes {
    /// Counts a code that is to be sent.
    ///
    /// # Errors
    /// How many seconds to wait.
    pub fn ask(&self, webhook: &WebhookId) -> Result<(), u64> {
        count(&self.limiter, webhook).map(drop)
    }
}

pub(crate) fn limiter<K: Clone + Hash + Eq>(quota: Quota) -> Limiter<K> {
    RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>()
}

/// How many more there is room for, or how many seconds to wait.
pub(crate) fn count<K: Clone + Hash + Eq>(limiter: &Limiter<K>, key: &K) -> Result<u32, u64> {
    if limiter.len() > MANY {
        limiter.retain_recent();
    }
    match limiter.check_key(key) {
        Ok(state) => Ok(state.remaining_burst_capacity()),
        Err(until) => {
            let wait = until.wait_time_from(limiter.clock().now());
            Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_room_of_its_own_and_is_told_how_much() {
        let rates = Rates::new(1, 3);
        let ask = |key: &str| rates.ask(KeyHash::of(key)).unwrap();
        assert_eq!(ask("a"), Room { limit: 3, remaining: 2, reset: 1, wait: None });
        ask("a");
        assert_eq!(ask("a"), Room { limit: 3, remaining: 0, reset: 3, wait: None });
        assert_eq!(ask("a"), Room { limit: 3, remaining: 0, reset: 3, wait: Some(1) });
        assert_eq!(ask("b").remaining, 2);
    }

    #[test]
    fn zero_limits_nothing() {
        assert_eq!(Rates::new(0, 5).ask(KeyHash::of("a")), None);
    }

    #[test]
    fn codes_are_few() {
        let codes = Codes::default();
        for _ in 0..3 {
            assert_eq!(codes.ask(&"wh_1".into()), Ok(()));
        }
        assert!(codes.ask(&"wh_1".into()).is_err_and(|wait| (1..=60).contains(&wait)));
        assert_eq!(codes.ask(&"wh_2".into()), Ok(()));
    }
}

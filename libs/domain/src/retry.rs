//! When to try again: tiers are the delays that exist as topics, a schedule says which one follows which attempt.

use std::time::Duration;

use crate::duration;

/// One retry delay: a topic that holds records for exactly this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tier(Duration);

impl Tier {
    /// A tier of this delay.
    pub const fn of(delay: Duration) -> Self {
        Self(delay)
    }

    /// How long it holds a record.
    pub const fn delay(self) -> Duration {
        self.0
    }

    /// What the topic is called by: `5s`, `30m`, `24h`.
    pub fn name(self) -> String {
        duration::format(self.0)
    }
}

/// The delays that exist, shortest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

/// Why a list of delays makes no tiers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTiers {
    /// There must be at least one.
    #[error("there must be at least one retry tier")]
    None,
    /// A delay of zero.
    #[error("a retry tier must hold a record for some time: 0s does not")]
    Zero,
    /// A schedule names a delay that is no tier.
    #[error("the schedule's delay {0} is not one of the retry tiers")]
    NoSuchTier(String),
}

impl Tiers {
    /// Sorts the delays and drops doubles.
    ///
    /// # Errors
    /// When there is none, or one is zero.
    pub fn new(delays: impl IntoIterator<Item = Duration>) -> Result<Self, InvalidTiers> {
        let mut tiers: Vec<_> = delays.into_iter().map(Tier).collect();
        tiers.sort_unstable();
        tiers.dedup();
        match tiers.first() {
            None => Err(InvalidTiers::None),
            Some(first) if first.0.is_zero() => Err(InvalidTiers::Zero),
            Some(_) => Ok(Self(tiers)),
        }
    }

    /// All of them, shortest first.
    pub fn iter(&self) -> impl Iterator<Item = Tier> {
        self.0.iter().copied()
    }

    /// The shortest tier that holds a record at least this long; the longest one if none does.
    pub fn at_least(&self, wait: Duration) -> Tier {
        self.0.iter().copied().find(|tier| tier.0 >= wait).unwrap_or_else(|| self.longest())
    }

    /// The longest tier that holds a record at most this long; the shortest one if none does.
    pub fn at_most(&self, wait: Duration) -> Tier {
        self.0.iter().rev().copied().find(|tier| tier.0 <= wait).unwrap_or(self.0[0])
    }

    fn longest(&self) -> Tier {
        self.0[self.0.len() - 1]
    }
}

/// Which delay follows which attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    tiers: Tiers,
    delays: Vec<Tier>,
}

impl Schedule {
    /// The default delays: 89.6 hours in all, longer than a weekend.
    pub const DEFAULT: [Duration; 10] = [
        Duration::from_secs(5),
        Duration::from_secs(30),
        Duration::from_secs(5 * 60),
        Duration::from_secs(30 * 60),
        Duration::from_secs(2 * 3600),
        Duration::from_secs(5 * 3600),
        Duration::from_secs(10 * 3600),
        Duration::from_secs(24 * 3600),
        Duration::from_secs(24 * 3600),
        Duration::from_secs(24 * 3600),
    ];

    /// A schedule over tiers.
    ///
    /// # Errors
    /// When a delay is no tier.
    pub fn new(tiers: Tiers, delays: &[Duration]) -> Result<Self, InvalidTiers> {
        let known = |delay: &Duration| {
            let tier = Tier(*delay);
            if tiers.0.contains(&tier) { Ok(tier) } else { Err(InvalidTiers::NoSuchTier(tier.name())) }
        };
        let delays = delays.iter().map(known).collect::<Result<_, _>>()?;
        Ok(Self { tiers, delays })
    }

    /// The tier after `spent` attempts (at least one), no shorter than what the endpoint asked for, as far as a
    /// tier reaches. None when the schedule is spent.
    pub fn after(&self, spent: u32, asked: Option<Duration>) -> Option<Tier> {
        let index = usize::try_from(spent.checked_sub(1)?).ok()?;
        let planned = *self.delays.get(index)?;
        Some(asked.map_or(planned, |wait| planned.max(self.tiers.at_least(wait))))
    }

    /// The tiers beneath.
    pub const fn tiers(&self) -> &Tiers {
        &self.tiers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn default() -> Schedule {
        Schedule::new(Tiers::new(Schedule::DEFAULT).unwrap(), &Schedule::DEFAULT).unwrap()
    }

    #[test]
    fn the_default_schedule_outlasts_a_weekend_and_then_is_spent() {
        let schedule = default();
        let total: Duration = (1..=10).map(|spent| schedule.after(spent, None).unwrap().delay()).sum();
        assert_eq!(total, secs(322_535));
        assert_eq!(schedule.after(11, None), None);
        assert_eq!(schedule.after(0, None), None);
    }

    #[test]
    fn retry_after_is_rounded_up_to_a_tier_and_never_shortens_the_wait() {
        let schedule = default();
        let name = |spent, wait| schedule.after(spent, Some(wait)).unwrap().name();
        assert_eq!(name(1, secs(1)), "5s");
        assert_eq!(name(1, secs(6)), "30s");
        assert_eq!(name(1, secs(3600)), "2h");
        assert_eq!(name(5, secs(1)), "2h");
        assert_eq!(name(1, secs(1_000_000_000)), "24h");
    }

    #[test]
    fn tiers_round_both_ways() {
        let tiers = Tiers::new([secs(5), secs(300), secs(30)]).unwrap();
        assert_eq!(tiers.at_most(secs(300)).name(), "5m");
        assert_eq!(tiers.at_most(secs(299)).name(), "30s");
        assert_eq!(tiers.at_most(secs(1)).name(), "5s");
        assert_eq!(tiers.at_least(secs(31)).name(), "5m");
        assert_eq!(tiers.at_least(secs(301)).name(), "5m");
    }

    #[test]
    fn a_delay_without_a_topic_is_refused() {
        let tiers = Tiers::new([secs(5)]).unwrap();
        assert_eq!(Schedule::new(tiers, &[secs(7)]), Err(InvalidTiers::NoSuchTier("7s".into())));
        assert_eq!(Tiers::new([]), Err(InvalidTiers::None));
        assert_eq!(Tiers::new([secs(0)]), Err(InvalidTiers::Zero));
    }

    proptest! {
        /// Against every tier looked at in turn: a retry is never early, and waits for no longer than it has to.
        #[test]
        fn a_schedule_is_what_looking_at_every_tier_says(
            tiers in prop::collection::vec(1_u64..5_000, 1..12),
            delays in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            spent in 0_u32..15,
            wait in 0_u64..6_000,
            asks in any::<bool>(),
        ) {
            let all = Tiers::new(tiers.iter().copied().map(secs)).unwrap();
            let delays: Vec<Duration> = delays.iter().map(|index| secs(tiers[index.index(tiers.len())])).collect();
            let schedule = Schedule::new(all.clone(), &delays).unwrap();
            let longest = secs(tiers.iter().copied().max().unwrap());
            let planned = (spent > 0).then(|| delays.get(spent as usize - 1).copied()).flatten();
            let wanted = planned.map(|planned| if asks { planned.max(secs(wait)) } else { planned });
            let expected = wanted.map(|wanted| {
                tiers.iter().copied().map(secs).filter(|tier| *tier >= wanted).min().unwrap_or(longest)
            });
            let asked = asks.then(|| secs(wait));
            prop_assert_eq!(schedule.after(spent, asked).map(Tier::delay), expected);
            let shortest = secs(tiers.iter().copied().min().unwrap());
            let within = tiers.iter().copied().map(secs).filter(|tier| *tier <= secs(wait)).max();
            prop_assert_eq!(all.at_most(secs(wait)).delay(), within.unwrap_or(shortest));
        }
    }
}

//! Whether an endpoint is called at all: after enough failures it is left alone, and asked with one call whether it is
//! well again.

use std::time::Duration;

use crate::Timestamp;

/// What a breaker goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// It opens after so many failures in a row; a time-out counts for three. Zero: it never opens for that.
    pub failures: u32,
    /// How long it stays open at first. Each failed probe doubles that.
    pub first: Duration,
    /// How long it stays open at most, whatever an endpoint asks for.
    pub longest: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 6, first: Duration::from_secs(5), longest: Duration::from_secs(30 * 60) }
    }
}

/// After so many successes in a row an endpoint's past is forgotten: it is left alone for the shortest time again.
const FORGIVE: u32 = 50;
/// So many failures in a row are worth telling where no number of them opens the breaker.
const FAILING: u32 = 6;
/// What opens a breaker besides failures in a row: four of five calls fail, over about so many calls.
const SHARE: f64 = 0.8;
const MEMORY: f64 = 50.0;

/// How a call ended, as far as a breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The endpoint took it.
    Good,
    /// It failed.
    Bad {
        /// What it counts for.
        weight: u32,
        /// How long the endpoint wants to be left alone.
        asked: Option<Duration>,
    },
    /// Nothing was learnt: no call was made.
    Unknown,
}

/// What a call's end made of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tripped {
    /// It opened, or stays open after a failed probe: nothing but failures since then.
    Failing(Timestamp),
    /// The endpoint is well again.
    Well,
    /// Nothing changed that anybody needs to know.
    Unchanged,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Closed,
    /// One, to see whether the endpoint is well; it must be told by [`Breaker::probe`].
    Probe,
    /// A probe is running: its end decides.
    Probing,
    /// Not before then.
    Open(Timestamp),
}

/// The breaker of one webhook.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    state: State,
    /// What the failures since the last success count for, and when the first of them was.
    streak: u32,
    failing_since: Option<Timestamp>,
    /// Share of calls that failed, exponentially weighted, and over how many.
    share: f64,
    calls: f64,
    /// How often it opened without having been forgiven.
    level: u32,
    successes: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Timestamp,
        probing: bool,
    },
}

impl Breaker {
    /// That of an endpoint of which an earlier process found out that it fails: it is asked with one call first.
    pub fn resume(now: Timestamp, failing_since: Timestamp, settings: &BreakerSettings) -> Self {
        let open = State::Open { until: now, probing: false };
        let state = if settings.failures > 0 { open } else { State::Closed };
        Self { state, failing_since: Some(failing_since), level: 1, ..Self::default() }
    }

    /// Whether a call may be made now.
    pub fn gate(&self, now: Timestamp) -> Gate {
        match self.state {
            State::Closed => Gate::Closed,
            State::Open { probing: true, .. } => Gate::Probing,
            State::Open { until, .. } if until > now => Gate::Open(until),
            State::Open { .. } => Gate::Probe,
        }
    }

    /// The one call that an open breaker lets through begins.
    pub fn probe(&mut self) {
        if let State::Open { probing, .. } = &mut self.state {
            *probing = true;
        }
    }

    /// Whether it is open, probing or not.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// Whether it remembers nothing that a new one would not assume.
    pub fn is_blank(&self) -> bool {
        self.state == State::Closed && self.level == 0 && self.streak == 0
    }

    /// A call that began then has ended. What began before the breaker opened says nothing new.
    pub fn ended(
        &mut self,
        now: Timestamp,
        began: Timestamp,
        ending: Ending,
        settings: &BreakerSettings,
    ) -> Tripped {
        match self.state {
            State::Closed => self.ended_closed(now, ending, settings),
            State::Open { until, probing } if probing && began >= until => {
                self.ended_probe(now, ending, settings)
            }
            State::Open { .. } => Tripped::Unchanged,
        }
    }

    fn ended_closed(&mut self, now: Timestamp, ending: Ending, settings: &BreakerSettings) -> Tripped {
        match ending {
            Ending::Unknown => Tripped::Unchanged,
            Ending::Good => {
                let was_failing = self.failing_since.take().is_some();
                self.streak = 0;
                self.note(0.0);
                self.successes = self.successes.saturating_add(1);
                if self.successes >= FORGIVE {
                    self.level = 0;
                }
                if was_failing { Tripped::Well } else { Tripped::Unchanged }
            }
            Ending::Bad { weight, asked } => {
                let since = *self.failing_since.get_or_insert(now);
                self.streak = self.streak.saturating_add(weight);
                self.note(1.0);
                self.successes = 0;
                let much = self.calls >= MEMORY / 2.0 && self.share >= SHARE;
                let many = self.streak >= if settings.failures > 0 { settings.failures } else { FAILING };
                if settings.failures > 0 && (many || much) {
                    self.open(now, asked, settings);
                } else if let Some(asked) = asked {
                    self.state = State::Open { until: now + asked.min(settings.longest), probing: false };
                }
                if many || much { Tripped::Failing(since) } else { Tripped::Unchanged }
            }
        }
    }

    fn ended_probe(&mut self, now: Timestamp, ending: Ending, settings: &BreakerSettings) -> Tripped {
        match ending {
            Ending::Good => {
                let level = self.level;
                *self = Self { level, successes: 1, ..Self::default() };
                Tripped::Well
            }
            Ending::Bad { weight, asked } => {
                let since = *self.failing_since.get_or_insert(now);
                self.streak = self.streak.saturating_add(weight);
                // It was left alone because it asked for that, and asks again.
                if let Some(asked) =
                    asked.filter(|_| settings.failures == 0 || self.streak < settings.failures)
                {
                    self.state = State::Open { until: now + asked.min(settings.longest), probing: false };
                    return Tripped::Unchanged;
                }
                self.open(now, asked, settings);
                Tripped::Failing(since)
            }
            Ending::Unknown => {
                self.state = State::Open { until: now + settings.first, probing: false };
                Tripped::Unchanged
            }
        }
    }

    fn open(&mut self, now: Timestamp, asked: Option<Duration>, settings: &BreakerSettings) {
        let doubled = settings.first.saturating_mul(2_u32.saturating_pow(self.level.min(20)));
        let pause = doubled.max(asked.unwrap_or_default()).min(settings.longest);
        self.level = self.level.saturating_add(1);
        self.state = State::Open { until: now + pause, probing: false };
    }

    fn note(&mut self, failed: f64) {
        self.calls = (self.calls + 1.0).min(MEMORY);
        self.share += (failed - self.share) / self.calls;
    }
}

#[cfg(test)]
mod tests;

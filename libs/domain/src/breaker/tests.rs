//! The breaker in stories, and against a model that keeps every call.

use proptest::prelude::*;

use super::*;

const BAD: Ending = Ending::Bad { weight: 1, asked: None };
const SETTINGS: BreakerSettings =
    BreakerSettings { failures: 6, first: Duration::from_secs(5), longest: Duration::from_secs(1800) };

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

fn end(breaker: &mut Breaker, secs: i64, ending: Ending) -> Tripped {
    breaker.ended(at(secs), at(secs), ending, &SETTINGS)
}

fn times(count: usize, mut end: impl FnMut() -> Tripped) {
    for _ in 0..count {
        end();
    }
}

#[test]
fn it_opens_on_failures_in_a_row_and_lets_one_call_through_when_its_time_is_over() {
    let mut breaker = Breaker::default();
    for _ in 0..5 {
        assert_eq!(end(&mut breaker, 1, BAD), Tripped::Unchanged);
    }
    assert_eq!(end(&mut breaker, 2, BAD), Tripped::Failing(at(1)), "since the first of them");
    assert_eq!(breaker.gate(at(6)), Gate::Open(at(7)));
    assert_eq!(breaker.gate(at(7)), Gate::Probe);
    breaker.probe();
    assert_eq!(breaker.gate(at(8)), Gate::Probing);
    assert_eq!(end(&mut breaker, 8, Ending::Good), Tripped::Well);
    assert_eq!(breaker.gate(at(8)), Gate::Closed);
}

#[test]
fn each_failed_probe_doubles_the_time_up_to_the_longest_and_only_lasting_success_forgives() {
    let mut breaker = Breaker::default();
    times(6, || end(&mut breaker, 0, BAD));
    let mut pauses = Vec::new();
    let mut now = 0;
    for _ in 0..11 {
        let Gate::Open(until) = breaker.gate(at(now)) else { panic!("open") };
        pauses.push(until.as_secs() - now);
        now = until.as_secs();
        breaker.probe();
        end(&mut breaker, now, BAD);
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800]);
    let Gate::Open(until) = breaker.gate(at(now)) else { panic!("open") };
    breaker.probe();
    end(&mut breaker, until.as_secs(), Ending::Good);
    assert!(!breaker.is_blank());
    times(50, || end(&mut breaker, until.as_secs(), Ending::Good));
    assert!(breaker.is_blank());
}

#[test]
fn two_time_outs_in_a_row_open_it_and_a_success_between_does_not() {
    let late = Ending::Bad { weight: 3, asked: None };
    let mut breaker = Breaker::default();
    end(&mut breaker, 0, late);
    end(&mut breaker, 0, Ending::Good);
    assert_eq!(end(&mut breaker, 1, late), Tripped::Unchanged);
    assert_eq!(end(&mut breaker, 2, late), Tripped::Failing(at(1)));
}

#[test]
fn four_failures_of_five_open_it_too_and_half_do_not() {
    let opens = |good_every: usize| {
        let mut breaker = Breaker::default();
        (1..500).any(|n| {
            let ending = if n % good_every == 0 { Ending::Good } else { BAD };
            matches!(end(&mut breaker, 0, ending), Tripped::Failing(_))
        })
    };
    assert!(opens(6));
    assert!(!opens(2));
}

#[test]
fn what_began_before_it_opened_says_nothing_new() {
    let mut breaker = Breaker::default();
    times(6, || end(&mut breaker, 10, BAD));
    assert_eq!(breaker.ended(at(11), at(9), Ending::Good, &SETTINGS), Tripped::Unchanged);
    assert_eq!(breaker.ended(at(12), at(9), BAD, &SETTINGS), Tripped::Unchanged);
    assert_eq!(breaker.gate(at(12)), Gate::Open(at(15)));
}

#[test]
fn an_endpoint_that_asks_to_be_left_alone_is_up_to_the_longest() {
    let ask = |secs| Ending::Bad { weight: 1, asked: Some(Duration::from_secs(secs)) };
    let mut breaker = Breaker::default();
    assert_eq!(end(&mut breaker, 0, ask(60)), Tripped::Unchanged);
    assert_eq!(breaker.gate(at(0)), Gate::Open(at(60)));
    breaker.probe();
    assert_eq!(end(&mut breaker, 60, ask(1)), Tripped::Unchanged, "and may ask again");
    assert_eq!(breaker.gate(at(60)), Gate::Open(at(61)));
    let mut breaker = Breaker::default();
    end(&mut breaker, 0, ask(1_000_000));
    assert_eq!(breaker.gate(at(0)), Gate::Open(at(1800)));
}

#[test]
fn a_probe_that_was_never_sent_is_made_again() {
    let mut breaker = Breaker::resume(at(0), at(-100), &SETTINGS);
    assert_eq!(breaker.gate(at(0)), Gate::Probe);
    breaker.probe();
    assert_eq!(end(&mut breaker, 0, Ending::Unknown), Tripped::Unchanged);
    assert_eq!(breaker.gate(at(5)), Gate::Probe);
    breaker.probe();
    assert_eq!(end(&mut breaker, 5, BAD), Tripped::Failing(at(-100)), "since an earlier process's finding");
}

#[test]
fn with_no_number_of_failures_it_never_opens_and_still_tells() {
    let never = BreakerSettings { failures: 0, ..SETTINGS };
    let mut breaker = Breaker::resume(at(0), at(-100), &never);
    let last = (0..1000).map(|_| breaker.ended(at(0), at(0), BAD, &never)).last();
    assert_eq!(last, Some(Tripped::Failing(at(-100))));
    assert_eq!(breaker.gate(at(0)), Gate::Closed);
    assert_eq!(breaker.ended(at(0), at(0), Ending::Good, &never), Tripped::Well);
}

/// Everything that ever ended, from which each question is answered anew.
#[derive(Default)]
struct Model {
    /// Since it closed last: failed or not, and what it counts for.
    calls: Vec<(bool, u32)>,
    /// When the first of the failures was behind which there is no success.
    failing_since: Option<Timestamp>,
    level: u32,
    /// Whether the first of the calls is a probe.
    was_probed: bool,
    open: Option<(Timestamp, bool)>,
}

impl Model {
    fn gate(&self, now: Timestamp) -> Gate {
        match self.open {
            None => Gate::Closed,
            Some((_, true)) => Gate::Probing,
            Some((until, false)) if now < until => Gate::Open(until),
            Some((_, false)) => Gate::Probe,
        }
    }

    /// What the failures at the end count for together.
    fn streak(&self) -> u32 {
        self.calls.iter().rev().take_while(|(failed, _)| *failed).map(|(_, weight)| weight).sum()
    }

    fn successes(&self) -> usize {
        self.calls.iter().rev().take_while(|(failed, _)| !*failed).count()
    }

    /// The share of failures, a call counting the less the older it is.
    fn is_mostly_failing(&self) -> bool {
        let (mut share, mut calls) = (0.0, 0.0_f64);
        // The probe that closed it is of another time.
        let probe = usize::from(self.was_probed);
        for (failed, _) in self.calls.iter().skip(probe) {
            calls = (calls + 1.0).min(50.0);
            share += (f64::from(u8::from(*failed)) - share) / calls;
        }
        calls >= 25.0 && share >= 0.8
    }

    fn open(&mut self, now: Timestamp, asked: Option<Duration>, settings: &BreakerSettings) {
        let mut pause = settings.first;
        (0..self.level.min(20)).for_each(|_| pause = (pause * 2).min(settings.longest));
        self.level += 1;
        self.open = Some((now + pause.max(asked.unwrap_or_default()).min(settings.longest), false));
    }

    fn ended(
        &mut self,
        now: Timestamp,
        began: Timestamp,
        ending: Ending,
        settings: &BreakerSettings,
    ) -> Tripped {
        let is_probe = self.open.is_some();
        if self.open.is_some_and(|(until, probing)| !probing || began < until) {
            return Tripped::Unchanged;
        }
        match ending {
            Ending::Unknown if is_probe => {
                self.open = Some((now + settings.first, false));
                Tripped::Unchanged
            }
            Ending::Unknown => Tripped::Unchanged,
            Ending::Good => {
                if is_probe {
                    self.calls.clear();
                    self.was_probed = true;
                    self.open = None;
                }
                self.calls.push((false, 0));
                if self.successes() >= 50 {
                    self.level = 0;
                }
                if self.failing_since.take().is_some() || is_probe {
                    Tripped::Well
                } else {
                    Tripped::Unchanged
                }
            }
            Ending::Bad { weight, asked } => {
                let since = *self.failing_since.get_or_insert(now);
                self.calls.push((true, weight));
                let enough = if settings.failures == 0 { 6 } else { settings.failures };
                let fails = if is_probe { true } else { self.streak() >= enough || self.is_mostly_failing() };
                let only_asked = asked.is_some()
                    && (settings.failures == 0 || if is_probe { self.streak() < enough } else { !fails });
                if let Some(asked) = asked.filter(|_| only_asked) {
                    self.open = Some((now + asked.min(settings.longest), false));
                } else if fails && (settings.failures > 0 || is_probe) {
                    self.open(now, asked, settings);
                }
                if fails && !(is_probe && only_asked) { Tripped::Failing(since) } else { Tripped::Unchanged }
            }
        }
    }
}

fn ending() -> impl Strategy<Value = Ending> {
    let asked = prop::option::weighted(0.3, (0_u64..4_000).prop_map(Duration::from_secs));
    let bad =
        (prop_oneof![Just(1_u32), Just(3)], asked).prop_map(|(weight, asked)| Ending::Bad { weight, asked });
    prop_oneof![4 => Just(Ending::Good), 8 => bad, 1 => Just(Ending::Unknown)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Calls begin where the gate lets them, end in any order, and time passes by lot.
    #[test]
    fn it_is_what_a_model_that_keeps_every_call_says(
        failures in prop_oneof![Just(6_u32), Just(0), Just(1)],
        runs in prop::collection::vec((ending(), 1_usize..30, 0_i64..40, any::<prop::sample::Index>()), 1..60),
    ) {
        let settings = BreakerSettings { failures, ..SETTINGS };
        let (mut breaker, mut model) = (Breaker::default(), Model::default());
        let (mut now, mut running) = (0, Vec::new());
        for (ending, times, pause, which) in runs {
            for _ in 0..times {
                prop_assert_eq!(breaker.gate(at(now)), model.gate(at(now)));
                match breaker.gate(at(now)) {
                    Gate::Closed => running.extend([now; 2]),
                    Gate::Probe => {
                        breaker.probe();
                        model.open = model.open.map(|(until, _)| (until, true));
                        running.push(now);
                    }
                    Gate::Probing | Gate::Open(_) => {}
                }
                now += pause % 3;
                if running.is_empty() {
                    continue;
                }
                let began = at(running.remove(which.index(running.len())));
                let said = breaker.ended(at(now), began, ending, &settings);
                prop_assert_eq!(said, model.ended(at(now), began, ending, &settings));
                prop_assert_eq!(breaker.is_open(), model.open.is_some());
            }
            now += pause * pause;
        }
    }
}

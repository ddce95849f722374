//! An endpoint that fails is left alone, and that is written down.

use super::*;
use crate::{Health, Revision};

/// Commands other than sends, which are answered with `status`.
fn turn(bench: &mut Bench, status: u16) -> Vec<Command<i64>> {
    let mut others = Vec::new();
    loop {
        let (sends, rest): (Vec<_>, Vec<_>) =
            bench.commands().into_iter().partition(|command| matches!(command, Command::Send { .. }));
        if sends.is_empty() && rest.is_empty() {
            return others;
        }
        for command in sends {
            let Command::Send { members, .. } = command else { continue };
            bench.outcome(members[0].0.offset.0, &answered(status));
        }
        for command in &rest {
            if let Some(place) = command.place() {
                bench.dispatcher.handle_written(place);
            }
        }
        others.extend(rest);
    }
}

fn healths(commands: &[Command<i64>]) -> Vec<Health> {
    let health = |command: &Command<i64>| {
        let Command::Health { health, .. } = command else { return None };
        Some(health.clone())
    };
    commands.iter().filter_map(health).collect()
}

impl Bench {
    fn know(&mut self, health: Health) {
        let offset = self.registry.position();
        self.registry.apply(offset, Change::Health(health));
        self.dispatcher.handle_registry();
    }
}

fn failing(since: Option<Timestamp>, disabled: Option<DisabledReason>) -> Health {
    Health { webhook: "a".into(), revision: Revision(1), failing_since: since, disabled }
}

#[test]
fn an_endpoint_that_fails_is_left_alone_and_asked_with_one_call() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    (0..6).for_each(|offset| bench.read(offset, "a"));
    let told = turn(&mut bench, 500);
    assert_eq!(healths(&told), [failing(Some(bench.now), None)], "since the first of the failures");
    bench.know(failing(Some(bench.now), None));
    assert_eq!(bench.dispatcher.breakers_open(), 1);
    (6..10).for_each(|offset| bench.read(offset, "a"));
    assert_eq!(bench.sends(), [0; 0]);
    bench.now = bench.now + secs(5);
    assert_eq!(bench.sends(), [6], "one probe");
    bench.outcome(6, &answered(200));
    let commands = bench.commands();
    assert_eq!(healths(&commands), [failing(None, None)], "it is well again");
    assert_eq!(commands.len(), 4, "and gets what waited");
}

#[test]
fn while_an_endpoint_is_left_alone_for_long_its_records_wait_elsewhere_and_spend_no_attempt() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    let mut offset = 0;
    for _ in 0..8 {
        bench.read(offset, "a");
        offset += 1;
        turn(&mut bench, 500);
        bench.now = bench.now + secs(60);
    }
    (offset..offset + 50).for_each(|offset| bench.read(offset, "a"));
    let commands = bench.commands();
    let probe = commands.iter().filter(|command| matches!(command, Command::Send { .. })).count();
    assert_eq!(probe, 1);
    bench.outcome(offset, &answered(500));
    let moved = turn(&mut bench, 500);
    let waits: Vec<_> = moved
        .iter()
        .filter_map(|command| match command {
            Command::Retry { deferred: Some(Deferral::LeftAlone), tier, progress, .. } => {
                Some((tier.name(), progress.attempts))
            }
            Command::Retry { .. }
            | Command::Send { .. }
            | Command::DeadLetter { .. }
            | Command::Health { .. }
            | Command::Commit(_)
            | Command::Release(_)
            | Command::Pause(_)
            | Command::Resume(_) => None,
        })
        .collect();
    assert_eq!(waits.len(), 49);
    assert!(waits.iter().all(|wait| *wait == ("30s".to_owned(), 0)), "{waits:?}");
}

#[test]
fn the_next_owner_of_an_endpoint_that_fails_asks_with_one_call_too() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    let since = bench.now - secs(3600);
    bench.know(failing(Some(since), None));
    (0..4).for_each(|offset| bench.read(offset, "a"));
    assert_eq!(bench.sends(), [0]);
    bench.outcome(0, &answered(204));
    let commands = bench.commands();
    assert_eq!(healths(&commands), [failing(None, None)]);
    assert_eq!(commands.len(), 4);
}

#[test]
fn five_days_of_nothing_but_failures_disable_a_webhook_even_if_pods_came_and_went() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    let since = bench.now - secs(5 * 24 * 3600 - 60);
    bench.know(failing(Some(since), None));
    bench.read(0, "a");
    assert_eq!(healths(&turn(&mut bench, 500)), [], "not yet");
    bench.now = bench.now + secs(120);
    bench.read(1, "a");
    assert_eq!(healths(&turn(&mut bench, 500)), [failing(Some(since), Some(DisabledReason::Failing))]);
}

#[test]
fn many_calls_that_find_the_same_endpoint_gone_are_one_finding() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    (0..2).for_each(|offset| bench.read(offset, "a"));
    bench.sends();
    let standing = bench.registry.webhook(&"a".into()).unwrap().clone();
    for offset in 0..2 {
        assert_eq!(bench.outcome(offset, &answered(410)), Fate::Died(DeathReason::Gone));
        bench.dispatcher.handle_gone(&standing);
    }
    assert_eq!(healths(&bench.commands()), [failing(None, Some(DisabledReason::Gone))]);
}

#[test]
fn an_endpoint_that_asks_for_a_pause_gets_it_and_nobody_calls_that_a_failure() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    (0..3).for_each(|offset| bench.read(offset, "a"));
    assert_eq!(bench.sends(), [0, 1]);
    bench.outcome(0, &Outcome::Answered { status: 429, retry_after: Some(secs(3)) });
    bench.outcome(1, &answered(200));
    assert!(matches!(bench.commands()[..], [Command::Retry { .. }]), "the lane waits, not only the record");
    bench.now = bench.now + secs(3);
    assert_eq!(bench.sends(), [2]);
}

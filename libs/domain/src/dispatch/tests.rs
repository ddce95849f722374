//! Input at a time, expected commands.

use std::collections::BTreeSet;

use super::*;
use crate::fixtures::webhook;
use crate::{Change, DisabledReason, Frontier, Limits, Registry, State, Tiers, Webhook};
use bench::Bench;

const E: Epoch = Epoch(1);

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn place(offset: i64) -> Place {
    Place { epoch: E, offset: Offset(offset) }
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None }
}

fn frontier(offset: i64, completed: &[i64]) -> Vec<Frontier> {
    let completed = completed.iter().map(|offset| Offset(*offset)).collect();
    vec![Frontier { epoch: E, offset: Offset(offset), completed }]
}

#[test]
fn a_delivery_is_sent_and_committed_when_it_succeeded() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    let commands = bench.commands();
    let [Command::Send { number: 1, members, batch: None, standing }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!((standing.webhook.id.as_str(), &members[..]), ("a", &[(place(0), 0)][..]));
    assert_eq!(bench.frontier(), frontier(0, &[]));
    assert_eq!(bench.outcome(0, &answered(204)), Fate::Delivered);
    assert_eq!(bench.frontier(), frontier(1, &[]));
    assert!(bench.dispatcher.is_idle() && bench.commands().is_empty() && bench.dispatcher.bytes() == 0);
}

#[test]
fn a_failed_attempt_goes_to_the_schedules_tier_and_is_done_when_that_is_written() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    bench.sends();
    let Fate::Retried(tier) = bench.outcome(0, &answered(500)) else { panic!("it is retried") };
    assert_eq!(tier.name(), "5s");
    let commands = bench.commands();
    let [Command::Retry { progress, .. }] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((progress.attempts, progress.first_attempt_at), (1, Some(bench.now)));
    assert_eq!(bench.frontier(), frontier(0, &[]));
    bench.dispatcher.handle_written(place(0));
    assert_eq!(bench.frontier(), frontier(1, &[]));
}

#[test]
fn a_spent_schedule_ends_in_the_dead_letters() {
    for (outcome, reason) in [
        (answered(500), DeathReason::Exhausted),
        (Outcome::Denied("loopback".into()), DeathReason::AddressDenied),
        (answered(410), DeathReason::Gone),
    ] {
        let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
        bench.read_with(0, "a", 0, Progress { attempts: 2, ..Progress::default() });
        bench.sends();
        assert_eq!(bench.outcome(0, &outcome), Fate::Died(reason));
        let commands = bench.commands();
        assert!(matches!(&commands[..], [Command::DeadLetter { progress, .. }] if progress.attempts == 3));
    }
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_as_of_the_revision_that_was_called() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    let commands = bench.commands();
    let [Command::Send { standing, .. }] = &commands[..] else { panic!("{commands:?}") };
    bench.outcome(0, &answered(410));
    bench.dispatcher.handle_gone(standing);
    let commands = bench.commands();
    let [Command::DeadLetter { .. }, Command::Health { health, .. }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!((health.revision, health.disabled), (standing.webhook.revision, Some(DisabledReason::Gone)));
}

#[test]
fn the_endpoint_may_ask_for_a_longer_wait() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    bench.sends();
    let Fate::Retried(tier) =
        bench.outcome(0, &Outcome::Answered { status: 429, retry_after: Some(secs(60)) })
    else {
        panic!("it is retried")
    };
    assert_eq!(tier.name(), "5m");
}

#[test]
fn a_webhook_that_may_not_be_called_defers_without_spending_an_attempt_until_it_expires() {
    for state in [State::Paused, State::Unverified, State::Disabled(DisabledReason::Failing)] {
        let mut bench = Bench::new(&[Webhook { state, ..webhook("a", "acme", &[]) }]);
        bench.read(0, "a");
        let commands = bench.commands();
        let [Command::Retry { tier, progress, deferred: Some(Deferral::Inactive), .. }] = &commands[..]
        else {
            panic!("{commands:?}")
        };
        assert_eq!((tier.name().as_str(), progress.attempts, progress.deferrals), ("5m", 0, 1));
        assert_eq!(progress.waiting_since, Some(bench.now));
        let long_ago = Progress { waiting_since: Some(bench.now - secs(72 * 3600)), ..Progress::default() };
        bench.read_with(1, "a", 0, long_ago);
        assert!(matches!(bench.commands()[..], [Command::DeadLetter { reason: DeathReason::Expired, .. }]));
    }
}

#[test]
fn a_webhook_whose_secrets_cannot_be_opened_defers_for_that_reason() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    bench.sends();
    bench.outcome(0, &Outcome::Sealed);
    let commands = bench.commands();
    let [Command::Retry { progress, deferred: Some(Deferral::Sealed), .. }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!((progress.attempts, progress.deferrals), (0, 1));
}

#[test]
fn a_deleted_webhook_is_unknown_only_to_a_view_that_has_passed_its_record() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read_with(0, "b", 7, Progress::default());
    bench.read_with(1, "a", 0, Progress::default());
    assert_eq!(bench.sends(), [1]);
    bench.registry.passed(Offset(6));
    bench.dispatcher.handle_registry();
    assert_eq!(bench.sends(), [0; 0]);
    bench.register(7, webhook("b", "acme", &[]));
    assert_eq!(bench.sends(), [0]);
    bench.registry.apply(Offset(8), Change::WebhookGone("b".into()));
    bench.read_with(2, "b", 7, Progress::default());
    assert!(matches!(
        bench.commands()[..],
        [Command::DeadLetter { reason: DeathReason::UnknownWebhook, .. }]
    ));
}

#[test]
fn a_registry_record_that_does_not_exist_is_not_waited_for() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read_with(0, "a", 900, Progress::default());
    assert_eq!(bench.sends(), [0; 0]);
    bench.now = bench.now + secs(2);
    assert_eq!(bench.sends(), [0; 0], "the view may not have been asked since");
    assert!(bench.dispatcher.poll_timeout() <= bench.now + secs(1));
    bench.now = bench.now + secs(1);
    assert_eq!(bench.sends(), [0]);
    assert_eq!(bench.dispatcher.baseless(), 1);
}

#[test]
fn without_a_fresh_registry_everything_undecided_waits_and_what_runs_is_finished() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    assert_eq!(bench.sends(), [0]);
    bench.fresh = false;
    bench.read(1, "a");
    bench.read(2, "nobody");
    bench.outcome(0, &answered(500));
    assert!(matches!(bench.commands()[..], [Command::Retry { .. }]));
    bench.fresh = true;
    bench.dispatcher.handle_registry();
    assert_eq!(bench.commands().len(), 2);
}

#[test]
fn a_lane_keeps_to_its_concurrency_and_the_lanes_take_turns() {
    let limits = Limits { concurrency: 2, ..Limits::default() };
    let mut bench = Bench::new(&[Webhook { limits, ..webhook("a", "acme", &[]) }, webhook("b", "acme", &[])]);
    for offset in 0..6 {
        bench.read(offset, "a");
    }
    bench.read(6, "b");
    assert_eq!(bench.sends(), [0, 6, 1]);
    bench.outcome(1, &answered(200));
    assert_eq!(bench.sends(), [2]);
    assert_eq!(bench.frontier(), frontier(0, &[1]));
}

#[test]
fn the_process_keeps_to_its_cap() {
    let both = [webhook("a", "acme", &[]), webhook("b", "acme", &[])];
    let mut bench = Bench::with(&both, |settings| settings.max_open = 3);
    bench.prove(&["a", "b"]);
    for offset in 0..5 {
        bench.read(offset, if offset % 2 == 0 { "a" } else { "b" });
    }
    assert_eq!(bench.sends(), [0, 1, 2]);
    bench.outcome(0, &answered(200));
    assert_eq!(bench.sends(), [3]);
}

#[test]
fn a_crowded_partition_is_paused_and_resumed() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.dispatcher.settings.window = Window { undone: 2, span: 100, bytes: 10_000 };
    for offset in 0..3 {
        bench.read(offset, "a");
    }
    let commands = bench.commands();
    assert!(matches!(&commands[0], Command::Pause(epochs) if *epochs == [E]), "{commands:?}");
    bench.outcome(0, &answered(200));
    bench.outcome(1, &answered(200));
    assert!(
        matches!(&bench.commands()[..], [Command::Resume(epochs), Command::Send { .. }] if *epochs == [E])
    );
}

#[test]
fn a_revoked_partition_finishes_what_runs_then_commits_then_is_released() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.dispatcher.settings.max_open = 1;
    bench.read(0, "a");
    bench.read(1, "a");
    assert_eq!(bench.sends(), [0]);
    bench.dispatcher.handle_revoking(&[E]);
    assert_eq!(bench.commands().len(), 0);
    bench.outcome(0, &answered(200));
    assert_eq!(bench.commit(), Some(frontier(1, &[])));
    assert_eq!(bench.commands().len(), 0);
    bench.dispatcher.handle_committed(bench.now, false);
    assert_eq!(bench.commit(), None, "not at once");
    bench.now = bench.now + Duration::from_millis(100);
    assert_eq!(bench.commit(), Some(frontier(1, &[])), "a last commit that was refused is repeated");
    bench.dispatcher.handle_committed(bench.now, true);
    assert!(matches!(&bench.commands()[..], [Command::Release(epochs)] if *epochs == [E]));
}

#[test]
fn an_outcome_of_a_lost_claim_says_nothing_about_the_present_one() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    bench.sends();
    bench.dispatcher.handle_lost(&[E]);
    bench.dispatcher.handle_assigned(Epoch(2), Some(Offset(0)), Vec::new());
    assert_eq!(bench.outcome(0, &answered(200)), Fate::Stale);
    bench.now = bench.now + secs(1);
    let commit = bench.commit();
    assert_eq!(commit.unwrap(), [Frontier { epoch: Epoch(2), offset: Offset(0), completed: vec![] }]);
    assert_eq!(bench.dispatcher.open(), 0);
}

#[test]
fn a_stop_begins_nothing_and_waits_for_what_runs() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.dispatcher.settings.max_open = 1;
    bench.read(0, "a");
    bench.read(1, "a");
    bench.sends();
    bench.dispatcher.handle_stop();
    bench.read(2, "a");
    assert!(!bench.dispatcher.is_idle() && bench.sends().is_empty());
    bench.outcome(0, &answered(200));
    assert!(!bench.dispatcher.is_idle(), "not before it is committed");
    assert_eq!(bench.commit(), Some(frontier(1, &[])));
    bench.dispatcher.handle_committed(bench.now, true);
    bench.commands();
    assert!(bench.dispatcher.is_idle());
}

#[test]
fn when_time_is_up_what_is_done_is_committed_and_what_runs_is_left_to_the_next_owner() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    bench.read(0, "a");
    bench.read(1, "a");
    assert_eq!(bench.sends(), [0, 1]);
    bench.dispatcher.handle_stop();
    bench.outcome(1, &answered(200));
    assert_eq!(bench.commit(), None);
    bench.dispatcher.handle_out_of_time();
    assert_eq!(bench.commit(), Some(frontier(0, &[1])));
    bench.dispatcher.handle_committed(bench.now, true);
    bench.commands();
    assert!(bench.dispatcher.is_idle());
}

#[test]
fn a_record_that_is_no_delivery_is_buried_whatever_the_registry_says() {
    let mut bench = Bench::new(&[]);
    bench.fresh = false;
    bench.dispatcher.handle_stranger(bench.now, place(0), 0, 10);
    assert!(matches!(bench.commands()[..], [Command::DeadLetter { reason: DeathReason::Malformed, .. }]));
    bench.dispatcher.handle_written(place(0));
    assert_eq!(bench.frontier(), frontier(1, &[]));
}

mod backlog;
mod batches;
mod bench;
mod breakers;
mod isolation;
mod simulation;
mod whatever_happens;

//! One endpoint's trouble is its own.

use std::num::NonZeroU32;

use super::*;
use crate::Phase as Waited;

fn limited(id: &str, limits: Limits) -> Webhook {
    Webhook { limits, ..webhook(id, "acme", &[]) }
}

/// How many POSTs run after everything that may begin has begun.
fn running(bench: &mut Bench) -> usize {
    bench.commands();
    bench.dispatcher.open()
}

#[test]
fn a_lane_widens_with_success_and_narrows_when_its_endpoint_is_out_of_breath() {
    let limits = Limits { concurrency: 6, ..Limits::default() };
    for short in [Outcome::TimedOut(Waited::FirstByte), answered(429), answered(503)] {
        let mut bench = Bench::with(&[limited("a", limits)], |settings| settings.breaker.failures = 0);
        (0..40).for_each(|offset| bench.read(offset, "a"));
        assert_eq!(running(&mut bench), 2);
        for offset in 0..6 {
            bench.outcome(offset, &answered(200));
            running(&mut bench);
        }
        assert_eq!(bench.dispatcher.open(), 6, "up to the webhook's limit");
        let began = bench.now;
        bench.now = began + secs(1);
        for offset in 6..12 {
            bench.dispatcher.handle_outcome(bench.now, place(offset), began, &short);
        }
        assert_eq!(running(&mut bench), 3, "six halved once: what had begun before tells nothing new");
        for offset in 12..15 {
            bench.outcome(offset, &answered(500));
        }
        assert_eq!(running(&mut bench), 3, "an error is not being out of breath");
    }
}

#[test]
fn only_what_waits_for_the_process_itself_is_due() {
    for (max_open, open, due) in [(40, 2, 0), (1, 1, 9)] {
        let mut bench = Bench::with(&[webhook("a", "acme", &[])], |settings| settings.max_open = max_open);
        (0..10).for_each(|offset| bench.read(offset, "a"));
        assert_eq!((running(&mut bench), bench.dispatcher.due()), (open, due), "{max_open}");
        assert_eq!(bench.dispatcher.oldest().collect::<Vec<_>>(), [&0]);
        bench.outcome(0, &answered(200));
        assert_eq!(
            bench.dispatcher.oldest().collect::<Vec<_>>(),
            [&1],
            "the frontier waits for the next one"
        );
        assert!(bench.dispatcher.window_fill() > 0.0);
    }
}

#[test]
fn a_rate_is_kept_and_holds_up_nobody_else() {
    let slow = Limits { per_second: NonZeroU32::new(10), ..Limits::default() };
    let mut bench = Bench::new(&[limited("slow", slow), webhook("b", "acme", &[])]);
    let mut sent = Vec::new();
    for offset in 0..30 {
        bench.read(offset, "slow");
    }
    bench.read(30, "b");
    for _ in 0..200 {
        for offset in bench.sends() {
            bench.outcome(offset, &answered(200));
            sent.push((bench.now, offset));
        }
        bench.now = bench.now + Duration::from_millis(10);
    }
    let of_slow = sent.iter().filter(|(_, offset)| *offset != 30).count();
    assert!((20..=22).contains(&of_slow), "{of_slow} in two seconds at ten a second");
    assert!(sent.contains(&(at(1_000_000), 30)), "at once");
    assert!(bench.dispatcher.poll_timeout() <= bench.now + Duration::from_millis(110));
}

#[test]
fn lanes_that_are_not_brisk_hold_half_of_the_process_however_many_they_are() {
    let mut webhooks: Vec<_> = (0..100).map(|n| webhook(&format!("hangs{n}"), "acme", &[])).collect();
    webhooks.push(webhook("well", "bolt", &[]));
    let mut bench = Bench::with(&webhooks, |settings| {
        settings.max_open = 40;
        settings.account_open = 40;
    });
    bench.prove(&["well"]);
    for offset in 0..1000 {
        bench.read(offset, &format!("hangs{}", offset % 100));
    }
    assert_eq!(running(&mut bench), 20, "nobody knows yet that they hang, and nobody needs to");
    for offset in 1000..1030 {
        bench.read(offset, "well");
    }
    assert_eq!(bench.sends(), [1000, 1001, 1002], "as wide as it is");
    bench.now = bench.now + secs(15);
    for offset in 1000..1003 {
        bench.outcome(offset, &answered(200));
    }
    bench.sends();
    let before = bench.dispatcher.open();
    let (webhook, place) = bench
        .dispatcher
        .open
        .iter()
        .map(|(place, r)| (r.webhook.clone(), *place))
        .min_by_key(|(w, _)| w.clone())
        .unwrap();
    assert!(webhook.as_str().starts_with("hangs"));
    bench.outcome(place.offset.0, &Outcome::TimedOut(Waited::FirstByte));
    let commands = bench.commands();
    assert!(
        matches!(commands[..], [Command::Retry { .. }, Command::Send { .. }]),
        "the next one that waited"
    );
    assert_eq!(bench.dispatcher.open(), before);
}

#[test]
fn a_lane_that_begins_to_hang_is_noticed_and_begins_no_more_than_its_share() {
    let both = [webhook("turns", "acme", &[]), webhook("well", "bolt", &[])];
    let mut bench = Bench::with(&both, |settings| settings.max_open = 40);
    for offset in 0..100 {
        bench.read(offset, "turns");
        bench.sends();
        bench.outcome(offset, &answered(200));
    }
    (100..110).for_each(|offset| bench.read(offset, "turns"));
    assert_eq!(running(&mut bench), 10);
    bench.now = bench.now + secs(1);
    (110..200).for_each(|offset| bench.read(offset, "turns"));
    assert_eq!(running(&mut bench), 20);
    bench.outcome(100, &answered(200));
    assert_eq!(running(&mut bench), 20);
}

#[test]
fn an_account_keeps_to_its_share_of_the_process_and_whoever_waits_gets_what_others_leave() {
    let webhooks: Vec<_> = (0..10).map(|n| webhook(&format!("w{n}"), "acme", &[])).collect();
    let mut bench = Bench::with(&webhooks, |settings| settings.account_open = 3);
    (0..40).for_each(|offset| bench.read(offset, &format!("w{}", offset % 10)));
    let mut sent = Vec::new();
    while sent.len() < 40 {
        let now = bench.sends();
        assert!(!now.is_empty() && bench.dispatcher.open() <= 3, "{sent:?}");
        for offset in &now {
            bench.outcome(*offset, &answered(200));
        }
        sent.extend(now);
    }
    let first: BTreeSet<_> = sent[..20].iter().map(|offset| offset % 10).collect();
    assert_eq!(first.len(), 10, "none waits for long");
}

#[test]
fn an_accounts_rate_is_kept_over_all_of_its_lanes() {
    for per_second in [50, 5_000] {
        let mut webhooks: Vec<_> = (0..10).map(|n| webhook(&format!("w{n}"), "acme", &[])).collect();
        webhooks.push(webhook("other", "bolt", &[]));
        let mut bench =
            Bench::with(&webhooks, |settings| settings.account_per_second = NonZeroU32::new(per_second));
        bench.dispatcher.settings.window = Window { undone: 1 << 20, span: 1 << 20, bytes: 1 << 30 };
        let mut sent = 0;
        for step in 0..2_000 {
            for n in 0..10 {
                bench.read(step * 10 + n, &format!("w{n}"));
            }
            for offset in bench.sends() {
                bench.outcome(offset, &answered(200));
                sent += 1;
            }
            bench.now = bench.now + Duration::from_millis(1);
        }
        let most = per_second * 2 + per_second / 10 + 2;
        assert!((per_second * 2 - per_second / 10..=most).contains(&sent), "{sent} at {per_second}");
        bench.read(100_000, "other");
        assert!(bench.sends().contains(&100_000));
    }
}

#[test]
fn what_is_too_much_for_a_hanging_lane_is_moved_aside_and_whoever_is_behind_it_is_served() {
    let mut bench = Bench::new(&[webhook("hangs", "acme", &[]), webhook("well", "acme", &[])]);
    bench.dispatcher.settings.window = Window { undone: 100, span: 100_000, bytes: 1 << 30 };
    let (mut moved, mut paused) = (0, false);
    (0..2).for_each(|offset| bench.read(offset, "hangs"));
    running(&mut bench);
    bench.now = bench.now + secs(2);
    for offset in 2..500 {
        bench.read(offset, if offset % 5 == 4 { "well" } else { "hangs" });
        for command in bench.commands() {
            match command {
                Command::Send { members, standing, .. } if standing.webhook.id.as_str() == "well" => {
                    bench.outcome(members[0].0.offset.0, &answered(200));
                }
                Command::Retry { place, deferred: Some(Deferral::Crowded), progress, .. } => {
                    assert_eq!((progress.attempts, progress.deferrals), (0, 1));
                    bench.dispatcher.handle_written(place);
                    moved += 1;
                }
                Command::Pause(_) => paused = true,
                Command::Send { .. } | Command::Retry { .. } | Command::Resume(_) => {}
                other @ (Command::DeadLetter { .. }
                | Command::Health { .. }
                | Command::Commit(_)
                | Command::Release(_)) => panic!("{other:?}"),
            }
        }
    }
    assert!(!paused, "the partition is never full");
    assert!((370..=395).contains(&moved), "{moved} of 400 moved aside");
}

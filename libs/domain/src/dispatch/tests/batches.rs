//! Deliveries that go together.

use super::*;
use crate::{BatchPart, Batching, batch_id};

fn batched(max_events: u32) -> Webhook {
    let batching = Batching { max_events, max_wait: secs(2), ..Batching::default() };
    Webhook { batch: Some(batching), ..webhook("a", "acme", &[]) }
}

/// The offsets of each POST that is sent now, and the batch's name.
fn posts(bench: &mut Bench) -> Vec<(Vec<i64>, Option<DeliveryId>)> {
    let sent = |command| {
        let Command::Send { members, batch, .. } = command else { return None };
        Some((members.into_iter().map(|(place, _)| place.offset.0).collect(), batch))
    };
    bench.commands().into_iter().filter_map(sent).collect()
}

fn name(offsets: &[i64]) -> DeliveryId {
    let names: Vec<DeliveryId> = offsets.iter().map(|n| format!("dlv_{n}").as_str().into()).collect();
    batch_id(&names)
}

#[test]
fn a_batch_goes_when_it_is_full_at_once_and_else_when_its_first_has_waited() {
    let mut bench = Bench::new(&[batched(3)]);
    (0..2).for_each(|offset| bench.read(offset, "a"));
    assert_eq!(posts(&mut bench), []);
    bench.now = bench.now + secs(1);
    bench.read(2, "a");
    assert_eq!(posts(&mut bench), [(vec![0, 1, 2], Some(name(&[0, 1, 2])))], "the third wakes it");
    bench.read(3, "a");
    assert_eq!(posts(&mut bench), []);
    assert!(bench.dispatcher.poll_timeout() <= bench.now + secs(2));
    bench.now = bench.now + secs(2);
    assert_eq!(posts(&mut bench), [(vec![3], Some(name(&[3])))]);
}

#[test]
fn all_members_of_a_batch_are_done_when_it_succeeded_and_not_before() {
    let mut bench = Bench::new(&[batched(3)]);
    (0..3).for_each(|offset| bench.read(offset, "a"));
    posts(&mut bench);
    assert_eq!(bench.frontier(), frontier(0, &[]));
    let fates = bench.dispatcher.handle_outcome(bench.now, place(0), bench.now, &answered(200));
    assert_eq!(fates, [Fate::Delivered; 3]);
    assert_eq!(bench.frontier(), frontier(3, &[]));
}

#[test]
fn a_batch_that_failed_goes_to_the_tier_member_by_member_and_comes_back_as_it_was() {
    let mut bench = Bench::new(&[batched(3)]);
    (0..3).for_each(|offset| bench.read(offset, "a"));
    posts(&mut bench);
    bench.dispatcher.handle_outcome(bench.now, place(0), bench.now, &answered(500));
    let mut parts = Vec::new();
    for command in bench.commands() {
        let Command::Retry { place, progress, .. } = command else { panic!("{command:?}") };
        assert_eq!(progress.attempts, 1);
        bench.dispatcher.handle_written(place);
        parts.push(progress);
    }
    let id = name(&[0, 1, 2]);
    let part = |index| Some(BatchPart { id: id.clone(), index, size: 3 });
    assert_eq!(
        parts.iter().map(|progress| progress.batch.clone()).collect::<Vec<_>>(),
        [part(0), part(1), part(2)]
    );

    bench.read(3, "a");
    for (offset, index) in [(4, 2_usize), (5, 0), (6, 1)] {
        let (registry, progress) = (Offset(0), parts[index].clone());
        let (webhook, delivery) = ("a".into(), format!("dlv_{index}").as_str().into());
        let job = Job { webhook, delivery, registry, progress, bytes: 100, payload: offset };
        bench.dispatcher.handle_delivery(bench.now, place(offset), job);
    }
    bench.now = bench.now + secs(2);
    let sent = posts(&mut bench);
    assert_eq!(
        sent[0],
        (vec![3, 4, 5], Some(batch_id(&["dlv_3", "dlv_2", "dlv_0"].map(DeliveryId::from)))),
        "not within a second: new batches"
    );

    let mut bench = Bench::new(&[batched(3)]);
    for (offset, index) in [(0, 2_usize), (1, 0), (2, 1)] {
        let (registry, progress) = (Offset(0), parts[index].clone());
        let (webhook, delivery) = ("a".into(), format!("dlv_{index}").as_str().into());
        let job = Job { webhook, delivery, registry, progress, bytes: 100, payload: offset };
        bench.dispatcher.handle_delivery(bench.now, place(offset), job);
    }
    assert_eq!(
        posts(&mut bench),
        [(vec![1, 2, 0], Some(id))],
        "the same members in the same order: the same name"
    );
}

#[test]
fn a_webhook_that_wants_no_batches_any_more_gets_what_came_back_one_by_one() {
    let mut bench = Bench::new(&[webhook("a", "acme", &[])]);
    let part = Some(BatchPart { id: "bat_1".into(), index: 0, size: 2 });
    bench.read_with(0, "a", 0, Progress { batch: part, attempts: 1, ..Progress::default() });
    assert_eq!(posts(&mut bench), [(vec![0], None)]);
    bench.outcome(0, &answered(500));
    let commands = bench.commands();
    assert!(matches!(&commands[..], [Command::Retry { progress, .. }] if progress.batch.is_none()));
}

#[test]
fn a_gone_endpoint_buries_every_member_and_a_pause_defers_every_one() {
    let mut bench = Bench::new(&[batched(2)]);
    (0..2).for_each(|offset| bench.read(offset, "a"));
    posts(&mut bench);
    let fates = bench.dispatcher.handle_outcome(bench.now, place(0), bench.now, &answered(410));
    assert_eq!(fates, [Fate::Died(DeathReason::Gone); 2]);

    let mut bench = Bench::new(&[Webhook { state: State::Paused, ..batched(2) }]);
    (0..2).for_each(|offset| bench.read(offset, "a"));
    assert!(matches!(bench.commands()[..], [Command::Retry { .. }, Command::Retry { .. }]));
}

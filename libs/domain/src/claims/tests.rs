//! What is committed, and when claims are released.

use super::*;

const E1: Epoch = Epoch(1);
const E2: Epoch = Epoch(2);

fn claims() -> Claims {
    let mut claims = Claims::default();
    claims.begin(E1, Some(Offset(0)), Vec::new());
    for offset in 0..3 {
        assert_eq!(claims.see(E1, Offset(offset), 10), Sighting::New);
    }
    claims
}

fn idle(_: Epoch) -> bool {
    false
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn a_frontier_is_told_once_unless_the_commit_was_refused() {
    let mut claims = claims();
    claims.complete(E1, Offset(0));
    claims.complete(E1, Offset(2));
    let told = claims.next_commit(at(0), idle).unwrap();
    assert_eq!(told, [Frontier { epoch: E1, offset: Offset(1), completed: vec![Offset(2)] }]);
    claims.committed(at(0), true);
    assert_eq!(claims.next_commit(at(500), idle), None);
    claims.complete(E1, Offset(1));
    assert_eq!(claims.next_commit(at(999), idle), None, "it is not time");
    claims.next_commit(at(1_000), idle).unwrap();
    claims.committed(at(1_000), false);
    assert_eq!(claims.next_commit(at(1_099), idle), None, "not at once");
    assert_eq!(claims.next_commit_at(), at(1_100));
    assert_eq!(claims.next_commit(at(1_100), idle).unwrap()[0].offset, Offset(3));
}

#[test]
fn a_clock_that_is_set_back_holds_up_no_commit() {
    let mut claims = claims();
    claims.next_commit(at(3_600_000), idle).unwrap();
    claims.committed(at(3_600_000), true);
    claims.complete(E1, Offset(0));
    assert_eq!(claims.next_commit(at(3_600_400), idle), None);
    assert_eq!(claims.next_commit(at(0), idle).unwrap()[0].offset, Offset(1));
}

#[test]
fn one_commit_is_under_way_at_a_time() {
    let mut claims = claims();
    assert!(claims.next_commit(at(0), idle).is_some());
    claims.complete(E1, Offset(0));
    claims.revoke(&[E1]);
    assert_eq!(claims.next_commit(at(500), idle), None, "an answer could be taken for another's");
    assert_eq!(claims.next_commit_at(), at(1_000), "and nobody asks again and again");
    claims.committed(at(500), true);
    assert_eq!(claims.take_released(), [], "what was answered did not say everything");
    assert_eq!(claims.next_commit(at(500), idle).unwrap()[0].offset, Offset(1));
}

#[test]
fn a_revoked_claim_is_released_when_nothing_is_under_way_and_all_of_it_is_committed() {
    let mut claims = claims();
    claims.next_commit(at(0), idle).unwrap();
    claims.committed(at(0), true);
    claims.revoke(&[E1]);
    assert_eq!(claims.see(E1, Offset(3), 10), Sighting::Done);
    assert_eq!(claims.next_commit(at(10), |_| true), None);
    claims.complete(E1, Offset(0));
    let last = claims.next_commit(at(10), idle).unwrap();
    assert_eq!(last, [Frontier { epoch: E1, offset: Offset(1), completed: vec![] }], "before it is time");
    claims.committed(at(10), false);
    assert_eq!(claims.take_released(), []);
    assert_eq!(claims.next_commit(at(50), idle), None, "not at once");
    assert_eq!(claims.next_commit(at(110), idle).unwrap(), last, "a last commit is repeated");
    claims.committed(at(110), true);
    assert_eq!(claims.take_released(), [E1]);
    assert!(claims.is_empty() && claims.take_released().is_empty());
}

#[test]
fn a_claim_that_nobody_knows_is_released_at_once() {
    let mut claims = claims();
    claims.revoke(&[E2]);
    assert_eq!(claims.take_released(), [E2]);
}

#[test]
fn what_an_old_epoch_completes_does_not_count_for_the_new_one() {
    let mut claims = claims();
    claims.forget(&[E1]);
    claims.begin(E2, Some(Offset(0)), Vec::new());
    assert_eq!(claims.see(E2, Offset(0), 10), Sighting::New);
    claims.complete(E1, Offset(0));
    assert_eq!(
        claims.next_commit(at(0), idle).unwrap(),
        [Frontier { epoch: E2, offset: Offset(0), completed: vec![] }]
    );
}

#[test]
fn a_crowded_claim_is_paused_once_and_resumed_at_half() {
    let window = Window { undone: 2, span: 100, bytes: 1_000 };
    let mut claims = claims();
    assert_eq!(claims.take_crowded(window), [E1]);
    assert_eq!(claims.take_crowded(window), []);
    claims.complete(E1, Offset(1));
    assert_eq!(claims.take_roomy(window), []);
    claims.complete(E1, Offset(0));
    assert_eq!(claims.take_roomy(window), [E1]);
}

#[test]
fn the_fullest_claim_by_its_tightest_limit_says_how_full_the_window_is() {
    let mut claims = claims();
    claims.begin(E2, Some(Offset(0)), Vec::new());
    let fill = |claims: &Claims, undone, span, bytes| claims.fill(Window { undone, span, bytes });
    assert_eq!(fill(&claims, 6, 100, 1_000), 0.5);
    claims.complete(E1, Offset(1));
    assert_eq!(fill(&claims, 20, 4, 1_000), 0.75, "what is done beyond the frontier is kept, too");
    assert_eq!(fill(&claims, 20, 100, 80), 0.5, "each of two claims has half of the bytes");
    assert_eq!(fill(&claims, 1, 1, 1), 1.0, "a batch may be read beyond it");
    assert_eq!(claims.oldest().collect::<Vec<_>>(), [(E1, Offset(0))]);
}

#[test]
fn a_claim_that_holds_its_share_of_bytes_is_paused_and_no_other() {
    let window = Window { undone: 100, span: 100, bytes: 50 };
    let mut claims = claims();
    claims.begin(E2, Some(Offset(0)), Vec::new());
    claims.see(E2, Offset(0), 10);
    assert_eq!(claims.undone_bytes(), 40);
    assert_eq!(claims.take_crowded(window), [E1]);
    claims.complete(E1, Offset(0));
    claims.complete(E1, Offset(1));
    assert_eq!(claims.take_roomy(window), [E1]);
}

//! What is forgotten, on both databases.

use std::time::Duration;

use domain::DeathReason;
use history::History;
use history::deliveries::Search;
use history::entry::Attempt;
use history::retention::Keep;

use crate::support::on_both;
use crate::support::records::*;

const DAY: i64 = 24 * 3600;

fn keep(days: u64, max_attempts: u64) -> Keep {
    let retention = Duration::from_secs(days * 24 * 3600);
    Keep { retention, max_attempts, audit: 2 * retention }
}

#[tokio::test]
async fn what_is_too_old_goes_and_a_delivery_stays_as_long_as_it_is_tried() {
    on_both(async |history: History| {
        let batch = Attempt { members: vec![member("d3"), member("d4")], ..attempt("b1", 1, 5, 500) };
        let old = [attempt("d1", 1, 5, 200), attempt("d2", 1, 5, 500), batch, attempt("d2", 2, 3 * DAY, 500)];
        history.write(&attempts(0, old)).await.unwrap();
        history.write(&letters(0, [letter("d9", 7, DeathReason::Gone)])).await.unwrap();
        let gone = history.trim(at(4 * DAY), keep(2, 1000)).await.unwrap();
        assert_eq!(gone, 3 + 2 + 4 + 1, "attempts, places in a batch, deliveries, a letter");
        let left = history.deliveries(&Search::default(), None, 9).await.unwrap();
        assert_eq!(left.iter().map(|it| &*it.member.delivery).collect::<Vec<_>>(), ["d2"]);
        assert_eq!(history.attempts(&"d2".into()).await.unwrap().len(), 1);
        assert_eq!(history.hours("w1", at(0)).await.unwrap().len(), 2, "they are kept for longer");
        history.trim(at(100 * DAY), keep(2, 1000)).await.unwrap();
        assert_eq!(history.hours("w1", at(0)).await.unwrap().len(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_too_much_goes_from_the_oldest_on() {
    on_both(async |history: History| {
        let all = (0..1_800).map(|n| attempt(&format!("d{n}"), 1, n, 200));
        history.write(&attempts(0, all)).await.unwrap();
        assert_eq!(history.trim(at(2_000), keep(30, 1_800)).await.unwrap(), 0);
        assert_eq!(history.trim(at(2_000), keep(30, 100)).await.unwrap(), 1_700 * 2);
        let left = history.deliveries(&Search::default(), None, 200).await.unwrap();
        assert_eq!((left.len(), left[99].first_at), (100, at(1_700)));
    })
    .await;
}

#[tokio::test]
async fn an_account_that_wants_less_kept_has_less_and_nobody_else() {
    on_both(async |history: History| {
        let batch = Attempt { members: vec![member("d3"), member("d4")], ..attempt("b1", 1, 5, 200) };
        let other = Attempt { account: "bolt".into(), ..attempt("d5", 1, 5, 200) };
        let tried = [
            attempt("d1", 1, 5, 500),
            attempt("d2", 1, 5, 500),
            attempt("d2", 2, 3 * DAY, 200),
            batch,
            other,
        ];
        history.write(&attempts(0, tried)).await.unwrap();
        history
            .write(&letters(0, [letter("d1", 60, DeathReason::Gone), letter("d9", 7, DeathReason::Gone)]))
            .await
            .unwrap();

        let gone = history.trim_account("acme", at(2 * DAY)).await.unwrap();
        assert_eq!(gone, 2 + 4 + 2, "attempts, deliveries with d9, which only its letter knew, letters");
        let left = history.deliveries(&Search::default(), None, 9).await.unwrap();
        assert_eq!(left.iter().map(|it| &*it.member.delivery).collect::<Vec<_>>(), ["d5", "d2"]);
        assert_eq!(history.attempts(&"d2".into()).await.unwrap().len(), 2, "as long as it is tried");
        assert_eq!(history.attempts(&"d3".into()).await.unwrap().len(), 0);
        assert_eq!(history.trim_account("acme", at(2 * DAY)).await.unwrap(), 0);
    })
    .await;
}

//! Finding things again, on both databases.

use domain::DeathReason;
use history::dead_letters::{Decided, LetterSearch};
use history::deliveries::Search;
use history::entry::{Attempt, DeadLetter, Entry};
use history::{History, State};

use crate::support::on_both;
use crate::support::records::*;

/// Four deliveries: one went well, one is retried, one is dead, and one is bolt's.
async fn filled(history: &History) {
    let mut other = Attempt { account: "bolt".into(), webhook: "w9".into(), ..attempt("d4", 1, 40, 404) };
    other.outcome = "client-error".into();
    other.members[0].kind = "open".into();
    other.members[0].recipient = Some("b@example.com".into());
    let batch = [attempt("d1", 1, 10, 200), attempt("d2", 1, 20, 500), attempt("d3", 1, 30, 503), other];
    history.write(&attempts(0, batch)).await.expect("written");
    history.write(&letters(0, [letter("d3", 35, DeathReason::Gone)])).await.expect("written");
}

async fn ids(history: &History, search: Search) -> Vec<String> {
    let found = history.deliveries(&search, None, 50).await.expect("an answer");
    found.into_iter().map(|delivery| delivery.member.delivery.to_string()).collect()
}

#[tokio::test]
async fn each_webhooks_newest_delivery_is_found() {
    on_both(async |history: History| {
        let other = Attempt { webhook: "w2".into(), ..attempt("d3", 1, 1, 503) };
        history
            .write(&attempts(0, [attempt("d1", 1, 5, 200), attempt("d2", 1, 7, 500), other]))
            .await
            .unwrap();
        let newest = history.newest_of(&["w1", "w2", "w3"]).await.unwrap();
        let ids = newest.iter().map(|(webhook, it)| (webhook.as_str(), &*it.member.delivery));
        assert_eq!(ids.collect::<Vec<_>>(), [("w1", "d2"), ("w2", "d3")]);
    })
    .await;
}

#[tokio::test]
async fn each_filter_finds_its_deliveries_newest_first() {
    on_both(async |history: History| {
        filled(&history).await;
        let any = Search::default;
        for (search, expected) in [
            (any(), &["d4", "d3", "d2", "d1"][..]),
            (Search { account: Some("acme".into()), ..any() }, &["d3", "d2", "d1"]),
            (Search { webhook: Some("w9".into()), ..any() }, &["d4"]),
            (Search { message: Some("message-of-d2".into()), ..any() }, &["d2"]),
            (Search { recipient: Some("b@example.com".into()), ..any() }, &["d4"]),
            (Search { event: Some("event-of-d1".into()), ..any() }, &["d1"]),
            (Search { kind: Some("click".into()), ..any() }, &["d3", "d2", "d1"]),
            (Search { state: Some(State::Delivered), ..any() }, &["d1"]),
            (Search { state: Some(State::Retrying), ..any() }, &["d4", "d2"]),
            (Search { state: Some(State::Dead), ..any() }, &["d3"]),
            (Search { outcome: Some("success".into()), ..any() }, &["d1"]),
            (Search { outcome: Some("server-error".into()), ..any() }, &["d3", "d2"]),
            (Search { status: Some(200), ..any() }, &["d1"]),
            (Search { status: Some(500), ..any() }, &["d2"]),
            (Search { since: Some(at(20)), ..any() }, &["d4", "d3", "d2"]),
            (Search { until: Some(at(20)), ..any() }, &["d1"]),
            (Search { since: Some(at(20)), until: Some(at(40)), status: Some(503), ..any() }, &["d3"]),
        ] {
            assert_eq!(ids(&history, search.clone()).await, expected, "{search:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_never_finds_anothers_delivery_whatever_it_searches() {
    on_both(async |history: History| {
        filled(&history).await;
        let bolts = || Search { account: Some("bolt".into()), ..Search::default() };
        for search in [
            bolts(),
            Search { webhook: Some("w1".into()), ..bolts() },
            Search { message: Some("message-of-d1".into()), ..bolts() },
            Search { recipient: Some("a@example.com".into()), ..bolts() },
            Search { event: Some("event-of-d3".into()), ..bolts() },
            Search { kind: Some("click".into()), ..bolts() },
            Search { state: Some(State::Delivered), ..bolts() },
            Search { outcome: Some("server-error".into()), ..bolts() },
            Search { status: Some(503), ..bolts() },
        ] {
            let found = history.deliveries(&search, None, 50).await.unwrap();
            assert!(found.iter().all(|delivery| delivery.account == "bolt"), "{search:?}");
        }
        let letters = LetterSearch { account: Some("bolt".into()), events: true, ..LetterSearch::default() };
        assert_eq!(history.dead_letters(&letters, None, 50).await.unwrap(), []);
        assert_eq!(history.count_dead_letters(&letters).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn pages_hold_everything_once_also_what_was_tried_at_one_moment() {
    on_both(async |history: History| {
        let all = (0..25).map(|n| attempt(&format!("d{n:02}"), 1, n / 10, 200));
        history.write(&attempts(0, all)).await.unwrap();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = history.deliveries(&Search::default(), cursor.as_ref(), 7).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = Some((last.first_at, last.member.delivery.to_string()));
            seen.extend(page.iter().map(|delivery| delivery.member.delivery.to_string()));
        }
        let expected: Vec<_> = (0..25).rev().map(|n| format!("d{n:02}")).collect();
        assert_eq!(seen, expected);
    })
    .await;
}

/// Letters that died at 10, 20 and 30 seconds, and an event that nobody understood at 40.
async fn buried(history: &History) {
    let mut second = letter("d2", 20, DeathReason::Gone);
    (second.webhook, second.kind) = (Some("w2".into()), Some("open".into()));
    let event = DeadLetter {
        is_event: true,
        account: Some("acme".into()),
        webhook: None,
        delivery: None,
        reason: DeathReason::Malformed,
        ..letter("d4", 40, DeathReason::Malformed)
    };
    let all =
        [letter("d1", 10, DeathReason::Exhausted), second, letter("d3", 30, DeathReason::Exhausted), event];
    history.write(&letters(0, all)).await.expect("written");
}

async fn decide(history: &History, offset: i64, place: &str, made: Option<history::entry::Disposition>) {
    let entry = Entry::Disposition(place.into(), made);
    history.write(&records("dispositions", offset, [entry])).await.expect("written");
}

async fn died(history: &History, search: LetterSearch) -> Vec<i64> {
    let found = history.dead_letters(&search, None, 50).await.expect("an answer");
    found.into_iter().map(|(letter, _)| letter.died_at.as_secs()).collect()
}

#[tokio::test]
async fn each_filter_finds_its_dead_letters() {
    on_both(async |history: History| {
        buried(&history).await;
        decide(&history, 0, "dead-0-10", Some(disposition("replayed", 10))).await;
        decide(&history, 1, "dead-0-20", Some(disposition("discarded", 20))).await;
        let any = LetterSearch::default;
        for (search, expected) in [
            (any(), &[30, 20, 10][..]),
            (LetterSearch { events: true, ..any() }, &[40, 30, 20, 10]),
            (LetterSearch { account: Some("acme".into()), ..any() }, &[30, 20, 10]),
            (LetterSearch { account: Some("bolt".into()), ..any() }, &[]),
            (LetterSearch { webhook: Some("w2".into()), ..any() }, &[20]),
            (LetterSearch { kind: Some("open".into()), ..any() }, &[20]),
            (LetterSearch { reason: Some(DeathReason::Exhausted), ..any() }, &[30, 10]),
            (LetterSearch { disposition: Some(Decided::Open), ..any() }, &[30]),
            (LetterSearch { disposition: Some(Decided::Replayed), ..any() }, &[10]),
            (LetterSearch { disposition: Some(Decided::Discarded), ..any() }, &[20]),
            (LetterSearch { since: Some(at(20)), ..any() }, &[30, 20]),
            (LetterSearch { until: Some(at(20)), ..any() }, &[10]),
        ] {
            assert_eq!(died(&history, search.clone()).await, expected, "{search:?}");
        }
        let counts = history.count_dead_letters(&any()).await.unwrap();
        let told: Vec<_> = counts
            .iter()
            .map(|it| (it.webhook.as_deref().unwrap_or("-"), &*it.reason, it.open, it.replayed, it.discarded))
            .collect();
        assert_eq!(told, [("w1", "exhausted", 1, 1, 0), ("w2", "gone", 0, 0, 1)]);
        let page = history.dead_letters(&any(), Some(&(at(20), "dead-0-20".to_owned())), 50).await.unwrap();
        assert_eq!(page.len(), 1, "behind the second there is the first");
        let (letter, decided) = &page[0];
        assert_eq!((&*letter.place, decided), ("dead-0-10", &Some(disposition("replayed", 10))));
    })
    .await;
}

#[tokio::test]
async fn a_disposition_may_come_first_be_taken_back_and_be_about_an_older_letter() {
    on_both(async |history: History| {
        decide(&history, 0, "dead-0-10", Some(disposition("replayed", 10))).await;
        decide(&history, 1, "dead-0-30", Some(disposition("replayed", 5))).await;
        buried(&history).await;
        let open = || LetterSearch { disposition: Some(Decided::Open), ..LetterSearch::default() };
        assert_eq!(died(&history, open()).await, [30, 20], "of that at 30 an older one was meant");
        decide(&history, 2, "dead-0-10", None).await;
        assert_eq!(died(&history, open()).await, [30, 20, 10]);
    })
    .await;
}

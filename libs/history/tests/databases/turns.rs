//! Requests that are said again, on both databases.

use std::time::Duration;

use history::History;
use history::retention::Keep;
use history::turns::{Answer, Request, Turn};

use crate::support::on_both;
use crate::support::records::at;

const LEASE: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(100);

fn asked(owner: &str) -> Request<'_> {
    Request { name: "n", fingerprint: "f", owner }
}

async fn take(history: &History, second: i64, owner: &str) -> Turn {
    history.take_turn(at(second), asked(owner), LEASE, DAY).await.expect("an answer")
}

fn answer() -> Answer {
    Answer { status: 201, headers: "[]".into(), sealed_by: "k1".into(), body: "sealed".into() }
}

#[tokio::test]
async fn of_those_that_come_at_once_one_is_done_and_the_others_get_its_answer() {
    on_both(async |history: History| {
        let both = tokio::join!(take(&history, 1, "a"), take(&history, 1, "b"));
        let winner = if both.0 == Turn::Ours { "a" } else { "b" };
        let ours = [&both.0, &both.1].into_iter().filter(|turn| **turn == Turn::Ours);
        assert_eq!(ours.count(), 1, "{both:?}");
        assert_eq!(take(&history, 2, "c").await, Turn::Running("f".to_owned()));
        history.answer_turn(asked(winner), &answer()).await.unwrap();
        assert_eq!(take(&history, 90, "c").await, Turn::Answered("f".to_owned(), answer()));
        assert_eq!(take(&history, 101, "c").await, Turn::Ours, "its time is over");
    })
    .await;
}

#[tokio::test]
async fn a_turn_that_was_given_up_or_whose_owner_died_is_free_again() {
    on_both(async |history: History| {
        assert_eq!(take(&history, 1, "a").await, Turn::Ours);
        history.give_up_turn(asked("b")).await.unwrap();
        assert_eq!(take(&history, 2, "b").await, Turn::Running("f".to_owned()), "it is another's");
        history.give_up_turn(asked("a")).await.unwrap();
        assert_eq!(take(&history, 3, "b").await, Turn::Ours);
        assert_eq!(take(&history, 13, "c").await, Turn::Ours, "the lease ran out");
        history.answer_turn(asked("b"), &answer()).await.unwrap();
        assert_eq!(take(&history, 14, "d").await, Turn::Running("f".to_owned()), "b comes too late");
        let keep = Keep { retention: DAY, max_attempts: 9, audit: DAY };
        assert_eq!(history.trim(at(114), keep).await.unwrap(), 1);
    })
    .await;
}

//! Erasing a person, on both databases.

use domain::DeathReason;
use history::History;
use history::entry::{Attempt, Entry, Member};

use crate::support::on_both;
use crate::support::records::*;

fn to(recipient: &str, attempt: Attempt) -> Attempt {
    let members = attempt.members.into_iter();
    let members = members.map(|member| Member { recipient: Some(recipient.into()), ..member }).collect();
    Attempt { members, ..attempt }
}

#[tokio::test]
async fn a_recipients_deliveries_attempts_and_dead_letters_are_erased_and_nobody_elses() {
    on_both(async |history: History| {
        let tried = [
            to("Ann@example.com", attempt("d1", 1, 0, 503)),
            to("ann@example.com", attempt("d1", 2, 30, 503)),
            to("ann@example.com", attempt("d2", 1, 1, 200)),
            to("bob@example.com", attempt("d3", 1, 2, 200)),
            Attempt { account: "bolt".into(), ..to("ann@example.com", attempt("d4", 1, 3, 200)) },
        ];
        history.write(&attempts(0, tried)).await.unwrap();
        let letter = Entry::DeadLetter(letter("d1", 60, DeathReason::Exhausted));
        history.write(&records("dead", 0, [letter])).await.unwrap();

        let erased = history.erase_recipient("acme", "ANN@example.com").await.unwrap();
        assert_eq!((erased.deliveries, erased.attempts, erased.dead_letters, erased.batches), (2, 3, 1, 0));
        for (id, stays) in [("d1", false), ("d2", false), ("d3", true), ("d4", true)] {
            assert_eq!(history.delivery(&id.into()).await.unwrap().is_some(), stays, "{id}");
            assert_eq!(!history.attempts(&id.into()).await.unwrap().is_empty(), stays, "{id}");
        }
        let again = history.erase_recipient("acme", "ann@example.com").await.unwrap();
        assert_eq!(again, history::Erased::default());
    })
    .await;
}

#[tokio::test]
async fn of_a_batch_only_the_recipient_is_erased() {
    on_both(async |history: History| {
        let mut both = attempt("batch", 1, 0, 200);
        both.members = ["d1", "d2"].map(member).to_vec();
        both.members[0].recipient = Some("ann@example.com".into());
        both.record = "{\"delivery\":\"batch\",\"number\":1,\"recipient\":\"ann@example.com\",\"members\":[\
                       {\"delivery\":\"d1\",\"recipient\":\"ann@example.com\"},\
                       {\"delivery\":\"d2\",\"recipient\":\"a@example.com\"}]}"
            .to_owned();
        history.write(&attempts(0, [both])).await.unwrap();
        let erased = history.erase_recipient("acme", "ann@example.com").await.unwrap();
        assert_eq!((erased.deliveries, erased.attempts, erased.batches), (1, 0, 1));
        let kept = history.attempts(&"d2".into()).await.unwrap();
        let [kept] = &kept[..] else { panic!("one attempt") };
        assert!(!kept.record.contains("ann@example.com") && kept.record.contains("a@example.com"));
    })
    .await;
}

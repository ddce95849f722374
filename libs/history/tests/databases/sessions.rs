//! Sessions and links, on both databases.

use domain::Timestamp;
use history::History;
use history::sessions::Session;
use serde_json::json;

use crate::support::on_both;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[tokio::test]
async fn a_session_lasts_until_it_ends_or_is_ended() {
    on_both(async |history: History| {
        let session = |id: &str| Session {
            id_hash: id.to_owned(),
            subject: json!({"key": "abc"}),
            csrf: "c".to_owned(),
            created_at: at(1),
            expires_at: at(10),
        };
        for id in ["a", "b"] {
            history.add_session(&session(id)).await.unwrap();
        }
        assert_eq!(history.session("a", at(9)).await.unwrap(), Some(session("a")));
        assert_eq!(history.session("a", at(10)).await.unwrap(), None);
        assert_eq!(history.session("x", at(9)).await.unwrap(), None);
        history.end_session("a").await.unwrap();
        assert_eq!(history.session("a", at(9)).await.unwrap(), None);
        history.forget_sessions(at(10)).await.unwrap();
        assert_eq!(history.session("b", at(9)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_link_is_used_once_and_not_after_its_time() {
    on_both(async |history: History| {
        let subject = json!({"account": "shop"});
        history.add_link("l1", &subject, at(10)).await.unwrap();
        assert_eq!(history.peek_link("l1", at(9)).await.unwrap(), Some(subject.clone()));
        let both = tokio::join!(history.take_link("l1", at(9)), history.take_link("l1", at(9)));
        let taken = [both.0.unwrap(), both.1.unwrap()];
        assert_eq!(taken.iter().flatten().count(), 1, "{taken:?}");
        assert_eq!(history.peek_link("l1", at(9)).await.unwrap(), None);
        history.add_link("l2", &subject, at(10)).await.unwrap();
        assert_eq!(history.take_link("l2", at(10)).await.unwrap(), None);
    })
    .await;
}

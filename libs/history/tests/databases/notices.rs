//! Notices on both databases.

use std::time::Duration;

use history::History;

use crate::support::on_both;
use crate::support::records::at;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn one_of_several_consoles_tells_it_once_and_not_two_things_within_the_hour() {
    on_both(async |history: History| {
        let claim =
            async |what: &str, seconds| history.claim_notice("w1", what, at(seconds), HOUR).await.unwrap();
        assert!(claim("failing:1", 0).await);
        assert!(!claim("failing:1", 1).await, "another console");
        assert!(!claim("failing:1", 9_999).await, "told is told");
        assert!(!claim("disabled:2", 1_800).await, "too soon");
        assert!(history.claim_notice("w2", "failing:1", at(1), HOUR).await.unwrap(), "another webhook");
        assert!(claim("disabled:2", 3_600).await);
    })
    .await;
}

#[tokio::test]
async fn what_could_not_be_told_is_tried_again() {
    on_both(async |history: History| {
        assert!(history.claim_notice("w1", "failing:1", at(0), HOUR).await.unwrap());
        history.withdraw_notice("w1", "failing:1").await.unwrap();
        assert!(history.claim_notice("w1", "failing:1", at(30), HOUR).await.unwrap());
    })
    .await;
}

//! An account's own settings.

use super::Browser;
use crate::api::tests::history::filled;
use crate::testing::*;

const SETTINGS: [(&str, &str); 4] =
    [("email", "ops@acme.example"), ("language", "nl"), ("details", "failures"), ("days", "14")];

#[tokio::test]
async fn an_account_says_whom_to_tell_and_what_to_keep() {
    let mut browser = Browser::signed_in(ACME).await;
    assert_eq!(browser.go("/account").await.expect(303).location(), "/accounts/acme");
    let saved = browser.submit("/accounts/acme", "/accounts/acme", &SETTINGS).await.expect(303);
    assert_eq!(saved.location(), "/accounts/acme?done=saved");
    let page = browser.go("/accounts/acme").await.expect(200).text;
    assert!(page.contains("value=\"ops@acme.example\"") && page.contains("value=\"14\""), "{page}");
    assert!(page.contains("<option value=\"failures\" selected>"), "{page}");

    for days in ["0", "366", "soon"] {
        let wrong = [("details", "all"), ("days", days)];
        let refused = browser.submit("/accounts/acme", "/accounts/acme", &wrong).await.expect(422).text;
        assert!(
            refused.contains("#keep.days") && refused.contains(&format!("value=\"{days}\"")),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_recipient_is_erased_and_what_is_held_elsewhere_is_said() {
    let mut browser = Browser::on(filled().await);
    browser.send("/sign-in", &[("key", ACME), ("next", "")]).await.expect(303);
    let place = "/accounts/acme/erase";
    let erased = browser.submit("/accounts/acme", place, &[("recipient", "a@example.com")]).await.expect(200);
    assert!(
        erased.text.contains("Deliveries: 3") && erased.text.contains("postbode.events"),
        "{}",
        erased.text
    );
    let empty = browser.submit("/accounts/acme", place, &[("recipient", " ")]).await.expect(422);
    assert!(empty.text.contains("#recipient"), "{}", empty.text);
}

#[tokio::test]
async fn nobody_sees_or_changes_anothers_and_operators_see_all() {
    let mut bolt = Browser::signed_in(BOLT).await;
    bolt.go("/accounts/acme").await.expect(404);
    bolt.submit("/accounts/bolt", "/accounts/acme", &SETTINGS).await.expect(404);
    let mail = [("recipient", "a@example.com")];
    bolt.submit("/accounts/bolt", "/accounts/acme/erase", &mail).await.expect(404);
    let mut reader = Browser::signed_in(READER).await;
    let page = reader.go("/accounts/acme").await.expect(200).text;
    assert!(page.contains("may look at things") && !page.contains("erase"), "{page}");
    let mut operator = Browser::signed_in(OPERATOR).await;
    assert_eq!(operator.go("/account").await.expect(303).location(), "/operator");
    operator.go("/accounts/acme").await.expect(200);
}

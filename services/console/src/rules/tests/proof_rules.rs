use domain::{DisabledReason, Outcome, PendingUrl, Phase, State, Timestamp};
use url::Url;

use super::proof;
use crate::problem::Refusal;
use crate::testing::*;
use crate::words::Language;

const LATER: Timestamp = Timestamp::from_millis(NOW.as_millis() + 1);

fn proof_of(url: &str) -> proof::Proof {
    let mut webhook = webhook("wh_1", "acme", State::Unverified);
    webhook.url = url.into();
    proof::proof(&webhook, "postbode")
}

#[test]
fn the_file_stands_beside_the_callback_or_in_the_root() {
    for (url, places) in [
        (
            "https://a.example/dir/script.php?x=1",
            &["https://a.example/dir/postbode-0123.txt", "https://a.example/postbode-0123.txt"][..],
        ),
        (
            "https://a.example/dir/",
            &["https://a.example/dir/postbode-0123.txt", "https://a.example/postbode-0123.txt"],
        ),
        ("https://a.example:8443/hook", &["https://a.example:8443/postbode-0123.txt"]),
        ("https://a.example", &["https://a.example/postbode-0123.txt"]),
        (
            "https://a.example//b.example/x",
            &["https://a.example//b.example/postbode-0123.txt", "https://a.example/postbode-0123.txt"],
        ),
    ] {
        assert_eq!(proof_of(url).shown(None, "postbode").places, places, "{url}");
    }
}

#[test]
fn the_name_does_not_tell_the_content() {
    let token = proof::token(&mut counting());
    assert_eq!(token.len(), 64);
    let mut webhook = webhook("wh_1", "acme", State::Unverified);
    webhook.verification.token = token;
    let proof = proof::proof(&webhook, "acme-mail");
    assert_eq!(proof.file_name, "acme-mail-000102030405060708090a0b0c0d0e0f.txt");
    assert_eq!(proof.content, "acme-mail-verification=101112131415161718191a1b1c1d1e1f");
}

#[test]
fn only_the_exact_content_proves() {
    let proof = proof_of("https://a.example/hook");
    let place = &proof.places[0];
    for good in
        [proof.content.clone(), format!("\n  {}\r\n", proof.content), format!("\u{feff}{}", proof.content)]
    {
        assert_eq!(proof.judge(place, &answered(200, &good)), Ok(()), "{good}");
    }
    let longer = format!("{}0", proof.content);
    for (status, body, result) in [
        (200, "", "wrong-content"),
        (200, "<html>postbode-0123.txt</html>", "wrong-content"),
        (200, longer.as_str(), "wrong-content"),
        (404, proof.content.as_str(), "client-error"),
        (302, proof.content.as_str(), "redirect"),
        (500, proof.content.as_str(), "server-error"),
    ] {
        let attempt = proof.judge(place, &answered(status, body)).unwrap_err();
        assert_eq!((attempt.result.as_str(), attempt.status), (result, Some(status)));
        assert_eq!(attempt.url, place.as_str());
    }
}

#[test]
fn a_failure_says_what_happened_in_plain_words() {
    let proof = proof_of("https://a.example/hook");
    let told = |exchange| Language::English.tell(&proof.judge(&proof.places[0], &exchange).unwrap_err().what);
    assert!(told(answered(404, "")).contains("answered 404: the file is not there"));
    assert!(told(answered(301, "")).contains("redirects are not followed"));
    assert!(told(answered(200, "")).contains("empty"));
    assert!(told(answered(200, "<h1>\u{1b}[0m")).ends_with("it begins with '<h1>?[0m'"));
    assert!(told(exchange(Outcome::TimedOut(Phase::Tls), "")).contains("negotiating TLS"));
    assert!(told(exchange(Outcome::DnsFailed("no such name".into()), "")).contains("no such name"));
}

#[test]
fn a_proven_webhook_becomes_active() {
    let unverified = webhook("wh_1", "acme", State::Unverified);
    let token = unverified.verification.token.clone();
    let proven = proof::promote(&unverified, &token, LATER).unwrap();
    assert_eq!((&proven.state, proven.verification.verified_at), (&State::Active, Some(LATER)));
    assert_eq!(proof::promote(&proven, &token, LATER), Ok(proven));
}

#[test]
fn a_pending_url_becomes_the_live_one_and_the_state_stays() {
    for state in [State::Active, State::Paused, State::Disabled(DisabledReason::Failing)] {
        let mut before = webhook("wh_1", "acme", state.clone());
        before.pending = Some(PendingUrl { url: "https://new.example/".into(), token: "newtoken".into() });
        let proof = proof::proof(&before, "postbode");
        assert_eq!((&*proof.url, proof.verified_at), ("https://new.example/", None));
        let after = proof::promote(&before, &proof.token, LATER).unwrap();
        assert_eq!((&*after.url, &after.pending, &after.state), ("https://new.example/", &None, &state));
        assert_eq!(&*after.verification.token, "newtoken");
        assert_eq!(after.verification.verified_at, Some(LATER));
    }
}

#[test]
fn a_url_that_was_changed_meanwhile_is_not_proven() {
    let mut changed = webhook("wh_1", "acme", State::Active);
    let old = changed.verification.token.clone();
    changed.pending = Some(PendingUrl { url: "https://new.example/".into(), token: "newtoken".into() });
    let unverified = webhook("wh_1", "acme", State::Unverified);
    for (webhook, token) in [(&changed, &old), (&unverified, &"other".into())] {
        let refused = proof::promote(webhook, token, LATER).unwrap_err();
        assert!(matches!(refused, Refusal::Conflict { code: "url-changed", .. }), "{refused:?}");
    }
}

#[test]
fn a_url_that_does_not_parse_has_no_place() {
    assert_eq!(proof_of("nonsense").places, Vec::<Url>::new());
}

use std::time::Duration;

use domain::{Outcome, State, Timestamp};
use outbound::LookupError;

use super::{proof, ways};
use crate::problem::NoProof;
use crate::testing::*;
use crate::words::Language;

fn told(failure: &NoProof) -> String {
    Language::English.tell(&failure.what)
}

fn proof_of(url: &str) -> proof::Proof {
    let mut webhook = webhook("wh_1", "acme", State::Unverified);
    webhook.url = url.into();
    proof::proof(&webhook, "postbode")
}

#[test]
fn a_txt_record_of_the_hosts_name_proves_a_url_and_an_address_has_none() {
    let proof = proof_of("https://Hooks.A.example:8443/x");
    let wanted = ways::dns(&proof, "postbode").unwrap();
    assert_eq!((&*wanted.name, &wanted.text), ("_postbode.hooks.a.example", &proof.content));
    for url in ["https://192.0.2.4/x", "https://[2001:db8::1]/x"] {
        assert_eq!(ways::dns(&proof_of(url), "postbode"), None, "{url}");
    }
    let published = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect());
    assert_eq!(ways::judge_dns(&wanted, published(&["v=spf1 -all", &proof.content])), Ok(()));
    let other = ways::judge_dns(&wanted, published(&["v=spf1 -all"])).unwrap_err();
    assert_eq!((&*other.result, &*other.url), ("wrong-content", "dns:_postbode.hooks.a.example?type=TXT"));
    assert!(told(&other).contains("'v=spf1 -all'"));
    let none = ways::judge_dns(&wanted, Err(LookupError::NotFound)).unwrap_err();
    assert!(told(&none).contains("no TXT record"));
    let late = ways::judge_dns(&wanted, Err(LookupError::TimedOut)).unwrap_err();
    assert!(told(&late).contains("in time"));
}

#[test]
fn an_endpoint_consents_by_name_or_for_everybody_and_only_with_success() {
    let judge = |status: u16, allowed: Option<&'static str>| {
        let mut exchange = answered(status, "");
        if let Some(allowed) = allowed {
            let headers = &mut exchange.response.as_mut().unwrap().headers;
            headers.insert("webhook-allowed-origin", http::HeaderValue::from_static(allowed));
        }
        ways::judge_handshake("https://a.example/x", "mail.example", &exchange)
    };
    assert_eq!(judge(200, Some("mail.example")), Ok(()));
    assert_eq!(judge(204, Some("*")), Ok(()));
    let refused = |status, allowed| judge(status, allowed).unwrap_err();
    assert!(told(&refused(200, None)).contains("no WebHook-Allowed-Origin"));
    assert!(told(&refused(200, Some("else.example"))).contains("'else.example'"));
    assert_eq!(refused(405, Some("*")).status, Some(405));
    let silent = exchange(Outcome::ConnectFailed("refused".to_owned()), "");
    assert!(ways::judge_handshake("https://a.example/x", "mail.example", &silent).is_err());
}

#[test]
fn a_code_is_good_for_its_url_and_a_while_and_however_it_is_typed() {
    let (ring, id) = (keyring(), "wh_1".into());
    let proof = proof_of("https://a.example/x");
    let code = ways::code(&ring, &id, &proof, NOW);
    assert_eq!((code.len(), &code[5..6]), (11, "-"));
    let good = |proof: &proof::Proof, now: Timestamp, code: &str| ways::is_code(&ring, &id, proof, now, code);
    assert!(good(&proof, NOW + ways::CODE_GOOD_FOR, &code));
    assert!(good(&proof, NOW, &code.to_lowercase().replace('-', " ")));
    assert!(!good(&proof, NOW + 2 * ways::CODE_GOOD_FOR + Duration::from_secs(1), &code), "too late");
    for wrong in ["", "-", "00000-00000", &code[1..]] {
        assert!(!good(&proof, NOW, wrong), "{wrong}");
    }
    let moved = proof::Proof { token: "another".into(), ..proof.clone() };
    assert!(!good(&moved, NOW, &code), "another URL has another code");
    assert!(!ways::is_code(&ring, &"wh_2".into(), &proof, NOW, &code), "and another webhook too");
}

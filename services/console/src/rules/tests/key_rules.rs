use std::time::Duration;

use domain::{Change, KeyHash, Registry, Scope};
use wire::api::NewKey;

use super::fields_of;
use super::keys::{self, CONFIGURED};
use crate::problem::Refusal;
use crate::testing::*;

fn asked(scopes: &[&str]) -> NewKey {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    NewKey { name: "Mail server".to_owned(), scopes, expires_at: None }
}

fn prepare(new: &NewKey, account: Option<&str>, who: &str) -> Result<String, Refusal> {
    let registry = registry();
    let draft = keys::prepare(new, account.map(Into::into), &actor(&registry, who), NOW, &mut counting())?;
    assert_eq!(draft.key.hash, KeyHash::of(&draft.secret));
    assert!(keys::create(&registry, &draft.key).is_ok());
    Ok(draft.secret)
}

#[test]
fn a_key_is_256_random_bits_and_stored_as_their_hash() {
    let secret = prepare(&asked(&["events:write"]), Some("acme"), ACME).unwrap();
    assert_eq!(secret.len(), 4 + 64);
    assert!(secret.starts_with("pbk_"));
}

#[test]
fn nobody_gives_what_they_do_not_have() {
    let narrow = prepare(&asked(&["webhooks:read", "events:write"]), Some("acme"), READER);
    assert_eq!(narrow, Err(Refusal::Forbidden(Scope::EventsWrite)));
    assert!(prepare(&asked(&["webhooks:read"]), Some("acme"), READER).is_ok());
    assert!(prepare(&asked(&["events:write", "webhooks:write"]), Some("acme"), OPERATOR).is_ok());
    assert!(prepare(&asked(&["operator"]), None, OPERATOR).is_ok());
}

#[test]
fn scopes_go_with_whose_key_it_is() {
    for (scopes, account, fields) in [
        (&["operator"][..], Some("acme"), &["scopes[0]"][..]),
        (&["events:write", "fly"], Some("acme"), &["scopes[1]"]),
        (&[], Some("acme"), &["scopes"]),
        (&["events:write"], None, &["scopes"]),
    ] {
        assert_eq!(fields_of(prepare(&asked(scopes), account, OPERATOR)), fields, "{scopes:?}");
    }
    let past = NewKey { expires_at: Some(NOW), ..asked(&["events:write"]) };
    assert_eq!(fields_of(prepare(&past, Some("acme"), ACME)), ["expires_at"]);
    let soon = NewKey { expires_at: Some(NOW + Duration::from_millis(1)), ..past };
    assert!(prepare(&soon, Some("acme"), ACME).is_ok());
}

#[test]
fn keys_of_others_cannot_be_revoked() {
    let registry = registry();
    let acme = actor(&registry, ACME);
    let id = |presented: &str| format!("key_{presented}").as_str().into();
    assert_eq!(keys::delete(&registry, &acme, &id(READER)), Ok(vec![Change::KeyGone(KeyHash::of(READER))]));
    for other in [BOLT, OPERATOR, "nobody"] {
        assert_eq!(keys::delete(&registry, &acme, &id(other)), Err(Refusal::NoSuch("key")), "{other}");
    }
    assert!(keys::delete(&registry, &actor(&registry, OPERATOR), &id(BOLT)).is_ok());
}

#[test]
fn the_configured_key_is_installed_once_and_replaces_the_one_before() {
    let mut registry = Registry::default();
    let installed = keys::install(&registry, "first", NOW);
    assert!(
        matches!(&installed[..], [Change::Key(key)] if key.is_operator() && key.id.as_str() == CONFIGURED)
    );
    installed.into_iter().for_each(|change| apply(&mut registry, change));
    assert_eq!(keys::install(&registry, "first", NOW), []);
    for change in keys::install(&registry, "second", NOW) {
        apply(&mut registry, change);
    }
    assert!(registry.key(&KeyHash::of("first")).is_none());
    let second = actor(&registry, "second");
    assert!(second.is_operator());
    assert_eq!(keys::delete(&registry, &second, &CONFIGURED.into()).unwrap_err().code(), "configured-key");
}

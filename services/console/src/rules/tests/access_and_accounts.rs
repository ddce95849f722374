use std::time::Duration;

use domain::{Change, KeyHash, Scope, State};
use wire::api::NewAccount;

use super::access::{self, Actor};
use super::paging::Paging;
use super::{accounts, fields_of};
use crate::problem::Refusal;
use crate::testing::*;

#[test]
fn only_a_known_and_valid_key_is_somebody() {
    let mut registry = registry();
    let mut short = key("short", Some("acme"), &[Scope::WebhooksRead]);
    short.expires_at = Some(NOW + Duration::from_secs(60));
    apply(&mut registry, Change::Key(short));
    assert!(Actor::of(&registry, "short", NOW).is_ok());
    for (presented, at) in [("short", NOW + Duration::from_secs(60)), ("nobody", NOW), ("", NOW)] {
        let refused = Actor::of(&registry, presented, at);
        assert!(matches!(refused, Err(Refusal::Unauthenticated(_))), "{presented}");
    }
}

#[test]
fn a_key_revoked_or_changed_meanwhile_changes_nothing() {
    let mut registry = registry();
    let acme = actor(&registry, ACME);
    assert_eq!(acme.stands(&registry, NOW), Ok(()));
    apply(&mut registry, Change::Key(key(ACME, Some("acme"), &[Scope::WebhooksRead])));
    assert!(acme.stands(&registry, NOW).is_err());
    apply(&mut registry, Change::KeyGone(KeyHash::of(ACME)));
    assert!(acme.stands(&registry, NOW).is_err());
}

#[test]
fn the_things_of_others_are_not_there() {
    let mut registry = registry();
    apply(&mut registry, Change::Webhook(Box::new(webhook("wh_b", "bolt", State::Active))));
    let (acme, operator) = (actor(&registry, ACME), actor(&registry, OPERATOR));
    for (id, who, there) in [("wh_b", &acme, false), ("wh_none", &acme, false), ("wh_b", &operator, true)] {
        let found = access::webhook(&registry, who, &id.into());
        assert_eq!(found.map(drop), if there { Ok(()) } else { Err(Refusal::NoSuch("webhook")) }, "{id}");
    }
    assert_eq!(acme.account(&registry, "bolt"), Err(Refusal::NoSuch("account")));
    assert_eq!(acme.account(&registry, "nobody"), Err(Refusal::NoSuch("account")));
    assert_eq!(operator.account(&registry, "nobody"), Err(Refusal::NoSuch("account")));
    assert_eq!(acme.listed(&registry, None), Ok(Some("acme".into())));
    assert_eq!(acme.listed(&registry, Some("bolt")), Err(Refusal::NoSuch("account")));
    assert_eq!(operator.listed(&registry, None), Ok(None));
}

#[test]
fn new_things_belong_to_the_keys_account_unless_an_operator_says() {
    let registry = registry();
    let (acme, operator) = (actor(&registry, ACME), actor(&registry, OPERATOR));
    assert_eq!(acme.account_for_new(None), Ok("acme".into()));
    assert_eq!(acme.account_for_new(Some("acme")), Ok("acme".into()));
    assert_eq!(acme.account_for_new(Some("bolt")), Err(Refusal::NoSuch("account")));
    assert_eq!(operator.account_for_new(Some("bolt")), Ok("bolt".into()));
    assert_eq!(fields_of(operator.account_for_new(None)), ["account"]);
}

#[test]
fn a_missing_scope_is_named() {
    let registry = registry();
    let reader = actor(&registry, READER);
    assert_eq!(reader.require(Scope::WebhooksRead), Ok(()));
    assert_eq!(reader.require(Scope::WebhooksWrite), Err(Refusal::Forbidden(Scope::WebhooksWrite)));
    assert_eq!(actor(&registry, OPERATOR).require(Scope::WebhooksWrite), Ok(()));
}

#[test]
fn an_account_has_a_plain_id_and_a_name() {
    let new = |id: &str, name: &str| {
        let (id, name) = (id.to_owned(), name.to_owned());
        NewAccount { id, name, contact: None, keep: None }
    };
    assert_eq!(accounts::draft(&new("acme-1.eu", " Acme "), NOW).unwrap().name, "Acme");
    assert_eq!(fields_of(accounts::draft(&new("a b", ""), NOW)), ["id", "name"]);
    let registry = registry();
    assert!(accounts::create(&registry, &account("new")).is_ok());
    let refused = accounts::create(&registry, &account("acme")).unwrap_err();
    assert_eq!(refused.code(), "account-exists");
}

#[test]
fn an_account_goes_with_its_keys_but_not_with_webhooks() {
    let mut registry = registry();
    let changes = accounts::delete(&registry, &"acme".into()).unwrap();
    assert_eq!(changes.last(), Some(&Change::AccountGone("acme".into())));
    let keys = changes.iter().filter(|change| matches!(change, Change::KeyGone(_))).count();
    assert_eq!((keys, changes.len()), (2, 3));
    apply(&mut registry, Change::Webhook(Box::new(webhook("wh_1", "acme", State::Paused))));
    assert_eq!(accounts::delete(&registry, &"acme".into()).unwrap_err().code(), "account-has-webhooks");
    assert_eq!(accounts::delete(&registry, &"nobody".into()), Err(Refusal::NoSuch("account")));
}

#[test]
fn pages_walk_through_everything_once() {
    let ids = ["c", "a", "e", "b", "d"];
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let paging = Paging::parse(cursor.as_deref(), Some("2")).unwrap();
        let page = paging.page(ids.into_iter(), |id| id);
        seen.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    let exact = Paging::parse(None, Some("5")).unwrap().page(ids.into_iter(), |id| id);
    assert_eq!(exact.next, None);
}

#[test]
fn a_page_that_makes_no_sense_is_refused() {
    for limit in ["0", "201", "-1", "many"] {
        assert_eq!(fields_of(Paging::parse(None, Some(limit))), ["limit"], "{limit}");
    }
    assert_eq!(fields_of(Paging::parse(Some("?"), None)), ["cursor"]);
}

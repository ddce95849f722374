//! Conditions on events: what may be asked for, and what goes with what.

use std::collections::BTreeSet;

use domain::{Callers, Event, State, Trigger, Types, Webhook};
use serde_json::{Value, json};

use super::{draft, edit, fields_of};
use trigger::{Matcher, Mismatch, Occurrence, Verdict};
use wire::catalogue;

use crate::problem::Refusal;
use crate::testing::*;
use crate::words::Language;

fn prepare(types: &Value, conditions: &Value) -> Result<Webhook, Refusal> {
    let mut body = json!({"name": "Orders", "url": "https://a.example/hook", "types": types});
    body.as_object_mut().unwrap().extend(conditions.as_object().unwrap().clone());
    let new = serde_json::from_value(body).unwrap();
    let made = draft::prepare(&new, "acme".into(), tools(&policy(), &keyring()), &mut counting());
    made.map(|draft| draft.webhook)
}

fn patched(webhook: &Webhook, patch: Value) -> Result<Webhook, Refusal> {
    let patch = serde_json::from_value(patch).unwrap();
    edit::prepare(&patch, &webhook.id, tools(&policy(), &keyring()), &mut counting())?.apply(webhook)
}

fn message<T: std::fmt::Debug>(refused: Result<T, Refusal>) -> String {
    let Err(Refusal::Invalid(errors)) = refused else { panic!("not refused for its fields: {refused:?}") };
    Language::English.tell(&errors[0].what)
}

#[test]
fn conditions_are_kept_as_they_were_asked_for() {
    let all = json!({"filter": "data.profile > 5", "database": 7, "collection": "12",
        "callers": {"except": ["shop"]}, "fields": ["email", "city"]});
    let names = |all: &[&str]| all.iter().map(|it| (*it).into()).collect::<BTreeSet<_>>();
    let expected = Trigger {
        filter: Some("data.profile > 5".into()),
        database: Some("7".into()),
        collection: Some("12".into()),
        callers: Some(Callers::Except(names(&["shop"]))),
        fields: names(&["email", "city"]),
    };
    let made = prepare(&json!(["update"]), &all).unwrap();
    assert_eq!(made.trigger, expected);
    let less = patched(&made, json!({"filter": null, "fields": [], "callers": {"only": ["ms"]}})).unwrap();
    let callers = Some(Callers::Only(names(&["ms"])));
    assert_eq!(less.trigger, Trigger { filter: None, callers, fields: names(&[]), ..expected });
    assert_eq!(patched(&less, json!({"name": "x"})).unwrap().trigger, less.trigger);
    let none = json!({"database": null, "collection": null, "callers": null});
    assert!(patched(&less, none).unwrap().trigger.is_open());
}

#[test]
fn conditions_that_will_not_do_are_named() {
    let long = "x".repeat(101);
    let many: Vec<_> = (0..101).map(|n| format!("f{n}")).collect();
    for (conditions, field, part) in [
        (json!({"filter": ""}), "filter", "is empty"),
        (json!({"filter": "data.id =="}), "filter", "line 1"),
        (json!({"filter": "dta.id == 1"}), "filter", "does not know 'dta'"),
        (json!({"filter": "x".repeat(2049)}), "filter", "2048 are allowed"),
        (json!({"filter": "(".repeat(2000)}), "filter", "nested too deeply"),
        (json!({"database": ""}), "database", "empty name"),
        (json!({"collection": long}), "collection", "more than 100 characters"),
        (json!({"callers": {"only": []}}), "callers", "names no application"),
        (json!({"callers": {"except": [""]}}), "callers", "empty name"),
        (json!({"callers": {"except": many[..21]}}), "callers", "20 are allowed"),
        (json!({"fields": many}), "fields", "100 are allowed"),
        (json!({"fields": [""]}), "fields", "empty name"),
    ] {
        let made = prepare(&json!(["update"]), &conditions);
        assert_eq!(fields_of(made.clone()), [field], "{conditions}");
        assert!(message(made).contains(part), "{conditions}");
        let before = webhook("wh_1", "acme", State::Active);
        let before = Webhook { types: Types::Only(["update".into()].into()), ..before };
        assert_eq!(fields_of(patched(&before, conditions)), [field]);
    }
}

#[test]
fn a_condition_goes_only_with_types_that_have_what_it_is_about() {
    for (condition, good, bad) in [
        (
            json!({"database": 7}),
            json!(["create", "update", "delete", "unsubscribe"]),
            json!(["update", "click"]),
        ),
        (json!({"collection": 7}), json!(["create", "update", "delete"]), json!(["unsubscribe"])),
        (json!({"callers": {"only": ["ms"]}}), json!(["delete", "unsubscribe"]), json!(["bounce"])),
        (json!({"fields": ["email"]}), json!(["create", "update"]), json!(["update", "delete"])),
    ] {
        let field = condition.as_object().unwrap().keys().next().unwrap().clone();
        assert!(prepare(&good, &condition).is_ok(), "{condition}");
        for types in [bad, json!("*"), json!(["order.paid"])] {
            assert_eq!(fields_of(prepare(&types, &condition)), [field.as_str()], "{condition}");
        }
    }
    assert!(prepare(&json!("*"), &json!({"filter": "true"})).is_ok(), "filters go with every type");
    let told = message(prepare(&json!(["delete"]), &json!({"fields": ["email"]})));
    assert!(told.contains("create, update only") && told.contains("holds delete"), "{told}");
}

#[test]
fn types_that_change_must_still_go_with_the_conditions_that_stay() {
    let made = prepare(&json!(["update"]), &json!({"fields": ["email"]})).unwrap();
    assert_eq!(fields_of(patched(&made, json!({"types": "*"}))), ["fields"]);
    assert!(patched(&made, json!({"types": "*", "fields": null})).is_ok());
    assert!(patched(&made, json!({"types": ["create"]})).is_ok());
}

/// Types and filters of the page's examples.
fn examples() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../../../../docs/filters.md");
    let named = page.split("\n#### `").skip(1).filter_map(|part| part.split_once("`\n```cel\n"));
    named.map(|(kind, rest)| (kind, rest.split("\n```").next().unwrap_or_default())).collect()
}

#[test]
fn the_page_has_an_example_for_every_type_that_tells_some_samples_from_others() {
    let kinds: BTreeSet<_> = examples().into_iter().map(|(kind, _)| kind).collect();
    let all = catalogue::types().iter().chain(catalogue::operational());
    assert_eq!(kinds, all.map(|kind| kind.name).collect());
    for (kind, filter) in examples() {
        let trigger = Trigger { filter: Some(filter.into()), ..Trigger::default() };
        let event = Event { id: "e".into(), source: "/".into(), kind: kind.into(), account: "acme".into() };
        let mut matcher = Matcher::default();
        let mut judged = |n: u64| {
            let sample = catalogue::sample(kind, n);
            let time = Some(NOW + std::time::Duration::from_secs(n * 7 * 3600));
            matcher.on(Occurrence { event: &event, time, data: sample.as_bytes() }).judge(&trigger)
        };
        let verdicts: Vec<_> = (0..300).map(&mut judged).collect();
        for expected in [Verdict::Match, Verdict::Mismatch(Mismatch::Filter)] {
            assert!(verdicts.contains(&expected), "{kind}: {filter} is never {expected:?}");
        }
        let failed = verdicts.iter().find(|verdict| matches!(verdict, Verdict::Failure(_)));
        assert_eq!(failed, None, "{kind}: {filter}");
    }
}

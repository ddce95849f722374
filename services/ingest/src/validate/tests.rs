//! What an event must be, and how each fault is named.

use domain::Timestamp;

use super::*;

fn acme() -> Author {
    Author { account: Some("acme".into()), operator: false }
}

fn operator() -> Author {
    Author { account: None, operator: true }
}

fn check_as(author: &Author, drafts: Vec<Draft>) -> Result<Vec<Checked>, Refusal> {
    let rules = Rules {
        author,
        exists: &|account| account.as_str() != "nobody",
        source: "/postbode/ingest",
        now: Timestamp::from_millis(1_706_702_400_000),
        max_bytes: 100,
        names: Names::Derived { key: "k" },
    };
    all(drafts, &rules)
}

fn cloud(attributes: &[(&str, &str)], data: &'static str) -> Draft {
    let attributes =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft { style: Style::Cloud, attributes, data: Bytes::from_static(data.as_bytes()) }
}

fn flat(data: &'static str) -> Draft {
    Draft { style: Style::Flat, ..cloud(&[], data) }
}

fn one(draft: Draft) -> Checked {
    check_as(&acme(), vec![draft]).unwrap().remove(0)
}

fn faults(draft: Draft) -> Vec<String> {
    let refused = check_as(&acme(), vec![draft]);
    let Err(Refusal::Invalid(faults)) = refused else { panic!("{refused:?}") };
    faults.into_iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect()
}

#[test]
fn a_whole_cloudevent_keeps_all_it_has() {
    let attributes = [
        ("specversion", "1.0"),
        ("id", "e1"),
        ("source", "/smtp"),
        ("type", "order.paid"),
        ("time", "2024-01-31T13:00:00+01:00"),
        ("account", "acme"),
        ("datacontenttype", "application/json; charset=utf-8"),
        ("subject", "s"),
        ("weight", "7"),
    ];
    let checked = one(cloud(&attributes, "{ \"n\": 1.0 }"));
    assert_eq!(checked.event.id.as_str(), "e1");
    assert_eq!(checked.event.source.as_str(), "/smtp");
    assert_eq!(checked.event.account.as_str(), "acme");
    assert_eq!(checked.time, "2024-01-31T13:00:00+01:00");
    assert_eq!(checked.data, "{ \"n\": 1.0 }");
    let extensions: Vec<_> = checked.extensions.into_iter().collect();
    assert_eq!(extensions, [("subject".to_owned(), "s".to_owned()), ("weight".to_owned(), "7".to_owned())]);
}

#[test]
fn what_is_missing_is_filled_in() {
    let checked = one(cloud(&[("type", "order.paid")], "{}"));
    assert_eq!(checked.event.id.as_str(), Names::Derived { key: "k" }.name(&"acme".into(), 0));
    assert_eq!(checked.event.source.as_str(), "/postbode/ingest");
    assert_eq!(checked.time, "2024-01-31T12:00:00.000Z");
    assert_eq!(checked.key, checked.event.id.as_str());
}

#[test]
fn a_flat_record_tells_type_and_time_itself() {
    let record = "{\"type\":\"x.y\",\"time\":1706702401,\"timestamp\":\"2020-01-01 00:00:00\"}";
    let checked = one(flat(record));
    assert_eq!(checked.event.kind.as_str(), "x.y");
    assert_eq!(checked.time, "2024-01-31T12:00:01.000Z");
    assert_eq!(checked.data, record);
    let written = one(flat("{\"type\":\"x.y\",\"timestamp\":\"2020-01-01 00:00:00\"}"));
    assert_eq!(written.time, "2020-01-01T00:00:00.000Z");
    for odd in ["{\"type\":\"x.y\",\"time\":99999999999999}", "{\"type\":\"x.y\",\"timestamp\":\"soon\"}"] {
        assert_eq!(one(flat(odd)).time, "2024-01-31T12:00:00.000Z", "{odd}");
    }
}

#[test]
fn the_key_is_partitionkey_then_message_then_profile_then_event() {
    let key = |attributes: &[(&str, &str)], data| {
        let attributes = [&[("type", "x.y"), ("id", "e1")], attributes].concat();
        one(cloud(&attributes, data)).key
    };
    assert_eq!(key(&[("partitionkey", "p")], "{\"id\":\"m\",\"profile\":7}"), "p");
    assert_eq!(key(&[], "{\"id\":\"m\",\"profile\":7}"), "m");
    assert_eq!(key(&[], "{\"id\":12345678901234567890123}"), "12345678901234567890123");
    assert_eq!(key(&[], "{\"id\":null,\"profile\":7}"), "7");
    assert_eq!(key(&[], "{\"id\":\"\",\"profile\":{}}"), "e1");
}

#[test]
fn an_attribute_that_will_not_do_is_named() {
    let with = |name: &str, value: &str| faults(cloud(&[("type", "x.y"), (name, value)], "{}")).join("; ");
    assert_eq!(with("time", "yesterday"), "time is not an RFC 3339 time");
    assert_eq!(with("type", "Click"), "type is not a lower-case letter and up to 63 of a-z 0-9 . _ -");
    let reserved = "type begins with postbode., which only Postbode itself sends";
    assert_eq!(with("type", "postbode.webhook.disabled"), reserved);
    assert_eq!(with("specversion", "0.3"), "specversion is not 1.0");
    assert_eq!(with("datacontenttype", "text/xml"), "datacontenttype is not application/json");
    assert_eq!(with("my-ext", "a"), "my-ext is not a name of 1 to 64 of a-z 0-9");
    assert_eq!(with("source", ""), "source is empty");
    assert_eq!(with("subject", "a\nb"), "subject holds control characters");
    assert_eq!(with("id", &"x".repeat(257)), "id is longer than 256 bytes");
    assert_eq!(with("subject", &"x".repeat(2049)), "subject is longer than 2048 bytes");
    assert_eq!(faults(cloud(&[], "{}")), ["type is missing"]);
}

#[test]
fn attributes_together_must_leave_room_in_the_record() {
    let long = "x".repeat(2048);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let attributes: Vec<_> =
        names.iter().map(|name| (*name, long.as_str())).chain([("type", "x.y")]).collect();
    assert_eq!(
        faults(cloud(&attributes, "{}")),
        ["attributes take 16399 bytes together: the limit is 16384"]
    );
}

#[test]
fn data_must_be_an_object() {
    let data = |data| faults(cloud(&[("type", "x.y")], data)).join("; ");
    assert_eq!(data("[1]"), "data must be a JSON object");
    assert_eq!(data(""), "data must be a JSON object");
    assert!(data("{\"a\":}").starts_with("data is not valid JSON: "));
    assert!(data("{} {}").starts_with("data is not valid JSON: "));
    assert_eq!(faults(flat("7")), ["body must be a JSON object", "type is missing"]);
    assert_eq!(faults(flat("{\"type\":7}")), ["type must be a string"]);
}

#[test]
fn known_types_must_have_their_fields() {
    assert_eq!(faults(flat("{\"type\":\"delivery\",\"id\":\"m\"}")), ["recipient is missing"]);
    let cloud = cloud(&[("type", "delivery")], "{\"id\":\"m\",\"recipient\":7}");
    assert_eq!(faults(cloud), ["data.recipient must be a string, not a number"]);
}

#[test]
fn every_fault_of_every_event_is_told_and_nothing_is_taken() {
    let drafts = vec![flat("{\"type\":\"x.y\"}"), flat("{}"), cloud(&[("time", "x")], "[]")];
    let refused = check_as(&acme(), drafts);
    let Err(Refusal::Invalid(faults)) = refused else { panic!("{refused:?}") };
    let places: Vec<_> = faults.iter().map(|fault| (fault.index, fault.field.as_str())).collect();
    assert_eq!(places, [(1, "type"), (2, "data"), (2, "type"), (2, "time")]);
}

#[test]
fn one_byte_over_the_limit_is_too_large() {
    let record = |size: usize| {
        let padding = "x".repeat(size - "{\"type\":\"x.y\",\"p\":\"\"}".len());
        Draft { data: format!("{{\"type\":\"x.y\",\"p\":\"{padding}\"}}").into(), ..flat("") }
    };
    assert_eq!(one(record(100)).data.len(), 100);
    let refused = check_as(&acme(), vec![flat("{\"type\":\"x.y\"}"), record(101)]);
    assert_eq!(refused, Err(Refusal::TooLarge(Limit::event(1, 101, 100))));
}

#[test]
fn a_key_speaks_for_its_own_account_only() {
    let named = |account| vec![cloud(&[("type", "x.y"), ("account", account)], "{}")];
    assert_eq!(check_as(&acme(), named("acme")).unwrap()[0].event.account.as_str(), "acme");
    let refused = check_as(&acme(), named("other"));
    assert!(matches!(&refused, Err(Refusal::Forbidden(why)) if why.contains("'other'")), "{refused:?}");
}

#[test]
fn an_operator_names_an_account_that_exists() {
    let named = |account| vec![cloud(&[("type", "x.y"), ("account", account)], "{}")];
    assert_eq!(check_as(&operator(), named("other")).unwrap()[0].event.account.as_str(), "other");
    let unnamed = check_as(&operator(), vec![cloud(&[("type", "x.y")], "{}")]);
    assert_eq!(unnamed, Err(Refusal::fault(0, "account", "is missing: an operator's key must name one")));
    assert_eq!(
        check_as(&operator(), named("nobody")),
        Err(Refusal::fault(0, "account", "'nobody' does not exist"))
    );
}

//! What the catalogue promises.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn complaints(kind: &str, data: &Value) -> Vec<String> {
    validate(kind, data).into_iter().map(|error| format!("{} {}", error.field, error.message)).collect()
}

#[test]
fn the_catalogue_holds_every_type_of_smtpeter() {
    let names: Vec<_> = types().iter().filter(|kind| kind.sent).map(|kind| kind.name).collect();
    let sent = [
        "delivery",
        "bounce",
        "failure",
        "open",
        "click",
        "abuse",
        "create",
        "update",
        "delete",
        "unsubscribe",
    ];
    assert_eq!(names, sent);
    let logged: Vec<_> = types().iter().filter(|kind| !kind.sent).map(|kind| kind.name).collect();
    assert_eq!(logged, ["attempt", "response"]);
    assert!(types().iter().all(|kind| domain::is_event_type(kind.name) && find(kind.name) == Some(kind)));
}

#[test]
fn every_sample_is_valid_begins_with_its_type_and_knows_no_undocumented_member() {
    for kind in types().iter().chain(operational()) {
        let known: BTreeSet<_> = kind.fields.iter().map(|field| field.name).chain(["type"]).collect();
        for n in 0..200 {
            let text = sample(kind.name, n);
            assert!(text.starts_with(&format!("{{\"type\":\"{}\",", kind.name)), "{text}");
            let event = parsed(&text);
            assert_eq!(complaints(kind.name, &event), Vec::<String>::new(), "{text}");
            let members = event.as_object().unwrap();
            assert!(members.keys().all(|name| known.contains(&name.as_str())), "{text}");
            assert_eq!(sample(kind.name, n), text);
        }
    }
}

#[test]
fn samples_differ_and_together_show_every_documented_member() {
    for kind in types().iter().chain(operational()) {
        let events: BTreeSet<_> = (0..200).map(|n| sample(kind.name, n)).collect();
        assert!(events.len() >= 195, "{}: {}", kind.name, events.len());
        for field in kind.fields {
            let shown = events.iter().any(|event| parsed(event).get(field.name).is_some());
            assert!(shown, "{}.{} is in no sample", kind.name, field.name);
        }
    }
}

#[test]
fn a_sample_of_an_unknown_type_has_an_id_and_a_time() {
    let event = parsed(&sample("order.paid", 3));
    assert_eq!(event["type"], "order.paid");
    assert_eq!(event["timestamp"], "2026-01-31 12:00:03");
    assert_eq!(event["time"], 1_769_860_803);
    assert!(event["id"].is_string());
}

#[test]
fn what_is_missing_or_of_the_wrong_type_is_named() {
    let data =
        json!({"id": "m1", "original": ["https://example.com/"], "tags": [1], "time": "soon", "extra": {}});
    assert_eq!(
        complaints("click", &data),
        [
            "time must be an integer, not a string",
            "recipient is missing",
            "original must be a string, not a list",
            "tags must be a list of strings, not a list of other things",
        ]
    );
}

#[test]
fn null_stands_for_absence_only_where_absence_is_allowed() {
    let data = json!({"id": null, "recipient": "a@example.com", "tags": null});
    assert_eq!(complaints("open", &data), ["id must be a string or an integer, not null"]);
}

#[test]
fn an_empty_map_may_be_written_as_an_empty_list() {
    let mut data = json!({"profile": "9", "database": 7, "parameters": []});
    assert_eq!(complaints("update", &data), Vec::<String>::new());
    data["parameters"] = json!(["email"]);
    assert_eq!(complaints("update", &data), ["parameters must be an object, not a list"]);
}

#[test]
fn a_type_that_nobody_knows_passes_and_data_that_is_no_object_does_not() {
    assert_eq!(complaints("order.paid", &json!({"anything": 1})), Vec::<String>::new());
    assert_eq!(complaints("delivery", &json!([])), ["id is missing", "recipient is missing"]);
}

#[test]
fn split_members_are_judged_like_parsed_ones() {
    for text in [
        r#"{"id":"m1","original":["x"],"tags":[1],"time":"soon","extra":{}}"#,
        r#"{"id":17,"recipient":"a@example.com","original":"https://example.com/","time":1.5,"tags":["a"]}"#,
        r#"{"id":null,"recipient":null,"original":true,"tags":null,"ip":null}"#,
        r"{}",
    ] {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
        let raw = validate_raw("click", |name| members.get(name).map(|value| &**value));
        assert_eq!(raw, validate("click", &parsed(text)), "{text}");
    }
    let huge: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(r#"{"id":"m","recipient":"r","time":1e999}"#).unwrap();
    let raw = validate_raw("open", |name| huge.get(name).map(|value| &**value));
    assert_eq!(raw[0].message, "must be an integer, not such a number");
}

#[test]
fn the_schema_says_what_validation_checks() {
    let schema = find("update").unwrap().schema();
    assert_eq!(schema["properties"]["type"], json!({"const": "update"}));
    assert_eq!(schema["required"], json!(["type", "parameters", "profile", "database"]));
    assert_eq!(schema["properties"]["time"]["type"], json!(["integer", "null"]));
    assert_eq!(schema["properties"]["parameters"]["type"], json!(["object", "array"]));
    assert_eq!(schema["properties"]["parameters"]["maxItems"], 0);
    assert_eq!(schema["additionalProperties"], true);
    assert_eq!(find("open").unwrap().schema()["properties"]["tags"]["items"], json!({"type": "string"}));
}

#[test]
fn the_mix_shows_every_type_soon_and_is_mostly_deliveries_and_opens() {
    let first: BTreeSet<_> = (0..12).map(mix).collect();
    assert_eq!(first.len(), types().len());
    let count = |kind| (12..10_012).filter(|n| mix(*n) == kind).count();
    assert!((3300..4100).contains(&count("delivery")), "{}", count("delivery"));
    assert!((10..60).contains(&count("abuse")), "{}", count("abuse"));
    assert!(types().iter().all(|kind| count(kind.name) > 0));
}

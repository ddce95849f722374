//! Golden pairs, and a reader after PHP's rules that shares nothing with the writer.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn rendered(data: impl Into<Bytes>) -> String {
    String::from_utf8(render("click", &data.into()).unwrap().to_vec()).unwrap()
}

/// Also what PHP, Ruby and Python have to read: `tests/tests/forms.rs`.
const GOLDEN: &str = include_str!("../../../fixtures/forms.json");

#[test]
fn golden_events_are_written_as_ever() {
    let cases: Vec<Value> = serde_json::from_str(GOLDEN).unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let data = case["data"].as_str().unwrap().to_owned();
        assert_eq!(rendered(data), case["form"].as_str().unwrap(), "{case}");
    }
}

#[test]
fn a_megabyte_of_mime_is_one_value_to_the_last_byte() {
    let mime = "Subject: caf\u{e9}\r\n\"quoted\"\t=3D\r\n".repeat(36_000);
    let form = rendered(json!({"id": "m", "mime": mime, "z": 1}).to_string());
    assert!(mime.len() > 1024 * 1024);
    assert_eq!(read(&form), json!({"type": "click", "id": "m", "mime": mime, "z": "1"}));
}

#[test]
fn what_would_grow_without_bound_is_refused() {
    let name = "n".repeat(100_000);
    let data = json!({ name: vec![1; 1000] }).to_string();
    let error = render("click", &data.into()).unwrap_err();
    assert!(error.to_string().contains("8 MiB"), "{error}");
    let deep = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(render("click", &deep(99).into()).is_ok());
    assert!(render("click", &deep(100_000).into()).is_err());
    for bad in ["[1]", "\"a\"", "{\"a\":", "", "{} {}"] {
        assert!(render("click", &bad.into()).is_err(), "{bad}");
    }
}

/// Reads a form as PHP does: pairs, then brackets. Every value is a text; a list that has places is a map of them.
fn read(form: &str) -> Value {
    let mut root = Value::Object(Map::new());
    for pair in form.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        let (name, value) = (decoded(name), decoded(value));
        let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
        let keys = rest.split_terminator(']').map(|key| key.strip_prefix('[').unwrap());
        let mut place = &mut root;
        for key in std::iter::once(first).chain(keys) {
            if key.is_empty() {
                if place.is_null() {
                    *place = json!([]);
                }
                let list = place.as_array_mut().unwrap();
                list.push(Value::Null);
                place = list.last_mut().unwrap();
            } else {
                if place.is_null() {
                    *place = json!({});
                }
                place = place.as_object_mut().unwrap().entry(plain(key)).or_insert(Value::Null);
            }
        }
        *place = Value::String(value);
    }
    root
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut left = text.as_bytes();
    while let [first, rest @ ..] = left {
        left = rest;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&rest[..2]).unwrap(), 16).unwrap());
                left = &rest[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A name as the producer wrote it.
fn plain(key: &str) -> String {
    let mut plain = String::new();
    let mut rest = key;
    while let Some(letter) = rest.chars().next() {
        let code =
            [("%5B", '['), ("%5D", ']'), ("%25", '%')].into_iter().find(|(code, _)| rest.starts_with(code));
        let (letter, length) = code.map_or((letter, letter.len_utf8()), |(_, letter)| (letter, 3));
        plain.push(letter);
        rest = &rest[length..];
    }
    plain
}

/// What a form can say of a value: none if nothing.
fn sayable(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Null => json!(""),
        Value::Bool(yes) => json!(if *yes { "1" } else { "0" }),
        Value::Number(number) => json!(number.to_string()),
        Value::String(text) => json!(text),
        Value::Array(list) if list.iter().any(|it| it.is_array() || it.is_object()) => {
            let places = list.iter().enumerate().filter_map(|(n, it)| Some((n.to_string(), sayable(it)?)));
            filled(places.collect())?
        }
        Value::Array(list) if list.is_empty() => return None,
        Value::Array(list) => list.iter().filter_map(sayable).collect(),
        Value::Object(members) => {
            filled(members.iter().filter_map(|(name, it)| Some((name.clone(), sayable(it)?))).collect())?
        }
    })
}

fn filled(members: Map<String, Value>) -> Option<Value> {
    (!members.is_empty()).then_some(Value::Object(members))
}

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[&=+\\[\\]%25BD ]{0,8}".prop_map(Value::from),
    ];
    plain.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..5)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// An empty name inside a map is the one thing that brackets cannot tell from a list.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,6}", "[&=+\\[\\]%25BD .]{1,8}", "\\PC{1,6}"]
}

proptest! {
    #[test]
    fn any_event_is_read_back_as_far_as_a_form_can_say_it(
        members in prop::collection::btree_map(name(), value(), 0..6),
    ) {
        let data = Value::Object(members.into_iter().collect());
        let mut expected = sayable(&data).unwrap_or_else(|| json!({}));
        expected["type"] = json!("click");
        prop_assert_eq!(read(&rendered(data.to_string())), expected);
    }

    #[test]
    fn no_bytes_make_the_writer_panic(data in "[\\[\\]{}\",:a1 tn\\\\]{0,40}") {
        let _ = render("click", &format!("{{{data}").into());
    }
}

//! What other languages' parsers make of a form.

use bytes::Bytes;
use domain::{Event, Format, Offset, Progress};
use harness::Language;
use serde_json::{Map, Value};
use wire::{Delivery, Headers};

/// Data, the form that it becomes, and what is read from that.
const GOLDEN: &str = include_str!("../../libs/wire/fixtures/forms.json");

/// The body of a click's call.
fn form(data: &str) -> Bytes {
    let (id, source, account) = ("e1".into(), "/s".into(), "acme".into());
    let delivery = Delivery {
        event: Event { id, source, kind: "click".into(), account },
        time: None,
        origin: None,
        webhook: "wh_1".into(),
        id: "dlv_1".into(),
        registry: Offset(0),
        progress: Progress::default(),
        backfill: None,
    };
    let data = Bytes::copy_from_slice(data.as_bytes());
    wire::format::render(Format::Form, &delivery, &Headers::default(), &data).expect("a form").bytes
}

/// With lists for maps that are numbered from 0 without a gap: not all languages tell the two apart.
fn with_lists(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(with_lists).collect(),
        Value::Object(map) if !map.is_empty() && (0..map.len()).all(|n| map.contains_key(&n.to_string())) => {
            (0..map.len()).map(|n| with_lists(map[&n.to_string()].clone())).collect()
        }
        Value::Object(map) => map.into_iter().map(|(name, value)| (name, with_lists(value))).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// PHP makes of names what variables could once be called.
fn as_variables(read: &Value) -> Value {
    let named = |(name, value): (&String, &Value)| (name.replace([' ', '.'], "_"), value.clone());
    Value::Object(read.as_object().into_iter().flatten().map(named).collect::<Map<_, _>>())
}

async fn read_the_same(language: &str, command: &[&str], expected: fn(&Value) -> Value) {
    let Some(language) = Language::prepare(language).await else { return };
    let cases: Vec<Value> = serde_json::from_str(GOLDEN).expect("a list of cases");
    for case in cases {
        let form = form(case["data"].as_str().expect("data"));
        let read = language.run(command, &[], &form).await;
        let read: Value = serde_json::from_str(&read).unwrap_or_else(|error| panic!("{error}: {read}"));
        assert_eq!(with_lists(read), with_lists(expected(&case["reads"])), "{command:?}: {case}");
    }
}

#[tokio::test]
async fn php_reads_the_golden_forms() {
    read_the_same("php", &["php", "form.php"], as_variables).await;
}

#[tokio::test]
async fn rubys_rack_reads_the_golden_forms() {
    read_the_same("ruby", &["ruby", "form.rb"], Value::clone).await;
}

#[tokio::test]
async fn pythons_qs_codec_reads_the_golden_forms() {
    read_the_same("python", &["python3", "form.py"], Value::clone).await;
}

//! Every form that a request may have, and how broken ones are named.

use axum::http::{HeaderName, HeaderValue};

use super::*;
use crate::refusal::{Fault, Limit};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

fn parsed(mode: Mode, body: &'static str) -> Result<Vec<Draft>, Refusal> {
    drafts(mode, &HeaderMap::new(), Some("acme"), &Bytes::from_static(body.as_bytes()), 3)
}

fn data(drafts: &[Draft]) -> Vec<&str> {
    drafts.iter().map(|draft| std::str::from_utf8(&draft.data).unwrap()).collect()
}

fn faults(refused: Result<Vec<Draft>, Refusal>) -> Vec<(usize, String, String)> {
    let Err(Refusal::Invalid(faults)) = refused else { panic!("{refused:?}") };
    faults.into_iter().map(|Fault { index, field, message }| (index, field, message)).collect()
}

#[test]
fn the_form_is_told_by_the_content_type_and_by_ce_headers() {
    let of = |content_type| mode(&headers(&[("content-type", content_type)]));
    assert_eq!(of("application/json"), Ok(Mode::Plain));
    assert_eq!(of("Application/JSON; charset=utf-8"), Ok(Mode::Plain));
    assert_eq!(of("application/cloudevents+json"), Ok(Mode::Structured));
    assert_eq!(of("application/cloudevents-batch+json"), Ok(Mode::Batch));
    assert_eq!(of("application/x-ndjson"), Ok(Mode::Lines));
    assert_eq!(of("text/xml"), Err(Refusal::UnsupportedType("text/xml".to_owned())));
    assert_eq!(mode(&HeaderMap::new()), Err(Refusal::UnsupportedType(String::new())));
    let binary = headers(&[("content-type", "application/json"), ("ce-type", "click")]);
    assert_eq!(mode(&binary), Ok(Mode::Binary));
}

#[test]
fn binary_mode_takes_attributes_from_headers_and_keeps_the_body() {
    let headers =
        headers(&[("ce-type", "click"), ("ce-source", "/caf%C3%A9"), ("ce-x", "\"a b\""), ("host", "h")]);
    let body = Bytes::from_static(b" {\"a\": 1.0}\n");
    let drafts = drafts(Mode::Binary, &headers, None, &body, 1).unwrap();
    assert_eq!(data(&drafts), [" {\"a\": 1.0}\n"]);
    let attributes: Vec<_> =
        drafts[0].attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(attributes, [("source", "/café"), ("type", "click"), ("x", "a b")]);
}

#[test]
fn a_header_that_is_no_text_is_named() {
    for value in ["%zz", "%4", "%ff"] {
        let headers = headers(&[("ce-subject", value)]);
        let refused = drafts(Mode::Binary, &headers, None, &Bytes::new(), 1);
        assert_eq!(faults(refused)[0].1, "subject");
    }
}

#[test]
fn structured_mode_takes_the_datas_own_bytes() {
    let event = r#"{"specversion":"1.0","type":"click","n":7,"b":true,"none":null,"data": {"b":1.50, "a":"\u00e9"} }"#;
    let drafts = parsed(Mode::Structured, event).unwrap();
    assert_eq!(data(&drafts), [r#"{"b":1.50, "a":"\u00e9"}"#]);
    let attributes: Vec<_> =
        drafts[0].attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(attributes, [("b", "true"), ("n", "7"), ("specversion", "1.0"), ("type", "click")]);
}

#[test]
fn structured_faults_name_their_member() {
    let cases = [
        (r#"{"type":"click"}"#, "data", "is missing"),
        (
            r#"{"type":"click","data_base64":"e30="}"#,
            "data_base64",
            "is not taken: give a JSON object as data",
        ),
        (r#"{"type":{},"data":{}}"#, "type", "must be a string, a number or a boolean"),
        ("[]", "body", "must be a JSON object"),
    ];
    for (event, field, message) in cases {
        assert_eq!(faults(parsed(Mode::Structured, event)), [(0, field.to_owned(), message.to_owned())]);
    }
    let (_, field, message) = faults(parsed(Mode::Structured, "{\"a\":}")).remove(0);
    assert!(field == "body" && message.starts_with("is not valid JSON: expected value"), "{message}");
}

#[test]
fn a_batch_is_split_and_all_its_faults_are_told() {
    let batch = r#"[{"type":"a","data":{}}, {"type":"b","data":{"x":1}}]"#;
    assert_eq!(data(&parsed(Mode::Batch, batch).unwrap()), ["{}", r#"{"x":1}"#]);
    assert_eq!(parsed(Mode::Batch, "[]").unwrap(), []);
    let faulty = r#"[{"type":"a"}, {"type":"b","data":{}}, 7]"#;
    let places: Vec<_> =
        faults(parsed(Mode::Batch, faulty)).into_iter().map(|(index, field, _)| (index, field)).collect();
    assert_eq!(places, [(0, "data".to_owned()), (2, "body".to_owned())]);
}

#[test]
fn broken_syntax_is_placed_at_its_element() {
    let (index, field, message) = faults(parsed(Mode::Batch, r#"[{"data":{}}, {"data":{,}}]"#)).remove(0);
    assert!(index == 1 && field == "body" && message.contains("line 1 column"), "{index} {field} {message}");
    let (index, _, message) = faults(parsed(Mode::Plain, "[{}, {}] x")).remove(0);
    assert!(index == 2 && message.contains("trailing characters"), "{index} {message}");
    let (index, ..) = faults(parsed(Mode::Batch, "{}")).remove(0);
    assert_eq!(index, 0);
}

#[test]
fn plain_records_are_kept_byte_for_byte_under_the_querys_account() {
    let one = parsed(Mode::Plain, "\n{\"type\":\"click\" ,\"n\": 1e2}\n").unwrap();
    assert_eq!(data(&one), ["{\"type\":\"click\" ,\"n\": 1e2}"]);
    assert_eq!((one[0].style, one[0].attributes["account"].as_str()), (Style::Flat, "acme"));
    let two = parsed(Mode::Plain, " [ {\"a\": 1}, {\"b\":2 } ] ").unwrap();
    assert_eq!(data(&two), ["{\"a\": 1}", "{\"b\":2 }"]);
}

#[test]
fn lines_are_records_and_empty_ones_are_none() {
    let lines = parsed(Mode::Lines, "{\"a\":1}\r\n\n{\"b\":2}").unwrap();
    assert_eq!(data(&lines), ["{\"a\":1}", "{\"b\":2}"]);
}

#[test]
fn an_empty_body_is_a_fault() {
    for mode in [Mode::Plain, Mode::Lines] {
        assert_eq!(faults(parsed(mode, " \n")), [(0, "body".to_owned(), "is empty".to_owned())]);
    }
}

#[test]
fn more_events_than_allowed_are_too_many() {
    let refusal = Err(Refusal::TooLarge(Limit::events(3)));
    assert_eq!(parsed(Mode::Plain, "[{},{},{},{}]"), refusal);
    assert_eq!(parsed(Mode::Batch, "[{},{},{},{}]"), refusal);
    assert_eq!(parsed(Mode::Lines, "{}\n{}\n{}\n{}\n"), refusal);
    assert_eq!(parsed(Mode::Plain, "[{},{},{}]").unwrap().len(), 3);
}

#[test]
fn bytes_that_are_no_text_are_a_fault() {
    let body = Bytes::from_static(b"[\"\xff\"]");
    let refused = drafts(Mode::Plain, &HeaderMap::new(), None, &body, 3);
    assert_eq!(faults(refused), [(0, "body".to_owned(), "is not UTF-8 text".to_owned())]);
}

const MODES: [Mode; 5] = [Mode::Binary, Mode::Structured, Mode::Batch, Mode::Plain, Mode::Lines];

proptest::proptest! {
    #[test]
    fn whatever_is_sent_is_parsed_or_refused(body in "[\\[\\]{}\",:a-z0-9\\\\ \n]{0,60}", junk: Vec<u8>) {
        for body in [Bytes::from(body), Bytes::from(junk)] {
            for mode in MODES {
                let _ = drafts(mode, &HeaderMap::new(), None, &body, 3);
            }
        }
    }

    #[test]
    fn records_come_out_of_an_array_as_they_went_in(numbers in proptest::collection::vec("-?[1-9][0-9]{0,30}(\\.[0-9]+)?(e[0-9]+)?", 0..20)) {
        let records: Vec<_> = numbers.iter().map(|number| format!("{{ \"n\" :{number}}}")).collect();
        let body = Bytes::from(format!("[{}]", records.join(" ,\n")));
        let split = drafts(Mode::Plain, &HeaderMap::new(), None, &body, 20).unwrap();
        proptest::prop_assert_eq!(data(&split), records);
    }
}

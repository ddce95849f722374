//! What is sent; no network.

use std::time::Duration;

use bytes::Bytes;
use domain::{
    CustomHeader, DeliveryId, Format, Keyring, Limits, Place, Secrets, SigningSecret, Timestamp, Webhook,
};
use http::HeaderValue;
use standardwebhooks::Webhook as Verifier;
use wire::{Delivery, Headers, names};

use crate::{Credentials, Item, Parcel, request};

const NOW: Timestamp = Timestamp::from_millis(1_706_702_400_250);

fn keyring() -> Keyring {
    Keyring::parse(&["k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]).unwrap()
}

fn sealed(field: &str, secret: &str) -> domain::Sealed {
    keyring().seal([7; 12], Place { record: "webhook/wh_1", field }, secret.as_bytes())
}

fn webhook(format: Format, previous: Option<Timestamp>) -> Webhook {
    let secret = |byte| sealed(wire::registry::SECRET_FIELD, &SigningSecret::encode(&[byte; 32]));
    let header = CustomHeader {
        name: "X-Password".to_owned(),
        value: sealed(&wire::registry::header_field("X-Password"), "hunter2"),
    };
    Webhook {
        format,
        secrets: Secrets { current: secret(1), previous: previous.map(|until| (secret(2), until)) },
        headers: vec![header],
        limits: Limits { timeout: Duration::from_secs(3), ..Limits::default() },
        ..domain::fixtures::webhook("wh_1", "acme", &[])
    }
}

/// A delivery as it lies on its topic.
struct Parcelled {
    delivery: Delivery,
    headers: Headers,
    data: Bytes,
}

impl Parcelled {
    fn item(&self) -> Item<'_> {
        Item { delivery: &self.delivery, headers: &self.headers, data: &self.data }
    }
}

fn parcelled(delivery: &'static str, event: &'static str, data: &'static str) -> Parcelled {
    let headers = [
        (names::CE_ID, event),
        (names::CE_SOURCE, "/smtp"),
        (names::CE_TYPE, "click"),
        (names::CE_ACCOUNT, "acme"),
        (names::CE_TIME, "2024-01-31T12:00:00Z"),
        (names::WEBHOOK, "wh_1"),
        (names::DELIVERY, delivery),
        (names::REGISTRY, "3"),
        (names::ORIGIN, "2-9"),
        (names::TRACEPARENT, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let headers: Headers =
        headers.map(|(n, v)| (n.into(), Bytes::from_static(v.as_bytes()))).into_iter().collect();
    let delivery = Delivery::read(&headers).unwrap();
    Parcelled { delivery, headers, data: Bytes::from_static(data.as_bytes()) }
}

fn one() -> Parcelled {
    parcelled("dlv_1", "e1", r#"{"id":"m1","recipient":"a@b.example"}"#)
}

fn single(webhook: &Webhook) -> outbound::PostRequest {
    request_of(webhook, &[one().item()], None)
}

fn request_of(webhook: &Webhook, items: &[Item<'_>], batch: Option<&DeliveryId>) -> outbound::PostRequest {
    let agent = HeaderValue::from_static("Postbode/test");
    let credentials = Credentials::open(&keyring(), webhook, false).unwrap();
    request(NOW, webhook, &credentials, Parcel { items, batch }, None, &agent).unwrap()
}

#[test]
fn a_batch_is_a_list_of_bodies_each_with_its_delivery_and_one_signature_over_all() {
    let data = r#"{"webhook-id":"mine","id":"m2"}"#;
    let (first, second) = (one(), parcelled("dlv_2", "e2", data));
    let items = [first.item(), second.item()];
    for (format, id_name, content_type) in [
        (Format::Json, "webhook-id", "application/json"),
        (Format::Standard, "webhook-id", "application/json"),
        (Format::CloudEvents, "webhookid", "application/cloudevents-batch+json"),
    ] {
        let request = request_of(&webhook(format, None), &items, Some(&"bat_1".into()));
        assert!(verifies(1, &request), "{format:?}");
        assert_eq!(
            (&request.headers["webhook-id"], &request.headers["content-type"]),
            (&HeaderValue::from_static("bat_1"), &HeaderValue::from_static(content_type))
        );
        let list: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_slice(&request.body).unwrap();
        let ids: Vec<_> = list.iter().map(|element| &element[id_name]).collect();
        assert_eq!(ids, ["dlv_1", "dlv_2"], "{format:?}");
        let lone = request_of(&webhook(format, None), &items[..1], None);
        let mut alone: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&lone.body).unwrap();
        alone.insert(id_name.to_owned(), "dlv_1".into());
        assert_eq!(list[0], alone, "{format:?}: the body, and its id");
    }
    let request = request_of(&webhook(Format::Json, None), &items, Some(&"bat_1".into()));
    assert_eq!(request.body.windows(13).filter(|w| w == b"\"webhook-id\":").count(), 2, "ours, once each");
}

/// Whether the independent library, given the secret, makes one of the request's signatures.
fn verifies(secret: u8, request: &outbound::PostRequest) -> bool {
    let verifier = Verifier::new(&SigningSecret::encode(&[secret; 32])).unwrap();
    let text = |name: &str| request.headers[name].to_str().unwrap();
    let seconds = text("webhook-timestamp").parse().unwrap();
    let expected = verifier.sign(text("webhook-id"), seconds, &request.body).unwrap();
    text("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[test]
fn every_format_verifies_with_an_independent_library() {
    for format in Format::ALL {
        let request = single(&webhook(format, None));
        assert!(verifies(1, &request), "{format:?}");
        assert!(!verifies(2, &request), "{format:?}");
        assert_eq!(request.headers["webhook-id"], "dlv_1");
        assert_eq!(request.headers["webhook-timestamp"], "1706702400");
        assert_eq!(request.headers["x-password"], "hunter2");
        assert_eq!(request.timeout, Duration::from_secs(3));
    }
    assert_eq!(
        single(&webhook(Format::CloudEvents, None)).headers["content-type"],
        "application/cloudevents+json"
    );
}

#[test]
fn during_a_rotation_both_secrets_sign_and_afterwards_one() {
    let during = single(&webhook(Format::Json, Some(NOW + Duration::from_secs(1))));
    assert!(verifies(1, &during) && verifies(2, &during));
    let after = single(&webhook(Format::Json, Some(NOW)));
    assert!(verifies(1, &after) && !verifies(2, &after));
}

#[test]
fn every_attempt_of_a_delivery_has_the_same_id_and_body() {
    let webhook = webhook(Format::Standard, None);
    let (first, second) = (single(&webhook), single(&webhook));
    assert_eq!((&first.body, &first.headers["webhook-id"]), (&second.body, &second.headers["webhook-id"]));
}

#[test]
fn a_trace_goes_on_to_the_receiver() {
    let request = single(&webhook(Format::Json, None));
    assert_eq!(request.headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

#[test]
fn secrets_sealed_with_another_key_or_for_another_webhook_do_not_open() {
    let ours = webhook(Format::Json, None);
    let other = Keyring::parse(&["k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="]).unwrap();
    let error = Credentials::open(&other, &ours, false).unwrap_err();
    assert!(error.to_string().contains("key 'k1'"), "{error}");
    let moved = Webhook { id: "wh_2".into(), ..ours };
    assert!(Credentials::open(&keyring(), &moved, false).is_err());
}

#[test]
fn a_webhook_that_asks_for_the_platforms_signature_waits_for_a_key() {
    let asking = Webhook { platform_signature: true, ..webhook(Format::Json, None) };
    let error = Credentials::open(&keyring(), &asking, false).unwrap_err();
    assert!(error.to_string().contains("signing.directory"), "{error}");
    assert!(Credentials::open(&keyring(), &asking, true).is_ok());
}

//! What is sent and what is told of it; no broker, no network.

use std::time::Duration;

use bytes::Bytes;
use domain::{
    CustomHeader, Deferral, DeliveryId, Fate, Format, Keyring, Limits, Offset, Outcome, Partition, Place,
    RecordPlace, Secrets, SigningSecret, Standing, Tier, Timestamp, Webhook,
};
use http::HeaderValue;
use standardwebhooks::Webhook as Verifier;
use wire::{Headers, Record, names};

use crate::attempt::{Done, unsent};
use crate::bodies::{self, Parcel};
use crate::credentials::{Credentials, Vault};
use crate::held::{Held, Payload};
use crate::telemetry::Telemetry;

const NOW: Timestamp = Timestamp::from_millis(1_706_702_400_250);

fn keyring() -> Keyring {
    Keyring::parse(&["k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]).unwrap()
}

fn sealed(field: &str, secret: &str) -> domain::Sealed {
    keyring().seal([7; 12], Place { record: "webhook/wh_1", field }, secret.as_bytes())
}

fn standing(format: Format, previous: Option<Timestamp>) -> Standing {
    let secret = |byte| sealed(wire::registry::SECRET_FIELD, &SigningSecret::encode(&[byte; 32]));
    let header = CustomHeader {
        name: "X-Password".to_owned(),
        value: sealed(&wire::registry::header_field("X-Password"), "hunter2"),
    };
    let webhook = Webhook {
        format,
        secrets: Secrets { current: secret(1), previous: previous.map(|until| (secret(2), until)) },
        headers: vec![header],
        limits: Limits { timeout: Duration::from_secs(3), ..Limits::default() },
        ..domain::fixtures::webhook("wh_1", "acme", &[])
    };
    Standing { webhook: webhook.into(), offset: Offset(3), failing_since: None }
}

const PLACE: RecordPlace = RecordPlace { epoch: domain::Epoch(1), offset: Offset(1) };

fn held() -> Payload {
    held_as("dlv_1", "e1", r#"{"id":"m1","recipient":"a@b.example"}"#)
}

fn held_as(delivery: &'static str, event: &'static str, data: &'static str) -> Payload {
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
    Held::new(Record {
        topic: "postbode.deliveries".into(),
        partition: Partition(0),
        offset: Offset(1),
        timestamp: NOW,
        key: Some(Bytes::from_static(b"wh_1")),
        value: Some(Bytes::from_static(data.as_bytes())),
        headers,
    })
}

fn credentials(standing: &Standing) -> std::sync::Arc<Credentials> {
    Vault::new(keyring(), false).credentials(standing).unwrap()
}

fn request(standing: &Standing) -> outbound::PostRequest {
    request_of(standing, &[(PLACE, held())], None)
}

fn request_of(
    standing: &Standing,
    members: &[(RecordPlace, Payload)],
    batch: Option<&DeliveryId>,
) -> outbound::PostRequest {
    let agent = HeaderValue::from_static("Postbode/test");
    let parcel = Parcel { members, batch };
    bodies::request(NOW, &standing.webhook, &credentials(standing), &parcel, None, &agent).unwrap()
}

#[test]
fn a_batch_is_a_list_of_bodies_each_with_its_delivery_and_one_signature_over_all() {
    let data = r#"{"webhook-id":"mine","id":"m2"}"#;
    let members = [(PLACE, held()), (PLACE, held_as("dlv_2", "e2", data))];
    for (format, id_name, content_type) in [
        (Format::Json, "webhook-id", "application/json"),
        (Format::Standard, "webhook-id", "application/json"),
        (Format::CloudEvents, "webhookid", "application/cloudevents-batch+json"),
    ] {
        let request = request_of(&standing(format, None), &members, Some(&"bat_1".into()));
        assert!(verifies(1, &request), "{format:?}");
        assert_eq!(
            (&request.headers["webhook-id"], &request.headers["content-type"]),
            (&HeaderValue::from_static("bat_1"), &HeaderValue::from_static(content_type))
        );
        let list: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_slice(&request.body).unwrap();
        let ids: Vec<_> = list.iter().map(|element| &element[id_name]).collect();
        assert_eq!(ids, ["dlv_1", "dlv_2"], "{format:?}");
        let single = request_of(&standing(format, None), &members[..1], None);
        let mut alone: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&single.body).unwrap();
        alone.insert(id_name.to_owned(), "dlv_1".into());
        assert_eq!(list[0], alone, "{format:?}: the body, and its id");
    }
    let request = request_of(&standing(Format::Json, None), &members, Some(&"bat_1".into()));
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
        let request = request(&standing(format, None));
        assert!(verifies(1, &request), "{format:?}");
        assert!(!verifies(2, &request), "{format:?}");
        assert_eq!(request.headers["webhook-id"], "dlv_1");
        assert_eq!(request.headers["webhook-timestamp"], "1706702400");
        assert_eq!(request.headers["x-password"], "hunter2");
        assert_eq!(request.timeout, Duration::from_secs(3));
    }
    assert_eq!(
        request(&standing(Format::CloudEvents, None)).headers["content-type"],
        "application/cloudevents+json"
    );
}

#[test]
fn during_a_rotation_both_secrets_sign_and_afterwards_one() {
    let during = request(&standing(Format::Json, Some(NOW + Duration::from_secs(1))));
    assert!(verifies(1, &during) && verifies(2, &during));
    let after = request(&standing(Format::Json, Some(NOW)));
    assert!(verifies(1, &after) && !verifies(2, &after));
}

#[test]
fn every_attempt_of_a_delivery_has_the_same_id_and_body() {
    let standing = standing(Format::Standard, None);
    let (first, second) = (request(&standing), request(&standing));
    assert_eq!((&first.body, &first.headers["webhook-id"]), (&second.body, &second.headers["webhook-id"]));
}

#[test]
fn a_trace_goes_on_to_the_receiver() {
    let request = request(&standing(Format::Json, None));
    assert_eq!(request.headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

#[test]
fn secrets_sealed_with_another_key_or_for_another_webhook_do_not_open() {
    let other = Keyring::parse(&["k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="]).unwrap();
    let error = Vault::new(other, false).credentials(&standing(Format::Json, None)).unwrap_err();
    assert!(error.to_string().contains("key 'k1'"), "{error}");
    let mut moved = standing(Format::Json, None);
    moved.webhook = Webhook { id: "wh_2".into(), ..Webhook::clone(&moved.webhook) }.into();
    assert!(Vault::new(keyring(), false).credentials(&moved).is_err());
}

#[test]
fn a_webhook_that_asks_for_the_platforms_signature_waits_for_a_key() {
    let mut standing = standing(Format::Json, None);
    standing.webhook = Webhook { platform_signature: true, ..Webhook::clone(&standing.webhook) }.into();
    let error = Vault::new(keyring(), false).credentials(&standing).unwrap_err();
    assert!(error.to_string().contains("signing.directory"), "{error}");
    assert!(Vault::new(keyring(), true).credentials(&standing).is_ok());
}

#[test]
fn a_changed_webhook_is_opened_anew() {
    let mut vault = Vault::new(keyring(), false);
    let before = standing(Format::Json, None);
    vault.credentials(&before).unwrap();
    let url = "https://elsewhere.example/".into();
    let webhook = Webhook { url, ..Webhook::clone(&before.webhook) }.into();
    let after = Standing { webhook, offset: Offset(4), failing_since: None };
    assert_eq!(vault.credentials(&after).unwrap().url.host_str(), Some("elsewhere.example"));
}

#[test]
fn the_history_of_an_attempt_holds_what_people_search_by_and_no_secret() {
    let standing = standing(Format::Json, None);
    let done = Done {
        members: vec![(PLACE, held())],
        batch: None,
        number: 2,
        began: NOW,
        sent: request(&standing).headers,
        exchange: unsent(Outcome::Answered { status: 503, retry_after: None }),
        standing,
    };
    let attempt = done.record(Fate::Retried(Tier::of(Duration::from_secs(5))), NOW).unwrap();
    let first = &attempt.first;
    assert_eq!((first.message.as_deref(), first.recipient.as_deref()), (Some("m1"), Some("a@b.example")));
    assert_eq!((attempt.status, attempt.number, &*attempt.outcome), (Some(503), 2, "server-error"));
    assert_eq!(attempt.next_due.as_deref(), Some("2024-01-31T12:00:05.250Z"));
    assert_eq!(attempt.trace.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    let text = serde_json::to_string(&attempt).unwrap();
    assert!(text.contains("webhook-signature") && !text.contains("hunter2"), "{text}");
    let again: wire::attempt::Attempt<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(again, attempt);
    assert!(attempt.members.is_empty());

    let members = vec![(PLACE, held()), (PLACE, held_as("dlv_2", "e2", r#"{"id":"m2"}"#))];
    let batch = Done { members, batch: Some("bat_1".into()), ..done };
    let attempt = batch.record(Fate::Delivered, NOW).unwrap();
    assert_eq!((&*attempt.first.delivery, &*attempt.first.event), ("bat_1", "e1"));
    let messages = attempt.members.iter().map(|member| member.message.as_deref());
    assert_eq!(messages.collect::<Vec<_>>(), [Some("m1"), Some("m2")]);
}

#[test]
fn a_record_that_is_no_delivery_is_noticed() {
    let stranger = Record { headers: Headers::new(), ..held().record.clone() };
    assert!(Held::new(stranger).job().is_none());
    assert!(Held::new(Record { value: None, ..held().record.clone() }).job().is_none());
}

#[test]
fn deferrals_are_counted_by_reason() {
    let metrics = process::Metrics::new();
    let telemetry = Telemetry::register(&metrics);
    for why in Deferral::ALL {
        telemetry.deferred(why);
    }
    telemetry.deferred(Deferral::Crowded);
    let text = metrics.encode().unwrap();
    for (reason, count) in [("crowded", 2), ("left-alone", 1), ("inactive", 1), ("sealed", 1)] {
        let line = format!("postbode_delivery_deferred_total{{reason=\"{reason}\"}} {count}\n");
        assert!(text.contains(&line), "{text}");
    }
}

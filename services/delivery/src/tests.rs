//! What is told of an attempt; no broker, no network.

use std::time::Duration;

use bytes::Bytes;
use domain::{
    CustomHeader, Deferral, Fate, Format, KeepDetails, Keyring, Limits, Offset, Outcome, Partition, Place,
    RecordPlace, Secrets, SigningSecret, Standing, Tier, Timestamp, Webhook,
};
use http::{HeaderMap, HeaderValue};
use outbound::{Exchange, ResponseHead};
use wire::{Headers, Record, names};

use crate::attempt::{Done, unsent};
use crate::held::{Held, Payload};
use crate::telemetry::Telemetry;
use crate::vault::Vault;

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

fn request(standing: &Standing) -> outbound::PostRequest {
    let credentials = Vault::new(keyring(), false).credentials(standing).unwrap();
    let held = held();
    let (items, agent) = ([held.item().unwrap()], HeaderValue::from_static("Postbode/test"));
    let parcel = call::Parcel { items: &items, batch: None };
    call::request(NOW, &standing.webhook, &credentials, parcel, None, &agent).unwrap()
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
        keep: KeepDetails::All,
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
fn of_attempts_no_more_is_kept_than_the_account_wants() {
    let said = ResponseHead {
        status: 503,
        headers: HeaderMap::from_iter([(http::header::SERVER, "nginx".parse().unwrap())]),
        body: "no".into(),
    };
    let kept = |keep, status| {
        let standing = standing(Format::Json, None);
        let outcome = Outcome::Answered { status, retry_after: None };
        let exchange = Exchange { response: Some(said.clone()), ..unsent(outcome) };
        let (sent, members) = (request(&standing).headers, vec![(PLACE, held()), (PLACE, held())]);
        let batch = Some("bat_1".into());
        let done = Done { members, batch, number: 1, began: NOW, sent, exchange, standing, keep };
        let attempt = done.record(Fate::Stale, NOW).unwrap();
        let details = [
            !attempt.request_headers.is_empty(),
            !attempt.response_headers.is_empty(),
            attempt.response_body.is_some(),
            attempt.first.recipient.is_some(),
            attempt.members.iter().any(|member| member.recipient.is_some()),
        ];
        assert_eq!((attempt.status, attempt.members.len()), (Some(status), 2));
        assert!(details.iter().all(|it| *it == details[0]), "all or nothing: {details:?}");
        details[0]
    };
    for (keep, failure, success) in [
        (KeepDetails::All, true, true),
        (KeepDetails::Failures, true, false),
        (KeepDetails::Nothing, false, false),
    ] {
        assert_eq!((kept(keep, 503), kept(keep, 200)), (failure, success), "{keep:?}");
    }
}

#[test]
fn a_record_that_is_no_delivery_is_noticed() {
    let stranger = Record { headers: Headers::new(), ..held().record.clone() };
    assert!(Held::new(stranger).job().is_none());
    assert!(Held::new(Record { value: None, ..held().record.clone() }).job().is_none());
}

#[test]
fn an_attempt_is_an_example_of_its_trace_where_traces_go_somewhere() {
    let metrics = process::Metrics::new();
    let telemetry = Telemetry::register(&metrics);
    let example = "} 2 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\"} 0.25";
    telemetry.attempted("success", Duration::from_millis(250), None);
    assert!(!metrics.encode().unwrap().contains("trace_id"));
    telemetry.attempted("success", Duration::from_millis(250), held().trace());
    let text = metrics.encode().unwrap();
    assert!(text.contains(example), "{text}");
}

#[test]
fn the_way_from_an_events_time_is_told_of_what_went_it_without_being_asked_for() {
    let metrics = process::Metrics::new();
    let telemetry = Telemetry::register(&metrics);
    let with = |name: &'static str, value: &'static str| {
        let mut record = held().record.clone();
        record.headers.push(name, value);
        Held::new(record)
    };
    for held in [with("other", "1"), with(names::BACKFILL, "job_1"), with(names::REPLAY, "1")] {
        telemetry.delivered(NOW, &held);
    }
    let text = metrics.encode().unwrap();
    for line in ["delivered_total 3\n", "event_latency_seconds_count 1\n", "event_latency_seconds_sum 0.25\n"]
    {
        assert!(text.contains(&format!("postbode_delivery_{line}")), "{line} in {text}");
    }
    assert!(text.contains("postbode_delivery_dead_letters_total{reason=\"exhausted\"} 0\n"), "from zero");
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

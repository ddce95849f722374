//! Requests and their answers, with a registry and a Kafka made of memory.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderName;
use domain::{Account, ApiKey, Change, KeyHash, Offset, Registry, Revision, Scope, Timestamp};
use http_body_util::BodyExt as _;
use process::{Metrics, SystemClock};
use serde_json::Value;
use stream::SendError;
use tower::ServiceExt as _;
use wire::OutRecord;

use super::*;
use crate::IngestSettings;
use crate::body::Intake;
use crate::telemetry::Telemetry;

#[derive(Default)]
struct Memory {
    registry: RwLock<Option<Registry>>,
    written: Mutex<Vec<OutRecord>>,
    failure: Mutex<Option<(usize, SendError)>>,
}

impl Keys for Arc<Memory> {
    fn look<T>(&self, read: impl FnOnce(&Registry) -> T) -> Option<T> {
        self.registry.read().unwrap().as_ref().map(read)
    }
}

impl Produce for Arc<Memory> {
    fn send(&self, record: &OutRecord) -> impl Future<Output = Result<(), SendError>> + Send + use<> {
        let mut written = self.written.lock().unwrap();
        let failure = self.failure.lock().unwrap().clone();
        let result = failure.filter(|(at, _)| *at == written.len()).map_or(Ok(()), |(_, error)| Err(error));
        written.push(record.clone());
        async { result }
    }
}

struct Bench {
    memory: Arc<Memory>,
    metrics: Metrics,
    router: Router,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Bench {
    fn new() -> Self {
        let bench = Self::empty();
        *bench.memory.registry.write().unwrap() = Some(registry());
        bench
    }

    fn empty() -> Self {
        let (memory, metrics) = (Arc::<Memory>::default(), Metrics::new());
        let settings = IngestSettings { max_body_bytes: 4000, max_events: 5, ..IngestSettings::default() };
        let pipeline = Pipeline {
            keys: memory.clone(),
            sink: memory.clone(),
            intake: Intake::new(settings.max_body_bytes, settings.max_held_bytes, Duration::from_secs(5)),
            settings,
            topic: "postbode.events".into(),
            event_max_bytes: 1000,
            telemetry: Telemetry::new(&metrics),
            clock: SystemClock,
        };
        Self { memory, metrics, router: router(Arc::new(pipeline)) }
    }

    async fn ask(&self, request: axum::http::Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap() }
    }

    async fn post(&self, key: &str, headers: &[(&'static str, &str)], body: impl Into<Body>) -> Answer {
        self.post_to("/v1/events", key, headers, body).await
    }

    async fn post_to(
        &self,
        uri: &str,
        key: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = axum::http::Request::post(uri).header("authorization", format!("Bearer {key}"));
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        self.ask(request.body(body.into()).unwrap()).await
    }

    fn written(&self) -> Vec<OutRecord> {
        std::mem::take(&mut *self.memory.written.lock().unwrap())
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    let (created_at, revision) = (Timestamp::from_millis(0), Revision(1));
    for (offset, id) in [(0, "acme"), (1, "other")] {
        let account = Account {
            id: id.into(),
            name: String::new(),
            contact: None,
            keep: domain::Keep::default(),
            created_at,
            revision,
        };
        registry.apply(Offset(offset), Change::Account(account));
    }
    registry.apply(Offset(2), Change::Key(key("acme-key", Some("acme"), Scope::EventsWrite)));
    registry.apply(Offset(3), Change::Key(key("reader-key", Some("acme"), Scope::WebhooksRead)));
    registry.apply(Offset(4), Change::Key(key("operator-key", None, Scope::Operator)));
    registry
}

fn key(text: &str, account: Option<&str>, scope: Scope) -> ApiKey {
    ApiKey {
        id: "key_1".into(),
        hash: KeyHash::of(text),
        account: account.map(Into::into),
        name: String::new(),
        scopes: BTreeSet::from([scope]),
        expires_at: None,
        created_at: Timestamp::from_millis(0),
        revision: Revision(1),
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const CLICK: &str =
    r#"{"type":"click","id":"m1","recipient":"a@b.c","ip":"192.0.2.4","original":"https://x.y/","tags":[]}"#;

#[tokio::test]
async fn a_plain_record_is_written_as_it_was_sent_and_named() {
    let bench = Bench::new();
    let answer = bench.post("acme-key", &[JSON], CLICK).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(1)));
    let written = bench.written().remove(0);
    assert_eq!(&*written.topic, "postbode.events");
    assert_eq!(written.value.as_deref(), Some(CLICK.as_bytes()));
    assert_eq!(written.key.as_deref(), Some(&b"m1"[..]));
    assert_eq!(written.headers.text("ce_id"), answer.body["ids"][0].as_str());
    assert_eq!(written.headers.text("ce_account"), Some("acme"));
    assert_eq!(written.headers.text("ce_source"), Some("/postbode/ingest"));
}

#[tokio::test]
async fn all_five_forms_are_taken() {
    let bench = Bench::new();
    let structured = ("content-type", "application/cloudevents+json");
    let batch = ("content-type", "application/cloudevents-batch+json");
    let lines = ("content-type", "application/x-ndjson");
    let event = r#"{"specversion":"1.0","id":"e1","source":"/s","type":"x.y","data":{"n":1.0}}"#;
    let binary = [JSON, ("ce-specversion", "1.0"), ("ce-id", "e0"), ("ce-source", "/s"), ("ce-type", "x.y")];
    assert_eq!(bench.post("acme-key", &binary, r#"{"n":1.0}"#).await.body["ids"], json!(["e0"]));
    assert_eq!(bench.post("acme-key", &[structured], event).await.body["ids"], json!(["e1"]));
    assert_eq!(bench.post("acme-key", &[batch], format!("[{event},{event}]")).await.body["accepted"], 2);
    assert_eq!(bench.post("acme-key", &[lines], format!("{CLICK}\n{CLICK}\n")).await.body["accepted"], 2);
    assert_eq!(bench.post("acme-key", &[JSON], format!("[{CLICK}]")).await.body["accepted"], 1);
    let values: Vec<_> = bench.written().into_iter().map(|record| record.value.unwrap()).collect();
    assert_eq!(values[..4], ["{\"n\":1.0}"; 4]);
    assert_eq!(values[4..], [CLICK; 3]);
}

#[tokio::test]
async fn without_a_good_key_nothing_is_read() {
    let bench = Bench::new();
    let answer = bench.post("no-such-key", &[JSON], CLICK).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (401, Some("unauthenticated")));
    assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"postbode\"");
    let bare = axum::http::Request::post("/v1/events").body(Body::empty()).unwrap();
    assert_eq!(bench.ask(bare).await.status, 401);
    assert_eq!(bench.post("reader-key", &[JSON], CLICK).await.status, 403);
}

#[tokio::test]
async fn a_key_that_arrives_within_moments_is_waited_for() {
    let bench = Bench::new();
    let late = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let key = key("new-key", Some("acme"), Scope::EventsWrite);
        let mut registry = bench.memory.registry.write().unwrap();
        registry.as_mut().unwrap().apply(Offset(9), Change::Key(key));
    };
    let (answer, ()) = tokio::join!(bench.post("new-key", &[JSON], CLICK), late);
    assert_eq!(answer.status, 202);
}

#[tokio::test]
async fn until_the_registry_is_read_the_answer_is_503() {
    let answer = Bench::empty().post("acme-key", &[JSON], CLICK).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("starting")));
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn only_an_operator_names_another_account() {
    let bench = Bench::new();
    let post = async |key, account| {
        bench.post_to(&format!("/v1/events?account={account}"), key, &[JSON], CLICK).await
    };
    assert_eq!(post("acme-key", "acme").await.status, 202);
    assert_eq!(post("acme-key", "other").await.status, 403);
    bench.written();
    assert_eq!(post("operator-key", "other").await.status, 202);
    assert_eq!(bench.written()[0].headers.text("ce_account"), Some("other"));
    let unknown = post("operator-key", "nobody").await;
    assert_eq!((unknown.status, unknown.body["errors"][0]["field"].as_str()), (422, Some("account")));
    let unnamed = bench.post("operator-key", &[JSON], CLICK).await;
    assert_eq!((unnamed.status, unnamed.body["errors"][0]["field"].as_str()), (422, Some("account")));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn one_bad_event_refuses_the_whole_request() {
    let bench = Bench::new();
    let answer =
        bench.post("acme-key", &[JSON], format!("[{CLICK},{{\"type\":\"click\",\"id\":\"m2\"}}]")).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["errors"][0], json!({"index": 1, "field": "recipient", "message": "is missing"}));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn what_is_too_large_is_told_with_its_limit() {
    let bench = Bench::new();
    let event = format!("{{\"type\":\"x.y\",\"p\":\"{}\"}}", "x".repeat(1000));
    let answer = bench.post("acme-key", &[JSON], event).await;
    assert_eq!((answer.status, &answer.body["limit"]), (413, &json!(1000)));
    let answer = bench.post("acme-key", &[JSON], " ".repeat(4001)).await;
    assert_eq!((answer.status, &answer.body["setting"]), (413, &json!("ingest.max_body_bytes")));
    let answer = bench.post("acme-key", &[JSON], "[{},{},{},{},{},{}]").await;
    assert_eq!((answer.status, &answer.body["setting"]), (413, &json!("ingest.max_events")));
    *bench.memory.failure.lock().unwrap() = Some((0, SendError::TooLarge));
    assert_eq!(bench.post("acme-key", &[JSON], CLICK).await.status, 413);
}

#[tokio::test]
async fn other_media_types_and_encodings_are_told_what_is_taken() {
    let bench = Bench::new();
    let answer = bench.post("acme-key", &[("content-type", "text/xml")], "<x/>").await;
    assert_eq!((answer.status, answer.body["accepted"].as_array().unwrap().len()), (415, 4));
    let answer = bench.post("acme-key", &[JSON, ("content-encoding", "br")], CLICK).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (415, &json!(["gzip", "zstd", "identity"])));
}

#[tokio::test]
async fn an_unacknowledged_record_is_never_a_202() {
    let bench = Bench::new();
    for error in [SendError::QueueFull, SendError::Unavailable("timed out".to_owned())] {
        *bench.memory.failure.lock().unwrap() = Some((1, error));
        let answer = bench.post("acme-key", &[JSON], format!("[{CLICK},{CLICK},{CLICK}]")).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("kafka-unavailable")));
        assert!(answer.headers.contains_key("retry-after"));
        bench.written();
    }
}

#[tokio::test]
async fn an_idempotency_key_makes_the_same_ids_again() {
    let bench = Bench::new();
    let post = async |key| {
        bench.post("acme-key", &[JSON, ("idempotency-key", key)], format!("[{CLICK},{CLICK}]")).await
    };
    let first = post("order-17").await.body["ids"].clone();
    assert_eq!(post("order-17").await.body["ids"], first);
    assert_ne!(first[0], first[1]);
    assert_ne!(post("order-18").await.body["ids"], first);
    assert_eq!(post("").await.body["errors"][0]["field"], "Idempotency-Key");
}

#[tokio::test]
async fn the_producers_trace_is_carried_on_if_it_is_one() {
    let bench = Bench::new();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    bench.post("acme-key", &[JSON, ("traceparent", parent), ("tracestate", "a=b")], CLICK).await;
    bench.post("acme-key", &[JSON, ("traceparent", "nonsense")], CLICK).await;
    let written = bench.written();
    assert_eq!(written[0].headers.text("traceparent"), Some(parent));
    assert_eq!(written[0].headers.text("tracestate"), Some("a=b"));
    assert_eq!(written[1].headers.get("traceparent"), None);
}

#[tokio::test]
async fn other_paths_and_methods_are_problems_too() {
    let bench = Bench::new();
    let get = axum::http::Request::get("/v1/events").body(Body::empty()).unwrap();
    let answer = bench.ask(get).await;
    assert_eq!(
        (answer.status, &answer.headers["allow"]),
        (405, &axum::http::HeaderValue::from_static("POST"))
    );
    assert_eq!(bench.post_to("/v2/events", "acme-key", &[JSON], CLICK).await.body["code"], "not-found");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let bench = Bench::new();
    bench.post("acme-key", &[JSON], format!("[{CLICK},{CLICK}]")).await;
    bench.post("acme-key", &[JSON], "{}").await;
    let text = bench.metrics.encode().unwrap();
    for line in [
        "postbode_ingest_events_total 2\n",
        "postbode_ingest_requests_total{status=\"2xx\"} 1\n",
        "postbode_ingest_requests_total{status=\"4xx\"} 1\n",
        "postbode_ingest_refused_total{reason=\"invalid-events\"} 1\n",
        "postbode_ingest_produce_seconds_count 1\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

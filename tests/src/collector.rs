//! An OpenTelemetry collector on loopback that remembers which spans it was sent.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message as _;

use crate::eventually;

/// A span that arrived. Ids are in hexadecimal digits.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which service made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// What it is to others: `Server`, `Producer`, `Consumer`, `Client`, `Internal`.
    pub kind: SpanKind,
    /// The trace that it is part of.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// Its parent's; empty where a trace begins.
    pub parent: String,
    /// The traces and spans that it links to.
    pub links: Vec<(String, String)>,
    /// What it says of itself.
    pub attributes: BTreeMap<String, String>,
    /// Whether it ended with an error.
    pub failed: bool,
}

impl Seen {
    /// An attribute, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

type Spans = Arc<Mutex<Vec<Seen>>>;

/// The collector.
#[derive(Clone)]
pub struct Collector {
    /// What `trace.endpoint` is set to.
    pub endpoint: String,
    spans: Spans,
}

impl Collector {
    /// Starts it.
    pub async fn start() -> Self {
        let spans = Spans::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(Arc::clone(&spans));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, spans }
    }

    /// Waits for so many spans that are wanted. Processes send what they have every few seconds.
    pub async fn until(&self, count: usize, wanted: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        eventually(Duration::from_secs(30), "spans arrive", || async {
            let spans = self.spans.lock().unwrap();
            let found: Vec<_> = spans.iter().filter(|span| wanted(span)).cloned().collect();
            let names: Vec<_> = spans.iter().map(|span| (&span.service, &span.name, &span.trace)).collect();
            if found.len() >= count {
                Ok(found)
            } else {
                Err(format!("{} of {count}: {names:?}", found.len()))
            }
        })
        .await
    }
}

/// One call of gRPC: a message behind five bytes that say how long it is.
async fn take(State(spans): State<Spans>, body: Bytes) -> Response {
    let request = ExportTraceServiceRequest::decode(&body[5..]).unwrap();
    for resource in request.resource_spans {
        let about = resource.resource.map(|resource| attributes(resource.attributes)).unwrap_or_default();
        let service = about.get("service.name").cloned().unwrap_or_default();
        let all = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.lock().unwrap().extend(all.map(|span| seen(&service, span)));
    }
    accepted()
}

/// An empty message, and that all went well.
fn accepted() -> Response {
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
    let frames = futures::stream::iter([
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0; 5]))),
        Ok(Frame::trailers(trailers)),
    ]);
    ([("content-type", "application/grpc")], Body::new(StreamBody::new(frames))).into_response()
}

fn seen(service: &str, span: Span) -> Seen {
    let failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    Seen {
        service: service.to_owned(),
        kind: span.kind(),
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        attributes: attributes(span.attributes),
        failed,
    }
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    all.into_iter().map(|KeyValue { key, value, .. }| (key, value.map(text).unwrap_or_default())).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

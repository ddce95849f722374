//! Traces: W3C context in Kafka headers, spans by OTLP where `trace.endpoint` is set.
//!
//! Without an endpoint no span has a context: [`inject`] leaves headers as they are, so a `traceparent` that a producer set
//! travels on unchanged.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TraceState, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    Sampler, SamplingDecision, SamplingResult, SdkTracer, SdkTracerProvider, ShouldSample,
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::registry::LookupSpan;
use wire::Headers;

use crate::settings::TraceSettings;

/// The names of the headers that carry a context.
pub const HEADERS: [&str; 2] = ["traceparent", "tracestate"];

/// Puts the current span's context into the headers, in the place of any that is there. Without one, does nothing.
pub fn inject(headers: &mut Headers) {
    inject_context(&Span::current().context(), headers);
}

/// Whether spans go anywhere. Where they do not, the busiest paths make none.
pub fn is_exported() -> bool {
    EXPORTED.load(Ordering::Relaxed)
}

static EXPORTED: AtomicBool = AtomicBool::new(false);

/// The context that the headers carry, or an empty one.
pub fn extract(headers: &Headers) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Carrier(headers))
}

/// Whether the headers carry a well-formed context.
pub fn has_context(headers: &Headers) -> bool {
    extract(headers).span().span_context().is_valid()
}

/// Makes `span` a child of the context that the headers carry. Before the span is entered for the first time.
pub fn continue_from(span: &Span, headers: &Headers) {
    let context = extract(headers);
    if context.span().span_context().is_valid() {
        // Fails only where spans are not exported, and then there is nothing to continue.
        let _ = span.set_parent(context);
    }
}

/// Links `span` to the context that the headers carry, and begins a trace of its own: for what happens long after, or to
/// several at once. Before the span is entered for the first time.
pub fn link_to(span: &Span, headers: &Headers) {
    let origin = extract(headers).span().span_context().clone();
    if origin.is_valid() {
        span.add_link(origin);
    }
}

/// Writes down how a server's request was answered. What a client did wrong is no error of ours.
pub fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The current span's context as a `traceparent`, if it has one.
pub fn traceparent_of_current() -> Option<String> {
    let mut headers = Headers::new();
    inject(&mut headers);
    headers.text("traceparent").map(str::to_owned)
}

/// Whether the settings can work.
///
/// # Errors
/// A text that names the setting.
pub(crate) fn check(settings: &TraceSettings) -> Result<(), String> {
    if !(0.0..=1.0).contains(&settings.sample_ratio) {
        return Err(format!("trace.sample_ratio: {} is not between 0 and 1", settings.sample_ratio));
    }
    match &settings.endpoint {
        Some(endpoint) if !endpoint.starts_with("http://") => Err(format!(
            "trace.endpoint: '{endpoint}' does not begin with http:// (spans go to a collector nearby, without TLS)"
        )),
        Some(_) | None => Ok(()),
    }
}

/// The exporter, if there is an endpoint. Inside a Tokio runtime, which its connection needs.
pub(crate) fn exporter(
    service: &'static str,
    settings: &TraceSettings,
) -> Result<Option<SdkTracerProvider>, ExporterBuildError> {
    let Some(endpoint) = &settings.endpoint else {
        return Ok(None);
    };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    EXPORTED.store(true, Ordering::Relaxed);
    let resource = Resource::builder().with_service_name(service).with_attribute(version).build();
    let sampler = Sampler::ParentBased(Box::new(Linked(Sampler::TraceIdRatioBased(settings.sample_ratio))));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(sampler)
        .build();
    Ok(Some(provider))
}

/// Keeps a trace that begins here with a link where it keeps what the link leads to: a retry is not lost from a trace that is
/// kept. Without a link the other sampler decides.
#[derive(Clone, Debug)]
struct Linked(Sampler);

impl ShouldSample for Linked {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let other = || self.0.should_sample(parent, id, name, kind, attributes, links);
        let decision = match links {
            [] => return other(),
            links if links.iter().any(|link| link.span_context.is_sampled()) => {
                SamplingDecision::RecordAndSample
            }
            _ => SamplingDecision::Drop,
        };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::default() }
    }
}

/// The layer that turns spans of level `info` and above into the exporter's.
pub(crate) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer: OpenTelemetryLayer<S, SdkTracer> =
        tracing_opentelemetry::layer().with_tracer(provider.tracer("postbode"));
    layer.with_filter(LevelFilter::INFO)
}

/// Sends what is left. Blocks, for at most `patience`.
pub(crate) fn flush(provider: &SdkTracerProvider, patience: Duration) {
    if let Err(error) = provider.shutdown_with_timeout(patience) {
        tracing::warn!(%error, "the last spans did not reach the collector");
    }
}

fn inject_context(context: &Context, headers: &mut Headers) {
    if !context.span().span_context().is_valid() {
        return;
    }
    TraceContextPropagator::new().inject_context(context, &mut CarrierMut(headers));
}

struct Carrier<'a>(&'a Headers);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.text(key)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name).collect()
    }
}

struct CarrierMut<'a>(&'a mut Headers);

impl Injector for CarrierMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        let known = HEADERS.into_iter().find(|name| *name == key);
        let name = known.map_or_else(|| Cow::Owned(key.to_owned()), Cow::Borrowed);
        self.0.remove(&name);
        if !value.is_empty() {
            self.0.push(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers() -> Headers {
        let mut headers = Headers::new();
        headers.push("traceparent", PARENT);
        headers.push("tracestate", "vendor=1");
        headers
    }

    #[test]
    fn a_context_survives_the_way_through_headers() {
        let context = extract(&headers());
        assert!(context.span().span_context().is_remote());
        let mut again = Headers::new();
        again.push("traceparent", "an older one");
        inject_context(&context, &mut again);
        assert_eq!(again, headers());
    }

    #[test]
    fn without_export_headers_stay_as_they_are() {
        let mut carried = headers();
        let span = tracing::info_span!("step");
        continue_from(&span, &carried);
        span.in_scope(|| inject(&mut carried));
        assert_eq!(carried, headers());
        assert_eq!(traceparent_of_current(), None);
    }

    #[test]
    fn with_export_a_span_continues_the_trace_of_its_record() {
        use tracing_subscriber::layer::SubscriberExt as _;
        let provider = SdkTracerProvider::builder().build();
        let subscriber = tracing_subscriber::registry().with(layer(&provider));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("step");
            continue_from(&span, &headers());
            let parent = span.in_scope(traceparent_of_current).unwrap();
            assert!(
                parent.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && parent != PARENT,
                "{parent}"
            );
        });
    }

    #[test]
    fn a_linked_span_begins_a_trace_of_its_own_and_is_kept_where_its_origin_is() {
        use tracing_subscriber::layer::SubscriberExt as _;
        let dropped = PARENT.replace("-01", "-00");
        for (origin, ratio, flags) in [(PARENT, 0.0, "01"), (&dropped, 1.0, "00")] {
            let sampler = Sampler::ParentBased(Box::new(Linked(Sampler::TraceIdRatioBased(ratio))));
            let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
            let subscriber = tracing_subscriber::registry().with(layer(&provider));
            let mut carried = Headers::new();
            carried.push("traceparent", origin.to_owned());
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!("again");
                link_to(&span, &carried);
                let own = span.in_scope(traceparent_of_current).unwrap();
                assert!(!own.contains("0af7651916cd43dd8448eb211c80319c") && own.ends_with(flags), "{own}");
            });
        }
    }

    #[test]
    fn broken_contexts_are_ignored() {
        let mut headers = Headers::new();
        headers.push("traceparent", "00-xyz");
        assert!(!has_context(&headers));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        let settings = TraceSettings { endpoint: Some("https://otel:4317".to_owned()), sample_ratio: 0.5 };
        assert!(check(&settings).unwrap_err().starts_with("trace.endpoint: 'https://otel:4317' "));
        let settings = TraceSettings { endpoint: None, sample_ratio: 1.5 };
        assert!(check(&settings).unwrap_err().starts_with("trace.sample_ratio: 1.5 "));
        assert_eq!(check(&TraceSettings::default()), Ok(()));
    }

    #[tokio::test]
    async fn without_an_endpoint_there_is_no_exporter() {
        assert!(exporter("postbode-test", &TraceSettings::default()).unwrap().is_none());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn spans_are_sent_to_the_collector_at_the_latest_when_the_process_ends() {
        use tracing_subscriber::layer::SubscriberExt as _;
        let (tell, mut told) = tokio::sync::mpsc::channel(1);
        let export = async move |uri: axum::http::Uri, body: axum::body::Bytes| {
            tell.send((uri.path().to_owned(), body)).await.unwrap();
            // No collector answers so, but the request is what is looked at.
            axum::http::StatusCode::NO_CONTENT
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Some(format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(export)).await });
        let settings = TraceSettings { endpoint, sample_ratio: 1.0 };
        let provider = exporter("postbode-test", &settings).unwrap().unwrap();
        let subscriber = tracing_subscriber::registry().with(layer(&provider));
        tracing::subscriber::with_default(subscriber, || drop(tracing::info_span!("a-step").entered()));
        tokio::task::spawn_blocking(move || flush(&provider, Duration::from_secs(5))).await.unwrap();
        let (path, body) = told.recv().await.unwrap();
        assert_eq!(path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        for name in ["postbode-test", "a-step"] {
            assert!(body.windows(name.len()).any(|part| part == name.as_bytes()), "{name}");
        }
    }
}

//! The one client of a process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Clock, Outcome, Phase, Verdict};
use http::Method;
use http::header::{self, HeaderMap, HeaderName};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::body::{self, Body, BodyEnd, BodyLimits};
use crate::dns::{GuardedResolver, Resolver, SystemResolver};
use crate::exchange::{ConnectionStats, Exchange, FetchLimits, PostRequest, ResponseHead};
use crate::probe::{Counters, Probe, ProbeLayer};
use crate::tls::{self, TlsError};
use crate::{AddressPolicy, OutboundSettings, classify, retry_after};

/// A body is for display: it may hold an attempt no longer than this after its head.
const BODY_WAIT: Duration = Duration::from_secs(1);
/// Bodies up to this are read to the end, so that their connection can be used again.
const READ_LIMIT: usize = 64 * 1024;
const KEPT_OF_FAILURE: usize = 4096;
const KEPT_OF_SUCCESS: usize = 256;

/// Calls strangers. Cheap to clone; all clones share connections.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    policy: AddressPolicy,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
}

/// Why the client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// TLS: no roots.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The name servers' configuration.
    #[error("the resolver cannot be set up: {0}")]
    Resolver(String),
    /// The proxy, or the client itself.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl Outbound {
    /// A client with the system's name servers. The clock serves `Retry-After` dates only.
    ///
    /// # Errors
    /// When there are no roots to verify endpoints with, or a setting is unusable.
    pub fn new(settings: &OutboundSettings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let resolver = SystemResolver::new().map_err(SetupError::Resolver)?;
        Self::with_resolver(settings, clock, Arc::new(resolver))
    }

    /// A client that looks names up by other means.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn with_resolver(
        settings: &OutboundSettings,
        clock: Arc<dyn Clock>,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, SetupError> {
        warn_of_exceptions(settings);
        let policy = AddressPolicy::new(settings);
        let counters = Arc::new(Counters::default());
        let guard = GuardedResolver { policy: policy.clone(), resolver };
        let client = build(settings, guard, ProbeLayer(Arc::clone(&counters)))?;
        Ok(Self { client, policy, counters, clock })
    }

    /// The policy that this client obeys.
    pub fn policy(&self) -> &AddressPolicy {
        &self.policy
    }

    /// How connections have been used.
    pub fn connections(&self) -> ConnectionStats {
        self.counters.snapshot()
    }

    /// Sends one POST. Never fails: whatever happens is an exchange. The response's head decides the outcome;
    /// the body is read for at most one second and 64 KiB, never past the request's timeout.
    pub async fn post(&self, request: PostRequest) -> Exchange {
        let PostRequest { url, headers, body, timeout } = request;
        let call = Call { method: Method::POST, url, headers, body, timeout };
        let limits = |answer: &Answer| {
            let keep = if answer.response.status().is_success() { KEPT_OF_SUCCESS } else { KEPT_OF_FAILURE };
            BodyLimits { keep, read: READ_LIMIT, until: answer.deadline.min(answer.at + BODY_WAIT) }
        };
        self.exchange(call, limits).await.0
    }

    /// Fetches a file to verify a URL: GET without redirects. A success counts only with its whole body, within
    /// the limits.
    pub async fn fetch(&self, url: Url, limits: FetchLimits) -> Exchange {
        let FetchLimits { timeout, max_body } = limits;
        let call = Call { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), timeout };
        let limits = |answer: &Answer| BodyLimits { keep: max_body, read: max_body, until: answer.deadline };
        let (mut exchange, end) = self.exchange(call, limits).await;
        if exchange.outcome.verdict() == Verdict::Delivered
            && let Some(outcome) = end.and_then(|end| incomplete(&end, max_body))
        {
            exchange.outcome = outcome;
        }
        exchange
    }

    /// Asks with `OPTIONS` what a server allows, without redirects; of the body a little is read and none kept.
    pub async fn options(&self, url: Url, headers: HeaderMap, timeout: Duration) -> Exchange {
        let call = Call { method: Method::OPTIONS, url, headers, body: Bytes::new(), timeout };
        let limits = |answer: &Answer| BodyLimits { keep: 0, read: KEPT_OF_FAILURE, until: answer.deadline };
        self.exchange(call, limits).await.0
    }

    /// The call, and how its response's body ended, if there was one.
    async fn exchange(
        &self,
        call: Call,
        limits: impl FnOnce(&Answer) -> BodyLimits,
    ) -> (Exchange, Option<BodyEnd>) {
        match self.send(call).await {
            Ok((probe, answer)) => {
                let limits = limits(&answer);
                let (exchange, end) = self.finish(&probe, answer, limits).await;
                (exchange, Some(end))
            }
            Err(exchange) => (exchange, None),
        }
    }

    /// The way to the response's head, or the exchange that it ended in.
    async fn send(&self, call: Call) -> Result<(Arc<Probe>, Answer), Exchange> {
        let begun = Instant::now();
        let deadline = begun + call.timeout;
        if let Err(rejection) = self.policy.check_target(&call.url) {
            return Err(Exchange::refused(&rejection, begun.elapsed()));
        }
        let probe = Probe::new(call.url.port_or_known_default().unwrap_or_default(), begun);
        let sending = probe.follow(self.client.execute(call.into_request()));
        let outcome = match timeout_at(deadline, sending).await {
            Ok(Ok(response)) => return Ok((probe, Answer { response, at: Instant::now(), deadline })),
            Ok(Err(error)) => classify::failure(&error, &probe),
            Err(_) => Outcome::TimedOut(probe.phase()),
        };
        let connection_reused = self.count_reuse(&probe);
        Err(Exchange { outcome, phases: probe.phases(None), response: None, connection_reused })
    }

    async fn finish(&self, probe: &Probe, answer: Answer, limits: BodyLimits) -> (Exchange, BodyEnd) {
        let connection_reused = self.count_reuse(probe);
        let status = answer.response.status().as_u16();
        let headers = shown(answer.response.headers());
        let retry_after = retry_after::parse(answer.response.headers(), || self.clock.now());
        let Body { kept, end } = body::read(answer.response, limits).await;
        let mut phases = probe.phases(Some(answer.at));
        phases.body = Some(answer.at.elapsed());
        let exchange = Exchange {
            outcome: Outcome::Answered { status, retry_after },
            phases,
            response: Some(ResponseHead { status, headers, body: kept }),
            connection_reused,
        };
        (exchange, end)
    }

    fn count_reuse(&self, probe: &Probe) -> Option<bool> {
        let reused = probe.reused();
        if reused == Some(true) {
            self.counters.count_reuse();
        }
        reused
    }
}

struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
}

impl Call {
    fn into_request(mut self) -> reqwest::Request {
        // What frames the message and names the host is the client's to say.
        for name in [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
            self.headers.remove(name);
        }
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        if request.method() == Method::POST {
            *request.body_mut() = Some(self.body.into());
        }
        request
    }
}

/// A response whose head is here.
struct Answer {
    response: reqwest::Response,
    at: Instant,
    deadline: Instant,
}

fn build(
    settings: &OutboundSettings,
    guard: GuardedResolver,
    layer: ProbeLayer,
) -> Result<reqwest::Client, SetupError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config(settings.ca_file.as_deref())?)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("Postbode/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .connector_layer(layer)
        .pool_idle_timeout(settings.idle_timeout)
        .pool_max_idle_per_host(settings.idle_per_host)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(10));
    builder = match &settings.proxy {
        // The only name looked up is then the proxy's own, which is the operator's and may be private.
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.expose())?),
        None => builder.dns_resolver(guard),
    };
    Ok(builder.build()?)
}

fn warn_of_exceptions(settings: &OutboundSettings) {
    for entry in &settings.allow {
        tracing::warn!(
            outbound.allow = %entry,
            "addresses are exempt from the address policy: customers can reach them through webhooks"
        );
    }
}

fn incomplete(end: &BodyEnd, max_body: usize) -> Option<Outcome> {
    match end {
        BodyEnd::Complete => None,
        BodyEnd::TooLong => {
            Some(Outcome::ProtocolFailed(format!("the response is longer than {max_body} bytes")))
        }
        BodyEnd::TimedOut => Some(Outcome::TimedOut(Phase::Body)),
        BodyEnd::Broken(error) => Some(classify::broken(error)),
    }
}

/// The headers worth showing: small copies, since each borrowed value would keep a read buffer alive.
fn shown(headers: &HeaderMap) -> HeaderMap {
    const SHOWN: [HeaderName; 10] = [
        header::ALLOW,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::DATE,
        header::LOCATION,
        header::RETRY_AFTER,
        header::SERVER,
        header::VIA,
        HeaderName::from_static("webhook-allowed-origin"),
        header::WWW_AUTHENTICATE,
    ];
    let mut kept = HeaderMap::new();
    for name in SHOWN {
        let value = headers.get(&name).filter(|value| value.len() <= 512);
        if let Some(Ok(value)) = value.map(|value| http::HeaderValue::from_bytes(value.as_bytes())) {
            kept.insert(name, value);
        }
    }
    kept
}

//! A customer's endpoint that does as it is told, and remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// How a call is answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer {
    /// The status; 0 means 204.
    pub status: u16,
    /// How long it takes.
    pub delay: Duration,
    /// What `Retry-After` asks for, in seconds.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// At once, with this status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// A POST that arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// When.
    pub at: Instant,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How it was answered.
    pub status: u16,
}

impl Call {
    /// A header's text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// `webhook-id`.
    pub fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether it was taken.
    pub fn accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the `standardwebhooks` crate, given the secret, finds it genuine.
    pub fn verifies(&self, secret: &str) -> bool {
        standardwebhooks::Webhook::new(secret).unwrap().verify(&self.body, &self.headers).is_ok()
    }
}

type Script = dyn Fn(&Call, usize) -> Answer + Send + Sync;

#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<Call>>,
    files: Mutex<BTreeMap<String, String>>,
    attempts: Mutex<BTreeMap<String, usize>>,
}

/// A receiver on loopback.
#[derive(Clone)]
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Seen>,
    script: Arc<Script>,
}

impl Receiver {
    /// Takes everything.
    pub async fn start() -> Self {
        Self::scripted(|_, _| Answer::default()).await
    }

    /// Answers as the script says, which is told the call and how often this `webhook-id` came before.
    pub async fn scripted(script: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = Shared { seen: Arc::clone(&seen), script: Arc::new(script) };
        let router = axum::Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// Its URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves a verification file under its name, in every folder.
    pub fn serve(&self, name: &str, content: &str) {
        self.seen.files.lock().unwrap().insert(name.to_owned(), content.to_owned());
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.seen.calls.lock().unwrap().clone()
    }

    /// The ids of the calls that were taken.
    pub fn accepted(&self) -> BTreeSet<String> {
        self.calls().iter().filter(|call| call.accepted()).map(Call::id).collect()
    }

    /// How many calls were taken that had been taken before.
    pub fn duplicates(&self) -> usize {
        self.calls().iter().filter(|call| call.accepted()).count() - self.accepted().len()
    }

    /// Waits for so many distinct deliveries.
    pub async fn until_accepted(&self, count: usize) {
        crate::eventually(Duration::from_secs(60), "deliveries arrive", || async {
            let seen = self.accepted().len();
            if seen >= count { Ok(()) } else { Err(format!("{seen} of {count}")) }
        })
        .await;
    }

    /// Waits for so many calls, however answered.
    pub async fn until_called(&self, count: usize) -> Vec<Call> {
        crate::eventually(Duration::from_secs(60), "calls arrive", || async {
            let calls = self.calls();
            if calls.len() >= count { Ok(calls) } else { Err(format!("{} of {count}", calls.len())) }
        })
        .await
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    if method == Method::GET {
        let name = path.rsplit('/').next().unwrap_or_default();
        let file = shared.seen.files.lock().unwrap().get(name).cloned();
        return file.map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response);
    }
    let mut call = Call { at: Instant::now(), path, headers, body, status: 0 };
    let before = {
        let mut attempts = shared.seen.attempts.lock().unwrap();
        let count = attempts.entry(call.id()).or_default();
        *count += 1;
        *count - 1
    };
    let answer = (shared.script)(&call, before);
    call.status = if answer.status == 0 { 204 } else { answer.status };
    let status = StatusCode::from_u16(call.status).unwrap();
    tokio::time::sleep(answer.delay).await;
    shared.seen.calls.lock().unwrap().push(call);
    match answer.retry_after {
        Some(seconds) => (status, [("retry-after", seconds.to_string())]).into_response(),
        None => status.into_response(),
    }
}

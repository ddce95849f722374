//! Receivers that follow a script, and clients that may call them.

use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::{Clock, Timestamp};
use futures::future::BoxFuture;
use http::HeaderMap;
use outbound::{Exchange, LookupError, Outbound, OutboundSettings, PostRequest, Resolver};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A listener on the loopback that counts the connections it accepts.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Runs the script for each connection.
    pub(crate) async fn start<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(script(stream));
            }
        });
        Self { address, accepted, task }
    }

    /// Answers each request of each connection with these bytes.
    pub(crate) async fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = Arc::new(response.into());
        Self::start(move |mut stream| {
            let response = Arc::clone(&response);
            async move {
                while read_request(&mut stream).await.is_some() {
                    if stream.write_all(&response).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request with a `Content-Length` or no body; `None` when the peer is gone.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(request).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

type Answer = Result<Vec<IpAddr>, LookupError>;

/// DNS that says what it is told, each answer once and the last for ever.
#[derive(Clone, Default)]
pub(crate) struct ScriptedDns {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl ScriptedDns {
    pub(crate) fn answering(answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| Ok(answer.iter().map(|text| text.parse().unwrap()).collect());
        Self { answers: Arc::new(Mutex::new(answers.iter().map(parse).collect())), asked: Arc::default() }
    }

    pub(crate) fn failing(error: LookupError) -> Self {
        Self { answers: Arc::new(Mutex::new(VecDeque::from([Err(error)]))), asked: Arc::default() }
    }
}

impl Resolver for ScriptedDns {
    fn lookup(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>> {
        self.asked.lock().unwrap().push(name);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { answer.unwrap_or(Err(LookupError::NotFound)) })
    }
}

/// Sun, 06 Nov 1994 08:49:37 GMT.
pub(crate) struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(784_111_777_000)
    }
}

/// Exempts the loopback.
pub(crate) fn loopback() -> OutboundSettings {
    OutboundSettings { allow: vec!["127.0.0.0/8".parse().unwrap()], ..OutboundSettings::default() }
}

pub(crate) fn client(settings: &OutboundSettings) -> Outbound {
    client_asking(settings, ScriptedDns::default())
}

pub(crate) fn client_asking(settings: &OutboundSettings, dns: ScriptedDns) -> Outbound {
    Outbound::with_resolver(settings, Arc::new(FixedClock), Arc::new(dns)).unwrap()
}

pub(crate) fn request(url: &str, timeout: Duration) -> PostRequest {
    let url = url.parse().unwrap();
    PostRequest { url, headers: HeaderMap::new(), body: Bytes::from_static(b"{}"), timeout }
}

pub(crate) async fn post(client: &Outbound, url: &str) -> Exchange {
    client.post(request(url, Duration::from_secs(5))).await
}

pub(crate) async fn post_within(client: &Outbound, url: &str, millis: u64) -> Exchange {
    client.post(request(url, Duration::from_millis(millis))).await
}

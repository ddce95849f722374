//! The demo's receiver: one address, a path for each webhook. It trusts nobody: every call is verified with the
//! implementation that shares no code with the sender, and only what it accepts counts as delivered.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use bytes::Bytes;
use domain::Clock as _;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::net::TcpListener;

use super::books::Books;
use crate::listen::verifier::Verifier;

/// The receiver, listening.
pub(super) struct Receiver {
    /// Where.
    pub(super) address: SocketAddr,
    desk: Arc<Desk>,
}

/// What happens on a path.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// Who may call.
    pub(super) verifier: Verifier,
    /// Whether every call is turned down.
    pub(super) fails: bool,
}

struct Desk {
    books: Arc<Books>,
    endpoints: RwLock<HashMap<String, Endpoint>>,
    /// Where verification files lie, as on a web server: by their path.
    files: PathBuf,
}

/// Events may be 1 MiB, and grow in an envelope.
const MAX_BODY: usize = 4 * 1024 * 1024;

impl Receiver {
    /// Listens on loopback and serves until the process ends.
    pub(super) async fn start(books: Arc<Books>, files: PathBuf) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the demo's receiver cannot listen")?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk { books, endpoints: RwLock::default(), files });
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(Arc::clone(&desk));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, desk })
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Says what happens on a path from now on.
    pub(super) fn open(&self, path: &str, endpoint: Endpoint) {
        let mut endpoints = self.desk.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        endpoints.insert(path.to_owned(), endpoint);
    }

    /// Puts a verification file into the server's root.
    pub(super) async fn place_file(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let path = self.desk.files.join(name);
        tokio::fs::write(&path, content).await.with_context(|| format!("cannot write {}", path.display()))
    }
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    if method == Method::GET {
        return desk.file(uri.path()).await;
    }
    let endpoint = {
        let endpoints = desk.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        endpoints.get(uri.path()).cloned().ok_or(StatusCode::NOT_FOUND)?
    };
    let now = process::SystemClock.now().as_secs();
    if endpoint.verifier.check(&headers, &body, now).is_err() {
        desk.books.bad_signature();
        return Err(StatusCode::UNAUTHORIZED);
    }
    if endpoint.fails {
        desk.books.refused();
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    desk.books.delivered(id);
    Ok(Vec::new())
}

impl Desk {
    /// Only plain names: a demo's receiver opens no other door either.
    async fn file(&self, path: &str) -> Result<Vec<u8>, StatusCode> {
        let name = path.trim_start_matches('/');
        let plain = Path::new(name).file_name().is_some_and(|last| last == name);
        let content = if plain { tokio::fs::read(self.files.join(name)).await.ok() } else { None };
        content.ok_or(StatusCode::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    use domain::SigningSecret;

    use super::*;

    async fn receiver() -> (tempfile::TempDir, Receiver, Arc<Books>, SigningSecret) {
        let directory = tempfile::tempdir().unwrap();
        let books = Arc::new(Books::default());
        let receiver = Receiver::start(Arc::clone(&books), directory.path().to_owned()).await.unwrap();
        let secret = SigningSecret::encode(&[7; 32]);
        let verifier = Verifier::new([secret.as_str()]).unwrap();
        receiver.open("/good", Endpoint { verifier: verifier.clone(), fails: false });
        receiver.open("/bad", Endpoint { verifier, fails: true });
        (directory, receiver, books, SigningSecret::parse(&secret).unwrap())
    }

    async fn post(url: String, id: &str, signature: String) -> u16 {
        let now = process::SystemClock.now().as_secs();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(url).header("webhook-id", id).header("webhook-timestamp", now.to_string());
        request.header("webhook-signature", signature).body("{}").send().await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn only_genuine_calls_that_are_accepted_count_as_delivered() {
        let (_directory, receiver, books, secret) = receiver().await;
        books.promised(3, &["a", "b", "c"].map(domain::DeliveryId::from));
        let sign = |id: &str| secret.sign(&id.into(), process::SystemClock.now().as_secs(), b"{}");
        assert_eq!(post(receiver.url("/good"), "a", sign("a")).await, 200);
        assert_eq!(post(receiver.url("/good"), "a", sign("a")).await, 200);
        assert_eq!(post(receiver.url("/good"), "b", sign("a")).await, 401);
        assert_eq!(post(receiver.url("/bad"), "c", sign("c")).await, 503);
        assert_eq!(post(receiver.url("/other"), "d", sign("d")).await, 404);
        let balance = books.balance();
        assert_eq!(
            (balance.delivered, balance.duplicates, balance.bad_signatures, balance.refused),
            (1, 1, 1, 1)
        );
    }

    #[tokio::test]
    async fn a_verification_file_is_served_and_nothing_else() {
        let (_directory, receiver, _books, _secret) = receiver().await;
        receiver.place_file("postbode-x.txt", b"token").await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = async |path: &str| http.get(receiver.url(path)).send().await.unwrap();
        assert_eq!(get("/postbode-x.txt").await.text().await.unwrap(), "token");
        for path in ["/", "/none.txt", "/..%2foutside", "/a/postbode-x.txt"] {
            assert_eq!(get(path).await.status().as_u16(), 404, "{path}");
        }
    }
}

//! The platform's own signature, checked with its public keys: from a file, or from where the console publishes them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::Timestamp;
use http::HeaderName;
use httpsig::{PublishedKeys, Received, Refusal, spki_from_pem, verify};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::usage;

/// Which keys, and what the id header is called.
#[derive(Args, Debug)]
pub(super) struct PlatformArgs {
    /// Check the platform's own signature (rsa-sha256) with this public key, whatever its name
    #[arg(long, value_name = "FILE.pem", conflicts_with = "LiveArgs")]
    platform_key: Option<PathBuf>,
    /// Check it with the keys published here: the console's /.well-known/postbode-keys. Asked again, at most once a minute,
    /// when a call names a key that is not among them
    #[arg(long, value_name = "URL", conflicts_with = "LiveArgs")]
    platform_keys: Option<String>,
    /// The header in which the platform names the account
    #[arg(long, value_name = "NAME", default_value = "X-Postbode-ID", conflicts_with = "LiveArgs")]
    platform_id_header: String,
}

impl PlatformArgs {
    /// Reads and fetches the keys; none if there is nothing to check with.
    pub(super) async fn platform(&self) -> anyhow::Result<Option<Platform>> {
        let id_header = HeaderName::try_from(&self.platform_id_header)
            .map_err(|_| usage(format!("--platform-id-header: {:?} is no name", self.platform_id_header)))?;
        let file = self.platform_key.as_deref().map(read).transpose()?;
        let published = match &self.platform_keys {
            Some(url) => Some(Published::fetch(url).await.context("--platform-keys")?),
            None => None,
        };
        let any = file.is_some() || published.is_some();
        Ok(any.then_some(Platform { id_header, file, published }))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    spki_from_pem(&text).map_err(|error| usage(format!("--platform-key: {}: {error}", path.display())))
}

/// Checks calls.
pub(super) struct Platform {
    id_header: HeaderName,
    /// Any key that is not published: files name none.
    file: Option<Vec<u8>>,
    published: Option<Published>,
}

impl Platform {
    /// Checks one call, and returns the key's name.
    ///
    /// # Errors
    /// Why it is not believed.
    pub(super) async fn check(&self, call: &Received<'_>, now: Timestamp) -> Result<String, Refusal> {
        let Some(published) = &self.published else {
            return self.verify(call, now, |_| self.file.clone());
        };
        let keys = published.keys().await;
        let known = |keys: &PublishedKeys, name: &str| keys.spki(name).map(<[u8]>::to_vec);
        match self.verify(call, now, |name| known(&keys, name)) {
            Err(Refusal::UnknownKey(_)) => {
                let keys = published.keys_again().await;
                self.verify(call, now, |name| known(&keys, name).or_else(|| self.file.clone()))
            }
            found => found,
        }
    }

    fn verify(
        &self,
        call: &Received<'_>,
        now: Timestamp,
        key: impl FnOnce(&str) -> Option<Vec<u8>>,
    ) -> Result<String, Refusal> {
        verify(call, self.id_header.as_str(), now, key)
    }
}

/// How long an unknown key is no reason to ask again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// A set of keys is small.
const MAX_SET: usize = 256 * 1024;

/// Keys that somebody publishes.
struct Published {
    http: reqwest::Client,
    url: String,
    known: Mutex<(PublishedKeys, Instant)>,
}

impl Published {
    async fn fetch(url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let keys = fetch(&http, url).await?;
        Ok(Self { http, url: url.to_owned(), known: Mutex::new((keys, Instant::now())) })
    }

    async fn keys(&self) -> PublishedKeys {
        self.known.lock().await.0.clone()
    }

    /// Asks again, unless it did so a moment ago. What cannot be had leaves the keys as they are.
    async fn keys_again(&self) -> PublishedKeys {
        let mut known = self.known.lock().await;
        if known.1.elapsed() >= AGAIN {
            known.1 = Instant::now();
            match fetch(&self.http, &self.url).await {
                Ok(keys) => known.0 = keys,
                Err(error) => eprintln!("the platform's keys cannot be fetched again: {error:#}"),
            }
        }
        known.0.clone()
    }
}

async fn fetch(http: &reqwest::Client, url: &str) -> anyhow::Result<PublishedKeys> {
    let answer = http.get(url).send().await.with_context(|| format!("no answer from {url}"))?;
    let status = answer.status();
    if !status.is_success() {
        bail!("{url} answered {status}");
    }
    let mut set = Vec::new();
    let mut answer = answer;
    while let Some(chunk) = answer.chunk().await? {
        set.extend_from_slice(&chunk);
        if set.len() > MAX_SET {
            bail!("{url} answered more than {MAX_SET} bytes");
        }
    }
    PublishedKeys::from_jwks(&set).with_context(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::Clock as _;
    use http::HeaderMap;
    use httpsig::{Call, PlatformKey, Scheme};

    use super::*;

    const ID: HeaderName = HeaderName::from_static("x-postbode-id");

    fn signed(key: &PlatformKey, body: &[u8], now: Timestamp) -> HeaderMap {
        let call = Call {
            target: "/hook",
            host: "desk.example",
            account: "acme",
            content_type: "application/json",
            body,
            now,
            nonce: "n1",
        };
        let mut headers = Scheme { key, id_header: &ID }.sign(&call).unwrap();
        headers.insert("host", "desk.example".parse().unwrap());
        headers.insert("content-length", body.len().into());
        headers.insert("content-type", "application/json".parse().unwrap());
        headers
    }

    fn received<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Received<'a> {
        Received { target: "/hook", headers, body }
    }

    #[tokio::test]
    async fn a_key_from_a_file_is_taken_under_any_name() {
        let (key, now) = (PlatformKey::generate("k.example", 2048).unwrap(), process::SystemClock.now());
        let file = Some(key.public().unwrap().spki);
        let platform = Platform { id_header: ID, file, published: None };
        let headers = signed(&key, b"{}", now);
        assert_eq!(platform.check(&received(&headers, b"{}"), now).await.unwrap(), "k.example");
        assert_eq!(platform.check(&received(&headers, b"[]"), now).await, Err(Refusal::Digest));
        let other = PlatformKey::generate("k.example", 2048).unwrap();
        let forged = signed(&other, b"{}", now);
        assert_eq!(platform.check(&received(&forged, b"{}"), now).await, Err(Refusal::Signature));
    }

    #[tokio::test]
    async fn an_unknown_key_is_asked_for_again_at_most_once_a_minute() {
        let keys = ["old.example", "new.example"].map(|name| PlatformKey::generate(name, 2048).unwrap());
        let sets =
            keys.each_ref().map(|key| serde_json::json!({"keys": [key.public().unwrap().jwk()]}).to_string());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move || {
            let set = sets[count.fetch_add(1, Ordering::Relaxed).min(1)].clone();
            async move { set }
        };
        let router = axum::Router::new().route("/keys", axum::routing::get(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let published = Some(Published::fetch(&url).await.unwrap());
        let platform = Platform { id_header: ID, file: None, published };
        let now = process::SystemClock.now();
        let [old, new] = keys.each_ref().map(|key| signed(key, b"{}", now));
        assert_eq!(platform.check(&received(&old, b"{}"), now).await.unwrap(), "old.example");
        let unknown = platform.check(&received(&new, b"{}"), now).await;
        assert_eq!(unknown, Err(Refusal::UnknownKey("new.example".to_owned())));
        assert_eq!(asked.load(Ordering::Relaxed), 1, "it was asked a moment ago");
        platform.published.as_ref().unwrap().known.lock().await.1 -= AGAIN;
        assert_eq!(platform.check(&received(&new, b"{}"), now).await.unwrap(), "new.example");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}

//! The limit: a bare loop around the same HTTP client, with the same signature, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::{Clock as _, DeliveryId, SigningSecret};
use futures::future::join_all;
use http::header::{CONTENT_TYPE, USER_AGENT};
use tokio::time::Instant;

use crate::bench::finding::Finding;
use crate::bench::room::Room;

/// Calls open at once: with more, the connections cost more than they bring.
const OPEN: usize = 128;

/// Calls the receiver flat out.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let bench = room.bench;
    bench.receiver.reset().await?;
    let raw = Arc::new(Raw {
        http: client()?,
        secret: SigningSecret::parse(&bench.seals.secret)?,
        urls: (0..OPEN).map(|number| bench.receiver.url("ok", number)).collect(),
        events: bench.events.iter().cloned().map(bytes::Bytes::from).collect(),
    });
    raw.run(Duration::from_millis(500)).await?;
    let meter = room.meter();
    let began = Instant::now();
    let posts = raw.run(bench.sizes.load).await?;
    let rate = posts as f64 / began.elapsed().as_secs_f64();
    Ok(Finding::of("raw_post_per_s", rate).while_busy("raw_post_per_s", &meter))
}

struct Raw {
    http: reqwest::Client,
    secret: SigningSecret,
    urls: Vec<String>,
    events: Vec<bytes::Bytes>,
}

impl Raw {
    async fn run(self: &Arc<Self>, length: Duration) -> anyhow::Result<u64> {
        let until = Instant::now() + length;
        let workers = (0..OPEN).map(|number| tokio::spawn(Arc::clone(self).work(number, until)));
        let mut posts = 0;
        for done in join_all(workers).await {
            posts += done??;
        }
        Ok(posts)
    }

    async fn work(self: Arc<Self>, number: usize, until: Instant) -> anyhow::Result<u64> {
        let url = url::Url::parse(&self.urls[number])?;
        let mut posts = 0;
        while Instant::now() < until {
            let event = &self.events[(number + posts) % self.events.len()];
            let id = DeliveryId::new(format!("dlv_{number:016x}{posts:016x}"));
            let seconds = process::SystemClock.now().as_secs();
            let request = self
                .http
                .post(url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header(USER_AGENT, "Postbode/bench")
                .header("webhook-id", id.as_str())
                .header("webhook-timestamp", seconds)
                .header("webhook-signature", self.secret.sign(&id, seconds, event))
                .body(event.clone());
            let response = request.send().await.context("the receiver does not answer")?;
            anyhow::ensure!(response.status().is_success(), "the receiver answered {}", response.status());
            response.bytes().await?;
            posts += 1;
        }
        Ok(posts as u64)
    }
}

/// The settings of `outbound`'s client that matter without TLS and without names.
fn client() -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(128)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30));
    Ok(client.build()?)
}

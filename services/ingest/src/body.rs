//! Reading a body: within its limit, within its time, and within what all bodies together may hold in memory.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::StreamExt as _;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::io::StreamReader;

use crate::refusal::{Limit, Refusal};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// zstd frames may ask for a window of up to 2^this bytes, as RFC 9659 has it.
const ZSTD_WINDOW_LOG: u32 = 23;

/// What reads bodies.
#[derive(Debug)]
pub struct Intake {
    budget: Arc<Semaphore>,
    max_bytes: usize,
    patience: Duration,
}

/// A whole body. What it takes of the budget is given back when this is dropped.
#[derive(Debug)]
pub struct Held {
    /// The body, decompressed.
    pub bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Intake {
    /// Bodies of at most `max_bytes` each and `max_held` together, each within `patience`.
    pub fn new(max_bytes: usize, max_held: usize, patience: Duration) -> Self {
        let budget = Arc::new(Semaphore::new(max_held.min(Semaphore::MAX_PERMITS)));
        Self { budget, max_bytes, patience }
    }

    /// Tells how many bytes are held, for as long as it is asked.
    pub fn held(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let (budget, whole) = (self.budget.clone(), self.budget.available_permits());
        move || whole.saturating_sub(budget.available_permits())
    }

    /// Reads and decompresses a body.
    ///
    /// # Errors
    /// [`Refusal::UnsupportedEncoding`], [`Refusal::TooLarge`], [`Refusal::SlowBody`], [`Refusal::Busy`], and
    /// [`Refusal::Invalid`] for bytes that are not in the encoding that the header names.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Held, Refusal> {
        let encoding = encoding(headers)?;
        if declared_length(headers).is_some_and(|length| length > self.max_bytes) {
            return Err(self.too_large());
        }
        let read = self.collect(encoding, body);
        tokio::time::timeout(self.patience, read).await.map_err(|_| Refusal::SlowBody)?
    }

    async fn collect(&self, encoding: Encoding, body: Body) -> Result<Held, Refusal> {
        let arrived = Arc::new(AtomicUsize::new(0));
        let raw = counted(body, arrived.clone(), self.max_bytes);
        let mut reader = decoder(encoding, raw);
        let mut buffer = BytesMut::new();
        let mut permit: Option<OwnedSemaphorePermit> = None;
        loop {
            let read = reader.read_buf(&mut (&mut buffer).limit(CHUNK)).await;
            // Compressed bytes count too: they may go on for ever without yielding any.
            if arrived.load(Ordering::Relaxed) > self.max_bytes || buffer.len() > self.max_bytes {
                return Err(self.too_large());
            }
            match read {
                Ok(0) => {
                    return Ok(Held { bytes: buffer.freeze(), _permit: permit });
                }
                Ok(count) => self.reserve(&mut permit, count)?,
                Err(error) => return Err(Refusal::fault(0, "body", format!("could not be read: {error}"))),
            }
        }
    }

    fn reserve(&self, permit: &mut Option<OwnedSemaphorePermit>, count: usize) -> Result<(), Refusal> {
        let count = u32::try_from(count).map_err(|_| Refusal::Busy)?;
        let more = self.budget.clone().try_acquire_many_owned(count).map_err(|_| Refusal::Busy)?;
        match permit {
            Some(held) => held.merge(more),
            None => *permit = Some(more),
        }
        Ok(())
    }

    fn too_large(&self) -> Refusal {
        Refusal::TooLarge(Limit::body(self.max_bytes))
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let mut given = headers.get_all(header::CONTENT_ENCODING).iter();
    let (first, second) = (given.next(), given.next());
    let text = first.map_or(Ok("identity"), |value| value.to_str()).unwrap_or("?");
    match text.trim().to_ascii_lowercase().as_str() {
        _ if second.is_some() => Err(Refusal::UnsupportedEncoding("several".to_owned())),
        "identity" => Ok(Encoding::Identity),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(Refusal::UnsupportedEncoding(text.to_owned())),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The body as it arrives, up to the limit and a chunk more.
fn counted(body: Body, arrived: Arc<AtomicUsize>, max: usize) -> impl AsyncBufRead + Send + Unpin {
    StreamReader::new(body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        let total = arrived.fetch_add(chunk.len(), Ordering::Relaxed).saturating_add(chunk.len());
        if total > max { Err(io::Error::other("too large")) } else { Ok(chunk) }
    }))
}

fn decoder(
    encoding: Encoding,
    raw: impl AsyncBufRead + Send + Unpin + 'static,
) -> Box<dyn AsyncRead + Send + Unpin> {
    match encoding {
        Encoding::Identity => Box::new(raw),
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(raw);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
        Encoding::Zstd => {
            let mut decoder = ZstdDecoder::with_params(raw, &[DParameter::window_log_max(ZSTD_WINDOW_LOG)]);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};

    use super::*;

    const MAX: usize = 200_000;

    fn intake() -> Intake {
        Intake::new(MAX, 300_000, Duration::from_secs(5))
    }

    fn encoded(name: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_ENCODING, name.parse().unwrap())])
    }

    async fn compress(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        match encoding {
            Encoding::Identity => packed.extend_from_slice(plain),
            Encoding::Gzip => drop(GzipEncoder::new(plain).read_to_end(&mut packed).await.unwrap()),
            Encoding::Zstd => drop(ZstdEncoder::new(plain).read_to_end(&mut packed).await.unwrap()),
        }
        packed
    }

    #[tokio::test]
    async fn every_encoding_is_read() {
        let plain = "{\"a\":1}".repeat(20_000).into_bytes();
        for (name, encoding) in [
            ("identity", Encoding::Identity),
            ("gzip", Encoding::Gzip),
            ("X-GZIP", Encoding::Gzip),
            ("zstd", Encoding::Zstd),
        ] {
            let body = Body::from(compress(encoding, &plain).await);
            let held = intake().read(&encoded(name), body).await.unwrap();
            assert!(held.bytes == plain, "{name}");
        }
        assert_eq!(intake().read(&HeaderMap::new(), Body::empty()).await.unwrap().bytes, "");
    }

    #[tokio::test]
    async fn other_encodings_and_stacked_ones_are_refused() {
        for name in ["br", "gzip, zstd"] {
            let refusal = intake().read(&encoded(name), Body::empty()).await.unwrap_err();
            assert_eq!(refusal, Refusal::UnsupportedEncoding(name.to_owned()));
        }
        let mut twice = encoded("gzip");
        twice.append(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(matches!(intake().read(&twice, Body::empty()).await, Err(Refusal::UnsupportedEncoding(_))));
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_passes_and_a_bomb_does_not() {
        for (name, encoding) in
            [("identity", Encoding::Identity), ("gzip", Encoding::Gzip), ("zstd", Encoding::Zstd)]
        {
            let fits = compress(encoding, &vec![b' '; MAX]).await;
            assert_eq!(intake().read(&encoded(name), fits.into()).await.unwrap().bytes.len(), MAX);
            let bomb = compress(encoding, &vec![b' '; MAX * 100]).await;
            let refusal = intake().read(&encoded(name), bomb.into()).await.unwrap_err();
            assert_eq!(refusal, Refusal::TooLarge(Limit::body(MAX)), "{name}");
        }
    }

    #[tokio::test]
    async fn compressed_bytes_that_yield_nothing_are_limited_too() {
        let empty = compress(Encoding::Gzip, b"").await;
        let many = empty.repeat(MAX / empty.len() + 2);
        let refusal = intake().read(&encoded("gzip"), many.into()).await.unwrap_err();
        assert_eq!(refusal, Refusal::TooLarge(Limit::body(MAX)));
    }

    #[tokio::test]
    async fn a_declared_length_over_the_limit_is_refused_unread() {
        let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, "200001".parse().unwrap())]);
        let endless = Body::from_stream(futures::stream::pending::<io::Result<Bytes>>());
        let refusal = intake().read(&headers, endless).await.unwrap_err();
        assert_eq!(refusal, Refusal::TooLarge(Limit::body(MAX)));
    }

    #[tokio::test]
    async fn corrupt_and_cut_off_bodies_are_faults() {
        let mut cut = compress(Encoding::Gzip, &[b'x'; 5000]).await;
        cut.truncate(cut.len() - 9);
        for (name, body) in [("gzip", cut), ("gzip", b"{}".to_vec()), ("zstd", b"{}".to_vec())] {
            let refusal = intake().read(&encoded(name), body.into()).await.unwrap_err();
            assert!(matches!(&refusal, Refusal::Invalid(faults) if faults[0].field == "body"), "{refusal:?}");
        }
    }

    #[tokio::test]
    async fn what_is_held_together_is_bounded_and_given_back() {
        let intake = intake();
        let held = intake.held();
        let body = || Body::from(vec![b' '; MAX]);
        let first = intake.read(&HeaderMap::new(), body()).await.unwrap();
        assert_eq!(intake.read(&HeaderMap::new(), body()).await.unwrap_err(), Refusal::Busy);
        assert_eq!(held(), MAX);
        drop(first);
        intake.read(&HeaderMap::new(), body()).await.unwrap();
        assert_eq!(held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let endless = Body::from_stream(futures::stream::pending::<io::Result<Bytes>>());
        assert_eq!(intake().read(&HeaderMap::new(), endless).await.unwrap_err(), Refusal::SlowBody);
    }
}

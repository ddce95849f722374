//! Reading a stranger's body: so many bytes, until then.

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

/// How much is read and how much of it kept.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimits {
    /// Bytes kept.
    pub(crate) keep: usize,
    /// Bytes read; beyond them the connection is dropped instead of pooled.
    pub(crate) read: usize,
    /// When reading stops.
    pub(crate) until: Instant,
}

/// What was read.
pub(crate) struct Body {
    pub(crate) kept: Bytes,
    pub(crate) end: BodyEnd,
}

/// How reading ended.
pub(crate) enum BodyEnd {
    /// The body was whole.
    Complete,
    /// It is longer than what is read.
    TooLong,
    /// Time ran out.
    TimedOut,
    /// The peer closed or broke HTTP.
    Broken(reqwest::Error),
}

/// Reads the body. What is kept is a copy, so that no read buffer stays alive with it.
pub(crate) async fn read(mut response: reqwest::Response, limits: BodyLimits) -> Body {
    let mut kept = BytesMut::new();
    let end = timeout_at(limits.until, drain(&mut response, &mut kept, limits)).await;
    Body { kept: kept.freeze(), end: end.unwrap_or(BodyEnd::TimedOut) }
}

async fn drain(response: &mut reqwest::Response, kept: &mut BytesMut, limits: BodyLimits) -> BodyEnd {
    let mut left = limits.read;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let wanted = chunk.len().min(limits.keep - kept.len());
                kept.extend_from_slice(&chunk[..wanted]);
                match left.checked_sub(chunk.len()) {
                    Some(rest) => left = rest,
                    None => return BodyEnd::TooLong,
                }
            }
            Ok(None) => return BodyEnd::Complete,
            Err(error) => return BodyEnd::Broken(error),
        }
    }
}

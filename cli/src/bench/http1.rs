//! As much HTTP/1.1 as the receiver and the load generator need: both must cost less than what they measure.

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The head of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// A request's method, or nothing.
    pub(super) method: String,
    /// A request's path, or nothing.
    pub(super) path: String,
    /// A response's status, or 0.
    pub(super) status: u16,
    /// Bytes of the head.
    pub(super) length: usize,
    /// Bytes of the body.
    pub(super) body: usize,
}

/// Which side is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// What clients send.
    Request,
    /// What servers answer.
    Response,
}

/// A connection and what was read from it.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) buffer: BytesMut,
    kind: Kind,
}

/// Room for a request and its headers; larger bodies grow it.
const BUFFER: usize = 8 * 1024;
const HEADERS: usize = 32;

impl Connection {
    /// Reads messages of that side.
    pub(super) fn new(stream: TcpStream, kind: Kind) -> Self {
        // Without it answers would wait for company.
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: BytesMut::with_capacity(BUFFER), kind }
    }

    /// The next message, whole in the buffer until [`Self::done`]. None when the other side has closed.
    pub(super) async fn next(&mut self) -> std::io::Result<Option<Head>> {
        loop {
            if let Some(head) = parse(self.kind, &self.buffer)?
                && self.buffer.len() >= head.length + head.body
            {
                return Ok(Some(head));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// A message's body.
    pub(super) fn body(&self, head: &Head) -> &[u8] {
        &self.buffer[head.length..head.length + head.body]
    }

    /// The message is dealt with.
    pub(super) fn done(&mut self, head: &Head) {
        self.buffer.advance(head.length + head.body);
    }
}

fn parse(kind: Kind, bytes: &[u8]) -> std::io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let broken = |error: httparse::Error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
    match kind {
        Kind::Request => {
            let mut request = httparse::Request::new(&mut headers);
            let httparse::Status::Complete(length) = request.parse(bytes).map_err(broken)? else {
                return Ok(None);
            };
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let (method, path) = (text(request.method), text(request.path));
            Ok(Some(Head { method, path, status: 0, length, body: content_length(request.headers) }))
        }
        Kind::Response => {
            let mut response = httparse::Response::new(&mut headers);
            let httparse::Status::Complete(length) = response.parse(bytes).map_err(broken)? else {
                return Ok(None);
            };
            let (status, body) = (response.code.unwrap_or(0), content_length(response.headers));
            Ok(Some(Head { method: String::new(), path: String::new(), status, length, body }))
        }
    }
}

fn content_length(headers: &[httparse::Header<'_>]) -> usize {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let text = header.and_then(|header| std::str::from_utf8(header.value).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let request = b"POST /ok/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(Kind::Request, &request[..40]).unwrap(), None);
        let head = parse(Kind::Request, request).unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.path.as_str(), head.body), ("POST", "/ok/1", 2));
        assert_eq!(head.length + head.body, request.len());
        let answer = parse(Kind::Response, b"HTTP/1.1 202 Accepted\r\n\r\n").unwrap().unwrap();
        assert_eq!((answer.status, answer.body), (202, 0));
        assert!(parse(Kind::Response, b"\x00\x01 nonsense\r\n").is_err());
    }
}

//! What endpoints answer, and what is kept of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::{Outcome, Verdict};
use http::HeaderValue;
use outbound::FetchLimits;
use tokio::io::AsyncWriteExt;

use super::receiver::{OK, Receiver, client, loopback, post, read_request, request};

fn with_body(status: &str, length: usize) -> Vec<u8> {
    let mut response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    response.resize(response.len() + length, b'x');
    response
}

#[tokio::test]
async fn a_post_arrives_as_it_was_given() {
    let seen = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&seen);
    let receiver = Receiver::start(move |mut stream| {
        let sink = Arc::clone(&sink);
        async move {
            let received = read_request(&mut stream).await.unwrap();
            *sink.lock().unwrap() = received;
            stream.write_all(OK).await.unwrap();
        }
    })
    .await;
    let mut call = request(&receiver.url(), Duration::from_secs(5));
    call.body = Bytes::from_static(b"{\"a\":1}");
    call.headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
    call.headers.insert("host", HeaderValue::from_static("evil.example"));
    call.headers.insert("content-length", HeaderValue::from_static("3"));
    call.headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    let exchange = client(&loopback()).post(call).await;
    assert_eq!(exchange.outcome, Outcome::Answered { status: 200, retry_after: None });
    let seen = seen.lock().unwrap();
    assert!(seen.starts_with("post /hook http/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"a\":1}"), "{seen}");
    for header in
        [format!("host: {}", receiver.address), "webhook-id: msg_1".into(), "content-length: 7".into()]
    {
        assert_eq!(seen.matches(&header).count(), 1, "{header} in {seen}");
    }
    assert!(seen.contains("user-agent: postbode/"), "{seen}");
    assert!(
        !seen.contains("evil") && !seen.contains("chunked") && !seen.contains("accept-encoding"),
        "{seen}"
    );
}

#[tokio::test]
async fn phases_add_up_and_tell_a_new_connection() {
    let receiver = Receiver::answering(OK).await;
    let exchange = post(&client(&loopback()), &receiver.url()).await;
    let phases = exchange.phases;
    assert_eq!(exchange.connection_reused, Some(false));
    assert_eq!((phases.dns, phases.tls), (None, None), "a literal in clear text has neither");
    let parts = phases.connect.unwrap() + phases.first_byte.unwrap() + phases.body.unwrap();
    assert!(parts <= phases.total, "{phases:?}");
}

#[tokio::test]
async fn statuses_are_told_apart() {
    for (status, class) in [
        ("200 OK", "success"),
        ("201 Created", "success"),
        ("204 No Content", "success"),
        ("304 Not Modified", "redirect"),
        ("404 Not Found", "client-error"),
        ("410 Gone", "client-error"),
        ("500 Internal Server Error", "server-error"),
    ] {
        let receiver = Receiver::answering(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(post(&client(&loopback()), &receiver.url()).await.outcome.class(), class, "{status}");
    }
}

#[tokio::test]
async fn little_is_kept_of_a_success_and_more_of_a_failure() {
    for (status, kept) in [("200 OK", 256), ("500 Oops", 4096)] {
        let receiver = Receiver::answering(with_body(status, 10_000)).await;
        let exchange = post(&client(&loopback()), &receiver.url()).await;
        assert_eq!(exchange.response.unwrap().body.len(), kept);
    }
}

#[tokio::test]
async fn a_compressed_body_is_kept_as_it_came() {
    let receiver = Receiver::answering(
        *b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0",
    )
    .await;
    let exchange = post(&client(&loopback()), &receiver.url()).await;
    assert_eq!(exchange.response.unwrap().body.as_ref(), b"\x1f\x8b\x08\0");
}

#[tokio::test]
async fn retry_after_is_heard_in_both_forms() {
    for (asked, waits) in [
        ("120", Some(120)),
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("999999999", Some(86_400)),
        ("later", None),
    ] {
        let head = format!("HTTP/1.1 503 Busy\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(head).await;
        let outcome = post(&client(&loopback()), &receiver.url()).await.outcome;
        let retry_after = waits.map(Duration::from_secs);
        assert_eq!(outcome, Outcome::Answered { status: 503, retry_after }, "{asked}");
        assert_eq!(outcome.verdict(), Verdict::Failed { retry_after, throttled: true });
    }
}

#[tokio::test]
async fn a_fetch_returns_a_small_file_whole_and_refuses_a_larger_one() {
    for (length, class) in [(0, "success"), (4096, "success"), (4097, "protocol")] {
        let receiver = Receiver::answering(with_body("200 OK", length)).await;
        let url = receiver.url().parse().unwrap();
        let exchange = client(&loopback()).fetch(url, FetchLimits::default()).await;
        assert_eq!(exchange.outcome.class(), class, "{length}");
        assert_eq!(exchange.response.unwrap().body.len(), length.min(4096));
    }
    let receiver = Receiver::answering(with_body("404 Not Found", 10_000)).await;
    let exchange = client(&loopback()).fetch(receiver.url().parse().unwrap(), FetchLimits::default()).await;
    assert_eq!(exchange.outcome.status(), Some(404), "what failed may be large");
}

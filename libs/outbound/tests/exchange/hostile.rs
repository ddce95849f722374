//! Endpoints that mean harm: none may hold memory, or an attempt past its time.

use std::time::Duration;

use domain::{Outcome, Phase};
use outbound::FetchLimits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::receiver::{Receiver, client, loopback, post, post_within, read_request};

/// Writes a head, then one piece after the other with a pause between, for ever.
async fn flood(mut stream: TcpStream, head: &str, piece: &[u8], pause: Duration) {
    read_request(&mut stream).await;
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    while stream.write_all(piece).await.is_ok() {
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
}

/// A gigabyte promised; the peak of this process's memory is the kernel's word.
#[tokio::test]
async fn a_gigabyte_of_body_takes_neither_memory_nor_time() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
    let receiver =
        Receiver::start(|stream| async { flood(stream, HEAD, &[b'x'; 65_536], Duration::ZERO).await }).await;
    let client = client(&loopback());
    let before = peak_memory();
    let began = Instant::now();
    for _ in 0..20 {
        let exchange = post(&client, &receiver.url()).await;
        assert_eq!(exchange.outcome.status(), Some(200));
        assert_eq!(exchange.response.unwrap().body.len(), 256);
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    let grown = peak_memory() - before;
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

/// Peak resident set in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_trickled_200_counts_once_its_head_is_here_and_holds_the_attempt_for_a_second_at_most() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let receiver =
        Receiver::start(|stream| async { flood(stream, HEAD, b"x", Duration::from_millis(50)).await }).await;
    let client = client(&loopback());
    let exchange = post(&client, &receiver.url()).await;
    assert_eq!(exchange.outcome.class(), "success");
    assert!(exchange.phases.total < Duration::from_secs(2), "{:?}", exchange.phases);
    assert!(!exchange.response.unwrap().body.is_empty(), "what came is kept");
    let exchange = post_within(&client, &receiver.url(), 200).await;
    assert_eq!(exchange.outcome.class(), "success");
    assert!(exchange.phases.total < Duration::from_millis(900), "the deadline holds for the body too");
    let limits = FetchLimits { timeout: Duration::from_millis(300), ..FetchLimits::default() };
    let fetched = client.fetch(receiver.url().parse().unwrap(), limits).await;
    assert_eq!(fetched.outcome, Outcome::TimedOut(Phase::Body), "a file counts only when it is whole");
}

#[tokio::test]
async fn a_200_whose_body_breaks_off_counts_for_a_post_and_not_for_a_fetch() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await.unwrap();
    })
    .await;
    let client = client(&loopback());
    let posted = post(&client, &receiver.url()).await;
    assert_eq!(posted.outcome.class(), "success");
    assert_eq!(posted.response.unwrap().body.as_ref(), b"abc");
    let fetched = client.fetch(receiver.url().parse().unwrap(), FetchLimits::default()).await;
    assert!(matches!(fetched.outcome, Outcome::ProtocolFailed(_)), "{:?}", fetched.outcome);
}

#[tokio::test]
async fn one_byte_at_a_time_of_a_head_ends_at_the_deadline() {
    let receiver =
        Receiver::start(|stream| async { flood(stream, "", b"H", Duration::from_millis(20)).await }).await;
    let head = Receiver::start(|stream| async {
        flood(stream, "HTTP/1.1 200 OK\r\n", b"x: y\r\n", Duration::from_millis(20)).await;
    })
    .await;
    let exchange = post_within(&client(&loopback()), &head.url(), 500).await;
    assert_eq!(exchange.outcome, Outcome::TimedOut(Phase::FirstByte));
    assert!(exchange.phases.total < Duration::from_secs(2));
    let exchange = post_within(&client(&loopback()), &receiver.url(), 500).await;
    assert_ne!(exchange.outcome.class(), "success");
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    for piece in [&b"x-header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"[..], &[b'a'; 4096]] {
        let receiver = Receiver::start(move |stream| async move {
            flood(stream, "HTTP/1.1 200 OK\r\nx-long: ", piece, Duration::ZERO).await;
        })
        .await;
        let exchange = post(&client(&loopback()), &receiver.url()).await;
        assert!(matches!(exchange.outcome, Outcome::ProtocolFailed(_)), "{:?}", exchange.outcome);
        assert!(exchange.phases.total < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn endless_interim_responses_end_at_the_deadline() {
    let receiver = Receiver::start(|stream| async {
        flood(stream, "", b"HTTP/1.1 103 Early Hints\r\n\r\n", Duration::from_millis(1)).await;
    })
    .await;
    let exchange = post_within(&client(&loopback()), &receiver.url(), 300).await;
    assert_eq!(exchange.outcome, Outcome::TimedOut(Phase::FirstByte));
}

#[tokio::test]
async fn garbage_and_silence_are_protocol_failures() {
    for answer in ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "\0\x01\x02\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", ""] {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let exchange = post(&client(&loopback()), &receiver.url()).await;
        let Outcome::ProtocolFailed(why) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
        assert!(!why.is_empty() && !why.contains("127.0.0.1"), "{why}");
    }
}

#[tokio::test]
async fn a_reset_is_a_connection_failure() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let exchange = post(&client(&loopback()), &receiver.url()).await;
    assert_eq!(exchange.outcome, Outcome::ConnectFailed("the connection was reset".into()));
}

//! Connections are used again, and counted.

use std::time::Duration;

use outbound::ConnectionStats;
use tokio::io::AsyncWriteExt;

use super::receiver::{OK, Receiver, ScriptedDns, client, client_asking, loopback, post, read_request};

#[tokio::test]
async fn a_second_post_takes_the_first_ones_connection() {
    let receiver = Receiver::answering(OK).await;
    let client = client(&loopback());
    let first = post(&client, &receiver.url()).await;
    let second = post(&client.clone(), &receiver.url()).await;
    assert_eq!((first.connection_reused, second.connection_reused), (Some(false), Some(true)));
    assert_eq!(second.phases.connect, None);
    assert!(second.phases.first_byte.is_some());
    assert_eq!(receiver.accepted(), 1);
    assert_eq!(client.connections(), ConnectionStats { opened: 1, failed: 0, reused: 1 });
}

#[tokio::test]
async fn failures_with_a_moderate_body_keep_their_connection_too() {
    let mut response = b"HTTP/1.1 500 Oops\r\nContent-Length: 60000\r\n\r\n".to_vec();
    response.resize(response.len() + 60_000, b'x');
    let receiver = Receiver::answering(response).await;
    let client = client(&loopback());
    for _ in 0..3 {
        assert_eq!(post(&client, &receiver.url()).await.outcome.status(), Some(500));
    }
    assert_eq!(receiver.accepted(), 1);
}

#[tokio::test]
async fn a_pooled_connection_asks_no_name_server() {
    let receiver = Receiver::answering(OK).await;
    let dns = ScriptedDns::answering(&[&["127.0.0.1"]]);
    let client = client_asking(&loopback(), dns.clone());
    let url = format!("http://hooks.example.com:{}/", receiver.address.port());
    let first = post(&client, &url).await;
    assert!(first.phases.dns.is_some());
    assert_eq!(post(&client, &url).await.phases.dns, None);
    assert_eq!(dns.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_peer_that_closes_after_each_answer_gets_a_new_connection_each_time() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    })
    .await;
    let client = client(&loopback());
    for _ in 0..3 {
        let exchange = post(&client, &receiver.url()).await;
        assert_eq!((exchange.outcome.status(), exchange.connection_reused), (Some(200), Some(false)));
    }
    assert_eq!(client.connections().opened, 3);
}

#[tokio::test]
async fn a_hundred_posts_at_once_all_arrive_and_later_ones_find_connections() {
    let receiver = Receiver::answering(OK).await;
    let client = client(&loopback());
    for round in 0..2 {
        let url = receiver.url();
        let posts = (0..100).map(|_| post(&client, &url));
        let exchanges = futures::future::join_all(posts).await;
        assert!(exchanges.iter().all(|exchange| exchange.outcome.status() == Some(200)));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(client.connections().opened <= 100, "round {round}: {:?}", client.connections());
    }
}

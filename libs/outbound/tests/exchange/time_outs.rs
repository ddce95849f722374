//! Names, connections and heads that do not come, or not in time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use domain::{Outcome, Phase};
use futures::future::BoxFuture;
use outbound::{LookupError, Outbound, OutboundSettings, Resolver};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;

use super::receiver::{
    FixedClock, Receiver, ScriptedDns, client, client_asking, loopback, post, post_within, read_request,
};

#[tokio::test]
async fn a_refused_connection_says_so() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let client = client(&loopback());
    let exchange = post(&client, &url).await;
    assert_eq!(exchange.outcome, Outcome::ConnectFailed("the connection was refused".into()));
    assert_eq!(exchange.connection_reused, None);
    assert_eq!((client.connections().opened, client.connections().failed), (0, 1));
}

#[tokio::test]
async fn a_slow_head_is_told_from_a_slow_connection() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let exchange = post_within(&client(&loopback()), &receiver.url(), 200).await;
    assert_eq!(exchange.outcome, Outcome::TimedOut(Phase::FirstByte));
    assert_eq!(exchange.connection_reused, Some(false));
    assert!(exchange.phases.connect.is_some());
    assert!(exchange.phases.total < Duration::from_secs(2));
}

/// A listener whose queue is full: the kernel answers no further handshake.
struct FullQueue {
    url: String,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl FullQueue {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            queued.push(stream.unwrap());
        }
        Self { url: format!("http://{address}/"), _listener: listener, _queued: queued }
    }
}

#[tokio::test]
async fn a_connection_that_does_not_come_ends_at_the_connect_timeout() {
    let full = FullQueue::new().await;
    let settings = OutboundSettings { connect_timeout: Duration::from_millis(200), ..loopback() };
    let exchange = post(&client(&settings), &full.url).await;
    assert_eq!(exchange.outcome, Outcome::TimedOut(Phase::Connect));
    assert!(exchange.phases.total < Duration::from_secs(2));
    let exchange = post_within(&client(&loopback()), &full.url, 200).await;
    assert_eq!(
        exchange.outcome,
        Outcome::TimedOut(Phase::Connect),
        "the attempt's own deadline may come first"
    );
}

/// Name servers that never answer.
struct DeafDns;

impl Resolver for DeafDns {
    fn lookup(&self, _: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn name_servers_that_do_not_answer_are_told_from_names_that_do_not_exist() {
    let settings =
        OutboundSettings { connect_timeout: Duration::from_millis(200), ..OutboundSettings::default() };
    let deaf = Outbound::with_resolver(&settings, Arc::new(FixedClock), Arc::new(DeafDns)).unwrap();
    let url = "https://hooks.example.com/";
    assert_eq!(post(&deaf, url).await.outcome, Outcome::TimedOut(Phase::Dns));
    assert_eq!(post_within(&deaf, url, 50).await.outcome, Outcome::TimedOut(Phase::Dns));

    for (error, outcome) in [
        (LookupError::NotFound, Outcome::DnsFailed("no such host".into())),
        (LookupError::TimedOut, Outcome::TimedOut(Phase::Dns)),
        (LookupError::Failed("SERVFAIL".into()), Outcome::DnsFailed("SERVFAIL".into())),
    ] {
        let client = client_asking(&OutboundSettings::default(), ScriptedDns::failing(error));
        assert_eq!(post(&client, url).await.outcome, outcome);
    }
    let nowhere = client_asking(&OutboundSettings::default(), ScriptedDns::answering(&[&[]]));
    assert_eq!(post(&nowhere, url).await.outcome, Outcome::DnsFailed("no such host".into()));
}

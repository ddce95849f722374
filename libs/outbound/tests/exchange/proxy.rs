//! The egress proxy: only the configured one, and it is not a way around the policy.

use std::sync::{Arc, Mutex};

use domain::Outcome;
use outbound::OutboundSettings;
use tokio::io::AsyncWriteExt;

use super::receiver::{OK, Receiver, ScriptedDns, client, client_asking, loopback, post, read_request};

#[tokio::test]
async fn names_go_to_the_proxy_unresolved_and_denied_literals_go_nowhere() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let proxy = Receiver::start(move |mut stream| {
        let sink = Arc::clone(&sink);
        async move {
            while let Some(received) = read_request(&mut stream).await {
                sink.lock().unwrap().push(received.lines().next().unwrap().to_owned());
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let dns = ScriptedDns::default();
    let proxy_url = Some(format!("http://{}", proxy.address).parse().unwrap());
    let client =
        client_asking(&OutboundSettings { proxy: proxy_url, ..OutboundSettings::default() }, dns.clone());

    assert_eq!(post(&client, "http://hooks.example.com/a").await.outcome.status(), Some(200));
    for url in [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "https://[::1]/",
        "http://localhost/",
        "http://kafka.ns.svc/",
    ] {
        let exchange = post(&client, url).await;
        assert!(matches!(exchange.outcome, Outcome::Denied(_)), "{url}: {:?}", exchange.outcome);
    }
    assert_eq!(*seen.lock().unwrap(), ["post http://hooks.example.com/a http/1.1"]);
    assert!(dns.asked.lock().unwrap().is_empty());
}

/// The environment of a running test cannot be changed safely, so the test runs itself again with one, and then does what
/// this variable asks for.
const CHILD: &str = "POSTBODE_TEST_URL";

#[tokio::test]
async fn proxies_named_by_the_environment_are_ignored() {
    const TEST: &str = "proxy::proxies_named_by_the_environment_are_ignored";
    #[expect(clippy::disallowed_methods, reason = "the environment is this test's subject")]
    if let Ok(url) = std::env::var(CHILD) {
        assert_eq!(post(&client(&loopback()), &url).await.outcome.status(), Some(200));
        return;
    }
    let proxy = Receiver::answering(OK).await;
    let receiver = Receiver::answering(OK).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", TEST]).env(CHILD, receiver.url());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, format!("http://{}", proxy.address));
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = child.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((proxy.accepted(), receiver.accepted()), (0, 1));
}
